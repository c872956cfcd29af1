"""Detectors of a comparison: alarms, days to detection, and the threshold at a rate of false alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from numpy import bool_, float64, int64
from numpy.typing import NDArray

LEAST_PLANTED = 2
"""An alarm finds a planted cluster if it has so many of its cases."""

YEAR_DAYS = 365.25


class Alarm(NamedTuple):
    """An alarm at the end of a day since 1970-01-01, and the indices of the cases that it is about."""

    day: int
    members: NDArray[int64]


class Cases(NamedTuple):
    """Cases at points (n, 2) in metres, on days (n,) since 1970-01-01."""

    points: NDArray[float64]
    days: NDArray[int64]


def first_detection(
    alarms: Iterable[Alarm], days: NDArray[int64], planted: NDArray[bool_]
) -> int | None:
    """Return the day of the planted cluster on which it was detected: 1 is the day of its first case.

    `planted` (n,) marks the cases of the cluster. Return None if no alarm detects it.
    """
    first = int(days[planted].min())
    found = [
        alarm.day
        for alarm in alarms
        if alarm.day >= first and planted[alarm.members].sum() >= LEAST_PLANTED
    ]
    return min(found) - first + 1 if found else None


def alarms_a_year(
    alarms_of: Callable[[Cases], Sequence[Alarm]], null_sets: Sequence[Cases], start: int
) -> float:
    """Return the alarms a year by chance in sets without a cluster, from the day `start` on."""
    found = sum(alarm.day >= start for cases in null_sets for alarm in alarms_of(cases))
    watched = sum(int(cases.days.max()) - start + 1 for cases in null_sets)
    return found * YEAR_DAYS / watched


def threshold_at(
    rate: float,
    alarms_of: Callable[[Cases, float], Sequence[Alarm]],
    null_sets: Sequence[Cases],
    start: int,
    most: float,
    steps: int = 20,
) -> float:
    """Return the smallest threshold up to `most` with at most `rate` alarms a year by chance."""
    low, high = 0.0, most
    for _ in range(steps):
        middle = (low + high) / 2
        if alarms_a_year(lambda cases, at=middle: alarms_of(cases, at), null_sets, start) <= rate:  # type: ignore[misc]
            high = middle
        else:
            low = middle
    return high
