"""The next day as it usually is: the cases that arrive, for the null of its looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy import int64
from numpy.random import Generator

from detection.emerging.facts import Source
from detection.emerging.settings import Settings
from detection.emerging.snapshots import Snapshot
from detection.emerging.strata import Stratum, day_kind
from detection.emerging.tables import Table
from detection.scan.counts import Ints


class _Arrival(NamedTuple):
    stratum: Stratum
    day: int
    cases: int


def next_day(
    snapshot: Snapshot, table: Table, settings: Settings, rng: Generator
) -> tuple[Table, Ints]:
    """Return the cases at the end of a usual next day, and how many of them arrive on it (K, W).

    Of each source the cases arrive that its incomplete days still miss, and those of the day itself: as many
    as the mean of its days of that kind, at places of its cases of the study period.
    """
    arrivals = list(_arrivals(snapshot, table, settings))
    strata = tuple(dict.fromkeys((*table.strata, *(each.stratum for each in arrivals))))
    later = replace(table, strata=strata)
    arriving = np.zeros((len(strata), settings.window_days), dtype=int64)
    for each in arrivals:
        number = strata.index(each.stratum)
        arriving[number, snapshot.as_of + 1 - each.day] += each.cases
        places = rng.choice(table.site[_of_source(table, each.stratum.source)], each.cases)
        later = replace(
            later,
            site=np.concatenate((later.site, places)),
            stratum=np.concatenate((later.stratum, np.full(each.cases, number))),
            day=np.concatenate((later.day, np.full(each.cases, each.day))),
        )
    return later, arriving


def _arrivals(snapshot: Snapshot, table: Table, settings: Settings) -> Iterator[_Arrival]:
    tomorrow = snapshot.as_of + 1
    for source in sorted({stratum.source for stratum in table.strata}):
        complete = min(snapshot.complete.get(source, snapshot.as_of), snapshot.as_of)
        days = table.day[_of_source(table, source)]
        usual = _usual(days[days <= complete] if (days <= complete).any() else days)
        first = max(complete + 1, tomorrow - settings.window_days + 1)
        for day in range(first, tomorrow + 1):
            missing = usual[day_kind(day)] - int((days == day).sum())
            if missing > 0:
                yield _Arrival(Stratum(source, day_kind(day)), day, missing)


def _usual(days: Ints) -> list[int]:
    """Return the mean number of cases on a day of each kind, of the days that have cases."""
    by_day, numbers = np.unique(days, return_counts=True)
    kinds = np.array([day_kind(day) for day in by_day.tolist()])
    every = numbers.mean()
    means = [numbers[kinds == kind].mean() if (kinds == kind).any() else every for kind in range(8)]
    return [round(float(mean)) for mean in means]


def _of_source(table: Table, source: Source) -> Ints:
    strata = [n for n, stratum in enumerate(table.strata) if stratum.source == source]
    return np.flatnonzero(np.isin(table.stratum, strata))
