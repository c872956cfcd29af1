"""The tally of one series: its counts by site, stratum and day, which change in place with each case."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np
from numpy import bool_, int64
from numpy.typing import NDArray

from detection.emerging.bounds import Rates
from detection.emerging.facts import Case, Source, Stream
from detection.emerging.screen import Screen, roll
from detection.emerging.settings import Settings
from detection.emerging.sites import Floats, Point, Sites
from detection.emerging.strata import KINDS, Stratum, day_kind, merged
from detection.scan.counts import Counts, Ints

_START: Final = 64
_STRATA: Final = 8
_TOO_LOW: Final = 2.5
_NONE: Final = np.zeros(0, dtype=int64)


class Tally:
    """The counts of cases up to `today`.

    Shapes as in `Counts`, with room to grow; `recent` and `by_lag` are transposed, the as-of day first.
    `total` is the number of cases, `empty` that of sites without a case, `sources` are those of the strata,
    in which days are of so many `kinds`.
    """

    def __init__(self, settings: Settings, today: int, kinds: int = KINDS) -> None:
        self.today = today
        self.kinds = kinds
        self.total = 0
        self.empty = 0
        self.sites = Sites(settings.radius_m)
        self.sources: set[Source] = set()
        self._window = settings.window_days
        self._strata: dict[Stratum, int] = {}
        self._stratum_of: dict[tuple[str, Stream, int], int] = {}
        self._radius = settings.radius_m
        self._screen: Screen | None = None
        self._load: list[int] = []
        self._lags = [0] * self._window
        self._base = np.zeros((_START, _STRATA), dtype=int64)
        self._recent = np.zeros((self._window, _START), dtype=int64)
        self._totals = np.zeros(_STRATA, dtype=int64)
        self._by_lag = np.zeros((self._window, _STRATA), dtype=int64)
        self._known_rates: Rates | None = None
        self._known_by_lag = self._by_lag

    def roll(self, today: int) -> None:
        """Make `today`, which is later, the as-of day: the oldest days leave the window."""
        days = today - self.today
        self.today = today
        roll(self._recent, days)
        roll(self._by_lag, days)
        self._lags = ([0] * days + self._lags)[: self._window]
        if self._screen:
            self._screen.roll(days)
        self._known_rates = None
        self._stratum_of.clear()

    def count(self, case: Case, sign: int) -> None:
        """Add a case (sign 1), or take one out that was added (sign -1)."""
        site = self._site((case.easting, case.northing))
        stratum = self._stratum(case)
        lag: int | None = self.today - case.day
        self._base[site, stratum] += sign
        self._totals[stratum] += sign
        self.total += sign
        self._load[site] += sign
        if self._load[site] == (sign > 0):
            self.empty -= sign
        if lag is not None and lag < self._window:
            self._recent[lag, site] += sign
            self._by_lag[lag, stratum] += sign
            self._lags[lag] += sign
        else:
            lag = None
        if self._screen:
            self._screen.count(site, stratum, lag, sign)
        if self._known_rates is not None:
            self._check_rates(stratum, lag, sign)

    def centres(self, point: Point, least: float, minimum: int, held: AbstractSet[Source]) -> Ints:
        """Return the sites around which circles with the point may have a likelihood ratio of `least`."""
        site = self.sites.number(point)
        screen = self._screen = self._screen or self._new_screen()
        if site is None or not screen.may_have(site, minimum):
            return _NONE
        return screen.centres(site, self._base[site], self._rates(held), least, minimum)

    def live(self, held: AbstractSet[Source]) -> NDArray[bool_]:
        """Return which sites (S,) have cases of sources that are not held."""
        base = self._base[: len(self.sites), : len(self._strata)]
        return np.asarray((base[:, ~self._held(held)] if held else base).sum(axis=1) > 0)

    def arrived(self, held: AbstractSet[Source]) -> tuple[int, int]:
        """Return the cases of the as-of day, and those of the window, without those of held sources."""
        if not held:
            return self._lags[0], sum(self._lags)
        free = self._by_lag[:, : len(self._strata)][:, ~self._held(held)]
        return int(free[0].sum()), int(free.sum())

    def counts(self, sites: Ints, held: AbstractSet[Source], held_recent: Ints | None) -> Counts:
        """Return the counts of some sites without those of held sources.

        `held_recent` (S, W) are the recent cases of the held sources.
        """
        strata = len(self._strata)
        base = self._base[sites, :strata]
        recent = self._recent[:, sites].T
        by_lag = self._by_lag[:, :strata].T.copy()
        if held_recent is not None:
            is_held = self._held(held)
            base[:, is_held], by_lag[is_held] = 0, 0
            recent = recent - held_recent[sites]
        return Counts(base, recent, by_lag)

    def _new_screen(self) -> Screen:
        """Return the screen of the cases so far. Until the first look there is none: counting is cheaper."""
        size = len(self.sites)
        return Screen.of(self.sites, self._radius, self._recent[:, :size], self._base[:size])

    def _rates(self, held: AbstractSet[Source]) -> Rates:
        """Return the rates; those without held sources may be older than the last few cases."""
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
        recent = self._by_lag[:, :strata].cumsum(axis=0)
        return np.asarray((recent / np.maximum(self._totals[:strata], 1)).T)

    def _check_rates(self, stratum: int, lag: int | None, sign: int) -> None:
        """Forget the rates if they are not a bound any more, or far too low."""
        rates = self._known_rates
        is_bound = rates is not None and stratum < len(rates.by_window) and sign > 0
        known = self._known_by_lag[lag, stratum] if is_bound and lag is not None else 0
        if not known or self._by_lag[lag, stratum] > _TOO_LOW * known:
            self._known_rates = None

    def _held(self, held: AbstractSet[Source]) -> NDArray[bool_]:
        return np.array([stratum.source in held for stratum in self._strata], dtype=bool)

    def _site(self, point: Point) -> int:
        site = self.sites.number(point)
        return self._add_site(point) if site is None else site

    def _add_site(self, point: Point) -> int:
        site = self.sites.add(point)
        if site == len(self._base):
            self._base = _doubled(self._base)
            self._recent = _doubled(self._recent.T).T.copy()
        if self._screen:
            near, squares = self.sites.near(site)
            recent, base = self._recent[:, near].T, self._base[near]
            self._screen.add_site(site, near, squares, recent, base)
        self._load.append(0)
        self.empty += 1
        return site

    def _stratum(self, case: Case) -> int:
        known = case.agency, case.stream, case.day
        number = self._stratum_of.get(known)
        if number is None:
            stratum = Stratum(case.source, merged(day_kind(case.day), self.kinds))
            number = self._stratum_of[known] = self._number(stratum)
        return number

    def _number(self, stratum: Stratum) -> int:
        number = self._strata.setdefault(stratum, len(self._strata))
        self.sources.add(stratum.source)
        if number == len(self._totals):
            self._totals = _doubled(self._totals)
            self._base = _doubled(self._base.T).T.copy()
            self._by_lag = _doubled(self._by_lag.T).T.copy()
            if self._screen:
                self._screen.widen()
        return number


def _doubled(array: Ints) -> Ints:
    return np.concatenate((array, np.zeros_like(array)))
