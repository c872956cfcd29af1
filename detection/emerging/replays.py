"""The cases of one series over its history, their permutation, and the nulls of its evaluations and looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy import int64
from numpy.random import Generator
from numpy.typing import NDArray

from detection.emerging.facts import Case, SeriesKey
from detection.emerging.settings import Settings
from detection.emerging.strata import Stratum, day_kind
from detection.scan.counts import Counts
from detection.scan.p_values import Null
from detection.scan.replicates import look_maxima, replicate_maxima
from detection.scan.zones import Zones, build_zones, limit_share

Ints = NDArray[int64]

_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class History:
    """The counted cases of one series, in the order of their days.

    Shapes: S sites, N cases. `points` (S, 2) are easting and northing in metres; `site`, `stratum` and `day`
    (N,) are those of each case. `strata` is the number of strata.
    """

    series: SeriesKey
    points: Ints
    site: Ints
    stratum: Ints
    day: Ints
    strata: int

    @classmethod
    def of(cls, series: SeriesKey, cases: Sequence[Case]) -> History:
        """Return the history of cases that are counted: one of each event."""
        places = np.array([(case.easting, case.northing) for case in cases], dtype=int64)
        points, site = np.unique(places.reshape(-1, 2), axis=0, return_inverse=True)
        days = np.array([case.day for case in cases], dtype=int64)
        strata = [Stratum(case.source, day_kind(case.day)) for case in cases]
        numbers = {stratum: number for number, stratum in enumerate(sorted(set(strata)))}
        stratum = np.array([numbers[each] for each in strata], dtype=int64)
        order = np.argsort(days, kind="stable")
        site = site.reshape(-1).astype(int64)
        return cls(series, points, site[order], stratum[order], days[order], len(numbers))

    def between(self, first: int, last: int) -> slice:
        """Return the places of the cases of some days."""
        begin, end = np.searchsorted(self.day, (first, last + 1))
        return slice(int(begin), int(end))

    def counts(self, as_of: int, settings: Settings, *, is_morning: bool = False) -> Counts:
        """Return the counts as of a day; in the morning none of its cases has arrived."""
        study = self.between(as_of - settings.study_days + 1, as_of - is_morning)
        window = self.between(as_of - settings.window_days + 1, as_of - is_morning)
        shape = len(self.points), self.strata
        lag = as_of - self.day[window]
        days = settings.window_days
        return Counts(
            _table(self.site[study], self.stratum[study], shape),
            _table(self.site[window], lag, (shape[0], days)),
            _table(self.stratum[window], lag, (shape[1], days)),
        )


@dataclass(frozen=True, slots=True)
class TestedSeries:
    """A series that is tested, and its circles."""

    history: History
    zones: Zones


@dataclass(frozen=True, slots=True)
class Tested:
    """The series of a recipient as they are tested for some days; None for those with too few cases."""

    series: Sequence[TestedSeries | None]

    @classmethod
    def of(cls, histories: Sequence[History], as_of: int, settings: Settings) -> Tested:
        """Return the series that have the minimum of cases in the study period before a day."""
        return cls([_tested(history, as_of, settings) for history in histories])

    @property
    def many(self) -> int:
        """Return the number of tests of an evaluation."""
        return sum(each is not None for each in self.series)


@dataclass(frozen=True, slots=True)
class Nulls:
    """The null distributions of the evaluations and of the looks of a series."""

    evaluation: Null
    look: Null


def permuted(history: History, rng: Generator) -> History:
    """Return the history with the days of each stratum permuted among its cases."""
    site = history.site.copy()
    for number in range(history.strata):
        among = np.flatnonzero(history.stratum == number)
        site[among] = rng.permutation(site[among])
    return replace(history, site=site)


def make_nulls(
    tested: TestedSeries, days: Sequence[int], settings: Settings, rng: Generator
) -> Nulls:
    """Return the nulls of some days: those of up to seven of them together, one of each day of the week."""
    some = days[:_WEEK]
    minimum = settings.minimum_cases
    evaluations, looks = [], []
    for number, day in enumerate(some):
        replicates = len(range(number, settings.replicates, len(some)))
        counts = tested.history.counts(day, settings)
        evaluations.append(replicate_maxima(counts, tested.zones, replicates, rng, minimum))
        looks.append(look_maxima(counts, tested.zones, replicates, rng, minimum))
    return Nulls(Null.of(np.concatenate(evaluations)), Null.of(np.concatenate(looks)))


def _tested(history: History, as_of: int, settings: Settings) -> TestedSeries | None:
    counts = history.counts(as_of, settings, is_morning=True)
    if counts.total < settings.minimum_cases:
        return None
    zones = build_zones(history.points, settings.radius_m)
    return TestedSeries(history, limit_share(zones, counts.base.sum(axis=1), settings.share))


def _table(rows: Ints, columns: Ints, shape: tuple[int, int]) -> Ints:
    counts = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1])
    return counts.astype(int64).reshape(shape)
