"""The scan of this project as a detector to compare with: one scan at the end of each day.

The strata are the days of the week, and a threshold is a likelihood ratio.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np
from numpy import bool_, int64
from numpy.typing import NDArray

from detection.emerging.settings import Settings
from detection.scan.counts import Counts
from detection.scan.scanning import scan
from detection.scan.zones import Zones, build_zones, limit_share
from tests.benchmarks.rivals import Alarm, Cases, first_detection
from tests.emerging.district import weekday

_SETTINGS: Final = Settings(watches=())
_WEEK: Final = 7


def alarms(cases: Cases, threshold: float, start: int) -> list[Alarm]:
    """Return the alarms from the day `start` on; a cluster that goes on is one alarm, until it has ended."""
    found: list[Alarm] = []
    seen: set[int] = set()
    for alarm, ratio in _clusters(_Frozen(cases), start):
        members = set(alarm.members.tolist())
        if ratio >= threshold:
            if seen.isdisjoint(members):
                found.append(alarm)
            seen |= members
    return found


def days_to_detection(
    cases: Cases, planted: NDArray[bool_], threshold: float, start: int
) -> int | None:
    """Return the day of the planted cluster on which it is detected, or None."""
    hits = [alarm for alarm, ratio in _clusters(_Frozen(cases), start) if ratio >= threshold]
    return first_detection(hits, cases.days, planted)


class _Frozen:
    """Cases that can be the key of a cache: the same object is the same set."""

    def __init__(self, cases: Cases) -> None:
        self.cases = cases

    def __hash__(self) -> int:
        return hash((self.cases.days.tobytes(), self.cases.points.tobytes()))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Frozen)
            and np.array_equal(self.cases.days, other.cases.days)
            and np.array_equal(self.cases.points, other.cases.points)
        )


@lru_cache(maxsize=128)
def _clusters(frozen: _Frozen, start: int) -> tuple[tuple[Alarm, float], ...]:
    """Return the best cluster of each day with its likelihood ratio."""
    return tuple(_of_each_day(frozen.cases, start))


def _of_each_day(cases: Cases, start: int) -> Iterator[tuple[Alarm, float]]:
    points, site = np.unique(cases.points, axis=0, return_inverse=True)
    zones = build_zones(points, _SETTINGS.radius_m)
    for as_of in range(start, int(cases.days.max()) + 1):
        best = _best(cases, site.ravel(), zones, as_of)
        if best is not None:
            yield best


def _best(
    cases: Cases, site: NDArray[int64], zones: Zones, as_of: int
) -> tuple[Alarm, float] | None:
    window, sites = _SETTINGS.window_days, zones.size
    lag = as_of - cases.days
    is_in = (lag >= 0) & (lag < _SETTINGS.study_days)
    is_recent = (lag >= 0) & (lag < window)
    stratum = weekday(cases.days)
    base = np.zeros((sites, _WEEK), int64)
    np.add.at(base, (site[is_in], stratum[is_in]), 1)
    recent = np.zeros((sites, window), int64)
    np.add.at(recent, (site[is_recent], lag[is_recent]), 1)
    by_lag = np.zeros((_WEEK, window), int64)
    np.add.at(by_lag, (stratum[is_recent], lag[is_recent]), 1)
    limited = limit_share(zones, base.sum(axis=1), _SETTINGS.share)
    found = scan(Counts(base, recent, by_lag), limited, _SETTINGS.minimum_cases, 1)
    if not found:
        return None
    is_member = np.isin(site, found[0].sites) & (lag >= 0) & (lag < found[0].window)
    return Alarm(as_of, np.flatnonzero(is_member)), found[0].llr
