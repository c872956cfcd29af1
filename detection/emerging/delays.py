"""Delays: how many days after an event its record usually arrives, learned from what arrived lately.

One arrival is all that arrived on one day. An arrival that is much larger than usual is a bulk upload, or the
burst after an outage, and says nothing about the usual delay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median_low
from typing import Final

Arrivals = Mapping[int, Mapping[int, int]]
"""By the day of arrival: the number of days or records that arrived for the first time, by delay in days."""

LEARNED_DAYS: Final = 90
MOST_DELAY: Final = 60

_LEAST_ARRIVALS: Final = 3
_OLD_ARRIVALS: Final = 8
_USUAL: Final = 5


@dataclass(frozen=True, slots=True)
class Delays:
    """The distribution of the delay. `share[d]` is the share that arrives within `d` days."""

    share: Sequence[float]

    def within(self, days: int) -> float:
        """Return the share that arrives within so many days, 0 for a negative number."""
        return 0.0 if days < 0 else self.share[min(days, len(self.share) - 1)]

    def days_for(self, share: float) -> int:
        """Return the number of days within which at least this share arrives."""
        return next(
            (days for days, arrived in enumerate(self.share) if arrived >= share), MOST_DELAY
        )


def learned(arrivals: Arrivals) -> Delays | None:
    """Return the usual delays, or None if there are fewer than three usual arrivals.

    The arrivals of the last `LEARNED_DAYS` count, of a rare supplier the last eight.
    """
    usual = _usual([arrivals[day] for day in _recent(arrivals)])
    if len(usual) < _LEAST_ARRIVALS:
        return None
    counts = [sum(arrival.get(delay, 0) for arrival in usual) for delay in range(MOST_DELAY + 1)]
    total = sum(counts)
    return Delays([count / total for count in accumulate(counts)])


def recent(arrivals: Arrivals) -> dict[int, dict[int, int]]:
    """Return the arrivals that count still."""
    return {day: dict(arrivals[day]) for day in _recent(arrivals)}


def _recent(arrivals: Arrivals) -> list[int]:
    days = sorted(arrivals)
    old = days[-_OLD_ARRIVALS:]
    return [day for day in days if day in old or day > days[-1] - LEARNED_DAYS]


def _usual(arrivals: Sequence[Mapping[int, int]]) -> list[Mapping[int, int]]:
    if not arrivals:
        return []
    sizes = [sum(arrival.values()) for arrival in arrivals]
    most = _USUAL * max(1, median_low(sizes))
    return [arrival for arrival, size in zip(arrivals, sizes, strict=True) if 0 < size <= most]
