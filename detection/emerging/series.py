"""One series: its counted cases by day, and their tally, which grows and shrinks in place."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np
from numpy import int64
from numpy.typing import NDArray

from detection.emerging.facts import Case, CaseKey, Source
from detection.emerging.settings import Settings
from detection.emerging.sites import Floats, Point
from detection.emerging.tally import Tally
from detection.scan.counts import Counts, Ints

_MOST_EMPTY: Final = 256
_NOBODY: Final[frozenset[Source]] = frozenset()


class Series:
    """The counted cases of one series, as of `today`.

    Cases of days after it are kept until their day comes, those before the study period are forgotten. Sites
    without cases are forgotten when they are many.
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
        if case.day <= self.today - self._settings.study_days:
            return
        self._compact()
        self._days.setdefault(case.day, {})[case.key] = case
        if case.day <= self.today:
            self._tally.count(case, 1)

    def remove(self, case: Case) -> None:
        """Take out a case that was put, if it is still in the study period."""
        cases = self._days.get(case.day, {})
        if cases.pop(case.key, None) is None:
            return
        if not cases:
            del self._days[case.day]
        if case.day <= self.today:
            self._tally.count(case, -1)

    def advance(self, today: int) -> None:
        """Make `today` the as-of day, if it is later."""
        before = self.today
        if today <= before:
            return
        self._tally.roll(today)
        first_day = today - self._settings.study_days + 1
        for day in [day for day in self._days if day < first_day]:
            self._count(self._days.pop(day), -1 if day <= before else 0)
        for day in [day for day in self._days if before < day <= today]:
            self._count(self._days[day], 1)
        self._compact()

    def may_reach(
        self, point: Point, least: float, minimum: int, held: AbstractSet[Source] = _NOBODY
    ) -> bool:
        return len(self._tally.centres(point, least, minimum, held)) > 0

    def around(
        self, point: Point, held: AbstractSet[Source] = _NOBODY
    ) -> tuple[Counts, Floats, int] | None:
        """Return the counts and points of the sites that share a circle with a point, and its own site.

        All other sites are together the last, far away, so that the totals are those of the series. Return
        None if the point has no case.
        """
        sites = self._tally.sites
        number = sites.number(point)
        live = self._tally.live(held)
        if number is None or not live[number]:
            return None
        is_near = np.zeros(len(sites), dtype=bool)
        is_near[sites.near(number, 2)[0]] = True
        near, others = np.flatnonzero(live & is_near), np.flatnonzero(live & ~is_near)
        held_recent = self._recent_of(held) if held else None
        counts = self._tally.counts(near, held, held_recent)
        rest = self._tally.counts(others, held, held_recent)
        xy = sites.xy()
        far = xy.max(axis=0) + 10 * self._settings.radius_m
        every = Counts(
            _with(counts.base, rest.base), _with(counts.recent, rest.recent), counts.by_lag
        )
        return every, np.vstack((xy[near], far)), int(np.searchsorted(near, number))

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

    def _count(self, cases: dict[CaseKey, Case], sign: int) -> None:
        if sign:
            for case in cases.values():
                self._tally.count(case, sign)

    def _compact(self) -> None:
        """Count all cases again if many sites have none, so that those are forgotten."""
        tally = self._tally
        if tally.empty > max(_MOST_EMPTY, len(tally.sites) // 2):
            self._tally = Tally(self._settings, tally.today)
            for day in [day for day in self._days if day <= self.today]:
                self._count(self._days[day], 1)


def _with(near: Ints, others: Ints) -> Ints:
    return np.vstack((near, others.sum(axis=0)))
