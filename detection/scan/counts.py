"""Counts of cases, from which every scan statistic is computed."""

from __future__ import annotations

from dataclasses import dataclass

from numpy import int64
from numpy.typing import NDArray

Ints = NDArray[int64]


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of the cases of one series, as of one day.

    Shapes: S sites, K strata, W days of the longest window. Lag 0 is the as-of day, lag 1 the day before.
    Only the margins `base` and `by_lag` are conditioned upon: under the null hypothesis the days of the
    cases of a stratum are permuted among its cases (Kulldorff et al. 2005, PLoS Med 2:e59). A stratum is a
    set of cases whose days may be exchanged, such as those of one supplier on Mondays.

    - `base` (S, K): cases in the study period, those of the window among them.
    - `recent` (S, W): cases of all strata on the day with that lag.
    - `by_lag` (K, W): cases of each stratum on the day with that lag.
    """

    base: Ints
    recent: Ints
    by_lag: Ints

    @property
    def total(self) -> int:
        """Return the number of cases in the study period."""
        return int(self.base.sum())
