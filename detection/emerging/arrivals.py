"""One day as it usually is: the cases that arrive on it, for the null of its looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy import int64
from numpy.random import Generator

from detection.emerging.facts import Source
from detection.emerging.settings import Settings
from detection.emerging.snapshots import Snapshot
from detection.emerging.strata import KINDS, Stratum, day_kind
from detection.emerging.tables import Table
from detection.scan.counts import Ints

_DEVIATIONS: Final = 1.5
_MORE: Final = 0.5


class _Arrival(NamedTuple):
    """Cases of one day that arrive, and how many of them are not in the snapshot."""

    stratum: Stratum
    day: int
    cases: int
    missing: int


def whole_day(
    snapshot: Snapshot, table: Table, today: int, settings: Settings, rng: Generator
) -> tuple[Table, Ints]:
    """Return the cases at the end of the day `today`, and how many of them arrive on it (K, W).

    `today` is the as-of day of the snapshot or the day after. Of each source those cases arrive that its
    incomplete days still miss, and those of the day itself, at places of its cases of the study period. They
    are as many as on a busy day of that kind, and half as many again as there are already: more cases give
    higher ratios by chance too, and a null must not be of fewer than there are.
    """
    arrivals = list(_arrivals(snapshot, table, today, settings))
    strata = tuple(dict.fromkeys((*table.strata, *(each.stratum for each in arrivals))))
    later = replace(table, strata=strata)
    arriving = np.zeros((len(strata), settings.window_days), dtype=int64)
    for each in arrivals:
        number = strata.index(each.stratum)
        arriving[number, today - each.day] += each.cases
        places = rng.choice(table.site[_of_source(table, each.stratum.source)], each.missing)
        later = replace(
            later,
            site=np.concatenate((later.site, places)),
            stratum=np.concatenate((later.stratum, np.full(each.missing, number))),
            day=np.concatenate((later.day, np.full(each.missing, each.day))),
        )
    return later, arriving


def _arrivals(
    snapshot: Snapshot, table: Table, today: int, settings: Settings
) -> Iterator[_Arrival]:
    for source in sorted({stratum.source for stratum in table.strata}):
        complete = min(snapshot.complete.get(source, today - 1), today - 1)
        days = table.day[_of_source(table, source)]
        usual = _usual(days[days <= complete] if (days <= complete).any() else days)
        first = max(complete + 1, today - settings.window_days + 1)
        for day in range(first, today + 1):
            present = int((days == day).sum())
            more = ceil(_MORE * present) + 1 if present else 0
            missing = max(usual[day_kind(day)] - present, more)
            arrived = present if day == today else 0
            yield _Arrival(table.stratum_of(source, day), day, arrived + missing, missing)


def _usual(days: Ints) -> list[int]:
    """Return the number of cases on a busy day of each kind, of the days that have cases."""
    by_day, numbers = np.unique(days, return_counts=True)
    kinds = np.array([day_kind(day) for day in by_day.tolist()])
    every = numbers.mean()
    means = [
        numbers[kinds == kind].mean() if (kinds == kind).any() else every for kind in range(KINDS)
    ]
    return [ceil(float(mean) + _DEVIATIONS * sqrt(float(mean))) for mean in means]


def _of_source(table: Table, source: Source) -> Ints:
    strata = [n for n, stratum in enumerate(table.strata) if stratum.source == source]
    return np.flatnonzero(np.isin(table.stratum, strata))
