"""The screen of a replicate: the few circles that can have the largest likelihood ratio."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from detection.scan.counts import Ints
from detection.scan.lanes import Lanes
from detection.scan.statistic import llr
from detection.scan.zones import Zones

_SLACK: Final = 1e-9  # for rounding, so that the screen never rejects the largest
_HALVINGS: Final = 60
_CHANCE: Final = 60.0  # a count above `most_cases` has a probability below e ** -60


@dataclass(frozen=True, slots=True)
class Screen:
    """The tests of all circles: `limits` (V, N) as of `Lanes.limits`."""

    zones: Zones
    lanes: Lanes
    limits: Ints

    def passing(self, cells: Ints) -> tuple[Ints, Ints, Ints]:
        """Return the replicate, circle and counts (P,), (P,), (P, T) of those that pass any test.

        `cells` (V, B, S) are the packed counts of the sites in B replicates.
        """
        sums = [
            _circle_sums(word, self.zones, limits)
            for word, limits in zip(cells, self.limits, strict=True)
        ]
        guards = self.lanes.guards
        is_high = sums[0] & guards
        for other in sums[1:]:
            is_high |= other & guards
        replicates, circles = np.nonzero(is_high != 0)
        words = np.stack([each[replicates, circles] for each in sums])
        return replicates, circles, self.lanes.unpack(words - self.limits[:, circles])


def least_counts(
    expected: NDArray[float64], floor: float, total: float, minimum: int, most: int
) -> Ints:
    """Return the smallest count (N, T), at least `minimum`, whose likelihood ratio can reach the floor."""
    cases = np.arange(minimum, max(most, minimum) + 1, dtype=float64)
    return minimum + np.searchsorted(_largest_means(cases, floor, total), expected)


def most_cases(means: NDArray[float64], certain: int) -> int:
    """Return a number of cases that no circle exceeds: the certain one, or by Bernstein's inequality."""
    mean = float(means.max(initial=0.0))
    chance = _CHANCE + log(means.size + 1)
    return min(certain, int(mean + (2 * mean * chance) ** 0.5 + 2 * chance / 3) + 1)


def _largest_means(cases: NDArray[float64], floor: float, total: float) -> NDArray[float64]:
    """Return, for each count, the largest expected number whose likelihood ratio reaches the floor."""
    low, high = np.zeros(len(cases)), cases.copy()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        reaches = llr(cases, middle, max(total, cases[-1])) >= floor
        low, high = np.where(reaches, middle, low), np.where(reaches, high, middle)
    return high * (1 + _SLACK)


def _circle_sums(cells: Ints, zones: Zones, limits: Ints) -> Ints:
    """Return the sums (B, N) over the sites of each circle of words per site (B, S), plus the limits (N,)."""
    sums = np.take(cells, zones.sites, axis=1, mode="clip")
    if not sums.size:
        return sums
    np.cumsum(sums, axis=1, out=sums)
    before = np.take(sums, zones.starts[:-1] - 1, axis=1, mode="clip")
    before[:, zones.starts[:-1] == 0] = 0
    sums -= np.take(before, zones.centres, axis=1, mode="clip")
    sums += limits
    return sums
