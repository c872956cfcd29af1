"""The order in which the cases of a day arrive, and what is expected after each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from detection.scan.counts import Counts, Ints

_RATIO: Final = 1.5  # of what is expected at the end of a test and at its beginning


@dataclass(frozen=True, slots=True)
class Test:
    """A window, and the part of the day after the arrivals `first` to `last`."""

    window: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The A arrivals of a day among the M cases in the window.

    - `moments` (M,): 1 to A for the cases that arrive, 0 for those that were there before.
    - `lags`, `strata` (M,): those of the cases.
    - `shares` (A + 1, K, W): the share of the cases of a stratum that are in the window after each arrival.
    """

    moments: Ints
    lags: Ints
    strata: Ints
    shares: NDArray[float64]

    @classmethod
    def of(cls, counts: Counts, arriving: Ints, strata: Ints, lags: Ints) -> Arrivals:
        """Return the arrivals in an order that mixes strata and lags evenly.

        `strata` and `lags` (M,) are those of the cases, sorted; `arriving` (K, W) of them arrive.
        """
        moments = _moments(counts.by_lag, arriving)
        windows = counts.by_lag.shape[1]
        totals = np.maximum(counts.base.sum(axis=0), 1)
        steps = np.zeros((int(moments.max(initial=0)) + 1, len(totals), windows))
        np.add.at(steps, (moments, strata, lags), 1)
        shares = steps.cumsum(axis=0).cumsum(axis=2) / totals[:, None]
        return cls(moments, lags, strata, shares)

    @property
    def size(self) -> int:
        """Return the number of arrivals."""
        return len(self.shares) - 1

    def tests(self) -> list[Test]:
        """Return tests of all windows and arrivals, in each of which what is expected changes little."""
        overall = self.shares.sum(axis=1)
        return [test for window, shares in enumerate(overall.T) for test in _tests(window, shares)]

    def counted(self, tests: list[Test]) -> Ints:
        """Return which cases are counted at the end of each test (M, T)."""
        windows = np.array([test.window for test in tests], dtype=np.int64)
        ends = np.array([test.last for test in tests], dtype=np.int64)
        is_counted = (self.lags[:, None] <= windows) & (self.moments[:, None] <= ends)
        return is_counted.astype(np.int64)

    def shares_of(self, tests: list[Test]) -> NDArray[float64]:
        """Return the shares (K, T) at the beginning of each test, where they are smallest."""
        firsts = [test.first for test in tests]
        return np.asarray(self.shares[firsts, :, [test.window for test in tests]].T)


def _moments(by_lag: Ints, arriving: Ints) -> Ints:
    """Return the moments of the cases, which are sorted by stratum and lag; the first of each arrive."""
    sizes, numbers = by_lag.ravel(), arriving.ravel()
    places = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    arrives = places < np.repeat(numbers, sizes)
    times = (places + 0.5) / np.maximum(np.repeat(numbers, sizes), 1)
    order = np.argsort(times[arrives], kind="stable")
    moments = np.zeros(len(places), dtype=np.int64)
    moments[np.flatnonzero(arrives)[order]] = np.arange(1, len(order) + 1)
    return moments


def _tests(window: int, shares: NDArray[float64]) -> list[Test]:
    tests, first, size = [], 1, len(shares)
    while first < size:
        beyond = int(np.searchsorted(shares, shares[first] * _RATIO, side="right"))
        last = max(beyond - 1, first)
        tests.append(Test(window, first, last))
        first = last + 1
    return tests
