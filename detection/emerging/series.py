"""One series: its counted cases by day, and their tally, which grows and shrinks in place."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np
from numpy import int64
from numpy.typing import NDArray

from detection.emerging.circles import Circles, circles_around
from detection.emerging.facts import Case, CaseKey, Source
from detection.emerging.settings import Settings
from detection.emerging.sites import Point
from detection.emerging.tally import Tally
from detection.scan.counts import Counts, Ints

SPARE_DAYS: Final = 7

_MOST_EMPTY: Final = 256
_NOBODY: Final[frozenset[Source]] = frozenset()


class Series:
    """The counted cases of one series, as of `today`.

    Cases of later days are kept until their day comes, those before the study period for `SPARE_DAYS`, so
    that an evaluation may be of an earlier day. Sites without cases are forgotten when they are many.
    """

    def __init__(self, settings: Settings, today: int) -> None:
        self._settings = settings
        self._days: dict[int, dict[CaseKey, Case]] = {}
        self._tally = Tally(settings, today)

    def __len__(self) -> int:
        """Return the number of cases in the study period."""
        return self._tally.total

    @property
    def today(self) -> int:
        """Return the as-of day."""
        return self._tally.today

    @property
    def first_day(self) -> int:
        """Return the first day of the study period."""
        return self.today - self._settings.study_days + 1

    @property
    def is_empty(self) -> bool:
        """Return True if there is no case, of a later day neither."""
        return not self._days

    def cases(self, first_day: int, last_day: int) -> Iterator[Case]:
        """Return the cases of some days, in order of their days and keys."""
        for day in sorted(day for day in self._days if first_day <= day <= last_day):
            cases = self._days[day]
            yield from (cases[key] for key in sorted(cases))

    def put(self, case: Case) -> None:
        """Count a case that is not counted."""
        if case.day < self.first_day - SPARE_DAYS:
            return
        self._compact()
        self._days.setdefault(case.day, {})[case.key] = case
        if self.first_day <= case.day <= self.today:
            self._tally.count(case, 1)

    def remove(self, case: Case) -> None:
        """Take out a case that was put, if it is not forgotten."""
        cases = self._days.get(case.day, {})
        if cases.pop(case.key, None) is None:
            return
        if not cases:
            del self._days[case.day]
        if self.first_day <= case.day <= self.today:
            self._tally.count(case, -1)

    def advance(self, today: int) -> None:
        """Make `today` the as-of day, if it is later."""
        before, first_before = self.today, self.first_day
        if today <= before:
            return
        self._tally.roll(today)
        first = self.first_day
        new = max(before + 1, first)
        for day in [day for day in self._days if day < first or new <= day <= today]:
            if first_before <= day <= before:
                self._count(day, -1)
            elif day >= first:
                self._count(day, 1)
            if day < first - SPARE_DAYS:
                del self._days[day]
        self._compact()

    def centres(
        self, point: Point, least: float, minimum: int, held: AbstractSet[Source] = _NOBODY
    ) -> Ints:
        """Return the sites around which circles with the point may have a likelihood ratio of `least`.

        The circles have at least `minimum` cases, those of held sources not among them.
        """
        return self._tally.centres(point, least, minimum, held)

    def circles(
        self, point: Point, centres: Ints, held: AbstractSet[Source] = _NOBODY
    ) -> Circles | None:
        """Return the circles around some sites near a point, or None if the point has no case."""
        number = self._tally.sites.number(point)
        live = self._tally.live(held)
        if number is None or not live[number]:
            return None
        held_recent = self._recent_of(held) if held else None

        def count(sites: Ints) -> Counts:
            return self._tally.counts(sites, held, held_recent)

        return circles_around(
            self._tally.sites, number, centres[live[centres]], live, count, self._settings
        )

    @property
    def sources(self) -> AbstractSet[Source]:
        """Return the sources that the cases are of, and perhaps some that they were of."""
        return self._tally.sources

    def counts(self, held: AbstractSet[Source] = _NOBODY) -> tuple[Counts, NDArray[int64]]:
        """Return the counts and the points (S, 2) of all sites."""
        live = np.flatnonzero(self._tally.live(held))
        held_recent = self._recent_of(held) if held else None
        points = self._tally.sites.xy()[live].astype(int64)
        return self._tally.counts(live, held, held_recent), points

    def _recent_of(self, held: AbstractSet[Source]) -> Ints:
        days = self._settings.window_days
        recent = np.zeros((len(self._tally.sites), days), dtype=int64)
        for case in self.cases(self.today - days + 1, self.today):
            site = self._tally.sites.number((case.easting, case.northing))
            if case.source in held and site is not None:
                recent[site, self.today - case.day] += 1
        return recent

    def _count(self, day: int, sign: int) -> None:
        for case in self._days[day].values():
            self._tally.count(case, sign)

    def _compact(self) -> None:
        """Count all cases again if many sites have none, so that those are forgotten."""
        tally = self._tally
        if tally.empty > max(_MOST_EMPTY, len(tally.sites) // 2):
            self._tally = Tally(self._settings, tally.today)
            for day in [day for day in self._days if self.first_day <= day <= self.today]:
                self._count(day, 1)
