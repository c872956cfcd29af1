"""The tally of one series: its counts by site, stratum and day, which change in place with each case."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np
from numpy import bool_, int64
from numpy.typing import NDArray

from detection.emerging.bounds import Rates
from detection.emerging.facts import Case, Source
from detection.emerging.screen import Screen
from detection.emerging.settings import Settings
from detection.emerging.sites import Floats, Point, Sites
from detection.emerging.strata import Stratum, day_kind
from detection.scan.counts import Counts, Ints

_START: Final = 64
_STRATA: Final = 8
_TOO_LOW: Final = 1.5


class Tally:
    """The counts of cases up to `today`.

    Shapes as in `Counts`, with room to grow; the days of the window are in slots, the day modulo W.
    """

    def __init__(self, settings: Settings, today: int) -> None:
        self.today = today
        self.total = 0
        self.empty = 0
        self.sites = Sites(settings.radius_m)
        self._window = settings.window_days
        self._order = (today - np.arange(self._window)) % self._window
        self._strata: dict[Stratum, int] = {}
        self._screen = Screen(settings.radius_m, self._window)
        self._load = np.zeros(_START, dtype=int64)
        self._base = np.zeros((_START, _STRATA), dtype=int64)
        self._recent = np.zeros((_START, self._window), dtype=int64)
        self._totals = np.zeros(_STRATA, dtype=int64)
        self._by_lag = np.zeros((_STRATA, self._window), dtype=int64)
        self._known_rates: Rates | None = None
        self._known_by_lag = self._by_lag

    def roll(self, today: int) -> None:
        """Make `today`, which is later, the as-of day: the oldest days leave the window."""
        new = self._order = (today - np.arange(self._window)) % self._window
        new = new[: today - self.today]
        self.today = today
        self._recent[:, new] = 0
        self._by_lag[:, new] = 0
        self._known_rates = None
        self._screen.clear(new)

    def count(self, case: Case, sign: int) -> None:
        """Add a case (sign 1), or take one out that was added (sign -1)."""
        site = self._site((case.easting, case.northing))
        stratum = self._stratum(Stratum(case.source, day_kind(case.day)))
        self._base[site, stratum] += sign
        self._totals[stratum] += sign
        self.total += sign
        self._fill(site, sign)
        slot = case.day % self._window if self.today - case.day < self._window else None
        if slot is not None:
            self._recent[site, slot] += sign
            self._by_lag[stratum, slot] += sign
        self._screen.count(site, stratum, slot, sign)
        self._check_rates(stratum, slot, sign)

    def is_live(self, point: Point) -> bool:
        """Return True if the point has cases."""
        site = self.sites.number(point)
        return site is not None and bool(self._load[site])

    def centres(self, point: Point, least: float, minimum: int, held: AbstractSet[Source]) -> Ints:
        """Return the sites around which circles with the point may have a likelihood ratio of `least`."""
        site = self.sites.number(point)
        if site is None:
            return np.zeros(0, dtype=int64)
        return self._screen.centres(
            site, self._base[site], self._order, self._rates(held), least, minimum
        )

    @property
    def sources(self) -> set[Source]:
        """Return the sources of the strata."""
        return {stratum.source for stratum in self._strata}

    def live(self, held: AbstractSet[Source]) -> NDArray[bool_]:
        """Return which sites (S,) have cases of sources that are not held."""
        size = len(self.sites)
        if not held:
            return np.asarray(self._load[:size] > 0)
        free = self._base[:size, : len(self._strata)][:, ~self._held(held)]
        return np.asarray(free.sum(axis=1) > 0)

    def counts(self, sites: Ints, held: AbstractSet[Source], held_recent: Ints | None) -> Counts:
        """Return the counts of some sites without those of held sources.

        `held_recent` (S, W) are the recent cases of the held sources.
        """
        strata = len(self._strata)
        base = self._base[sites, :strata]
        recent = self._recent[sites].take(self._order, axis=1)
        by_lag = self._by_lag[:strata].take(self._order, axis=1)
        if held_recent is not None:
            is_held = self._held(held)
            base[:, is_held], by_lag[is_held] = 0, 0
            recent -= held_recent[sites]
        return Counts(base, recent, by_lag)

    def _rates(self, held: AbstractSet[Source]) -> Rates:
        """Return the rates; those without held sources are not older than a few cases."""
        if held:
            is_held = self._held(held)
            rates = self._shares()
            rates[is_held] = 0
            return Rates.of(rates, int(self._totals[: len(is_held)][~is_held].sum()))
        if self._known_rates is None:
            self._known_rates = Rates.of(self._shares(), self.total)
            self._known_by_lag = self._by_lag.copy()
        return self._known_rates

    def _shares(self) -> Floats:
        strata = len(self._strata)
        recent = self._by_lag[:strata].take(self._order, axis=1).cumsum(axis=1)
        return np.asarray(recent / np.maximum(self._totals[:strata], 1)[:, None])

    def _check_rates(self, stratum: int, slot: int | None, sign: int) -> None:
        """Forget the rates if they are not a bound any more, or far too low."""
        rates = self._known_rates
        if rates is None:
            return
        if sign < 0 or slot is None or stratum >= len(rates.by_window):
            self._known_rates = None
            return
        known = self._known_by_lag[stratum, slot]
        if self._by_lag[stratum, slot] > _TOO_LOW * known:
            self._known_rates = None

    def _held(self, held: AbstractSet[Source]) -> NDArray[bool_]:
        return np.array([stratum.source in held for stratum in self._strata], dtype=bool)

    def _fill(self, site: int, sign: int) -> None:
        load = self._load[site] = self._load[site] + sign
        if load == (sign > 0):
            self.empty -= sign

    def _site(self, point: Point) -> int:
        site = self.sites.number(point)
        return self._add_site(point) if site is None else site

    def _add_site(self, point: Point) -> int:
        site = self.sites.add(point)
        if site == len(self._load):
            self._grow()
        near, squares = self.sites.near(site)
        self._screen.add_site(site, near, squares, self._recent[near], self._base[near])
        self.empty += 1
        return site

    def _grow(self) -> None:
        self._load = _doubled(self._load)
        self._base = _doubled(self._base)
        self._recent = _doubled(self._recent)

    def _stratum(self, stratum: Stratum) -> int:
        number = self._strata.get(stratum)
        if number is not None:
            return number
        number = self._strata[stratum] = len(self._strata)
        if number == len(self._totals):
            self._totals = _doubled(self._totals)
            self._by_lag = _doubled(self._by_lag)
            self._base = _doubled(self._base.T).T.copy()
            self._screen.widen()
        return number


def _doubled(array: Ints) -> Ints:
    return np.concatenate((array, np.zeros_like(array)))
