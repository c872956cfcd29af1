"""Bounds: how many cases, and how few expected ones, a likelihood ratio needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
from numpy import bool_, float64
from numpy.typing import NDArray

from detection.scan.counts import Ints

Floats = NDArray[float64]

_MOST: Final = 1_024
_STEP: Final = 1.2
_FINENESS: Final = 8
_HALVINGS: Final = 40


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A bound for one likelihood ratio.

    `fewest` (W, 1) are the fewest cases of each window that can have it. `expected` (n,) is the largest
    expectation with which so many cases have it.
    """

    fewest: Ints
    expected: Floats

    def may_have(self, cases: Ints, expected: Floats) -> NDArray[bool_]:
        """Return which cases (N,) may have the likelihood ratio, with these expectations (N,)."""
        return np.asarray(
            (cases >= len(self.expected)) | (expected <= self.expected.take(cases, mode="clip"))
        )


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """The share of the cases of each stratum that are in each window (K, W), and the number of all cases.

    `lowest` (W,) are the smallest shares that are not zero. Rates that were computed before cases of the
    window were added are too low, so what follows from them is still a bound.
    """

    by_window: Floats
    lowest: Floats
    total: int
    _bounds: dict[tuple[float, int], Bound] = field(default_factory=dict)

    @classmethod
    def of(cls, by_window: Floats, total: int) -> Rates:
        """Return the rates with the lowest ones."""
        lowest = np.where(by_window > 0, by_window, 1.0).min(axis=0, initial=1.0)
        return cls(by_window, lowest, total)

    def bound(self, least: float, minimum: int) -> Bound:
        """Return the bound for a likelihood ratio of at least `minimum` cases."""
        known = self._bounds.get((least, minimum))
        if known is None:
            expected = largest_expected(
                np.floor(least * _FINENESS) / _FINENESS,
                int(np.log(max(self.total, 2)) / np.log(_STEP)),
            )
            each = expected[1:] / np.arange(1, len(expected))
            fewest = 1 + np.searchsorted(np.maximum.accumulate(each), self.lowest * (1 - 1e-9))
            known = Bound(np.maximum(fewest, minimum)[:, None], expected)
            self._bounds[least, minimum] = known
        return known


@lru_cache(512)
def largest_expected(least: float, size: int) -> Floats:
    """Return the largest expectation with which 0, 1, 2, ... cases have a likelihood ratio of `least`.

    It is that of `1.2 ** size` cases in all; more cases in all need a smaller expectation.
    """
    total = _STEP**size
    cases = np.arange(int(min(_MOST, total)), dtype=float64)
    low, high = np.zeros_like(cases), cases.copy()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = cases * np.log(cases / middle) + (total - cases) * np.log(
                (total - cases) / (total - middle)
            )
        is_enough = ratios >= least
        low, high = np.where(is_enough, middle, low), np.where(is_enough, high, middle)
    return high
