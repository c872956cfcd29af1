"""The tails of distributions of counts, from their incomplete beta and gamma functions."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from scipy.special import betainc, chdtri, gammainc, gammaln  # type: ignore[import-untyped]

_FUZZ: Final = 1 + 64 * 2.220446049250313e-16
"""R allows this relative error of a probability when it looks for a quantile."""

_ROUNDING: Final = 1e-6
_MANY: Final = 1_000
_QUANTILES: Final = (np.arange(8) + 0.5) / 8


def count_tail(count: int, mean: float, dispersion: float) -> float:
    """Return the probability of at least `count`: negative binomial, or Poisson if the dispersion is 1.

    The dispersion is the variance divided by the mean.
    """
    if count <= 0:
        return 1.0
    if dispersion <= 1:
        return float(gammainc(count, mean))
    return float(betainc(count, mean / (dispersion - 1), 1 - 1 / dispersion))


def count_quantile(alpha: float, mean: float, dispersion: float) -> int:
    """Return the smallest count that is exceeded with a probability of at most `alpha`."""
    low, high = -1, 1
    while not _is_exceeded_at_most(high, alpha, mean, dispersion):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _is_exceeded_at_most(middle, alpha, mean, dispersion):
            high = middle
        else:
            low = middle
    return high


def predictive_tail(
    count: int, weeks: float, cases: float, dispersion: float, freedom: float = np.inf
) -> float:
    """Return the probability of at least `count` after `cases` cases in `weeks` weeks at the same rate.

    With a dispersion of 1 it is the binomial probability that so many of all cases are in the newest week, if
    each case is in any of the weeks with the same probability. With a larger one the counts are negative
    binomial, and it is the probability of a negative hypergeometric distribution. Both hold whatever the
    rate is. With few degrees of freedom of the dispersion it is the mean over its distribution.
    """
    if count <= 0:
        return 1.0
    dispersions = np.maximum(dispersion * _dispersion_factors(freedom), 1.0)
    return float(np.mean([_conditional(count, weeks, cases, each) for each in dispersions]))


def _dispersion_factors(freedom: float) -> NDArray[float64]:
    """Return how much larger than its estimate the dispersion may be, at quantiles of equal distance."""
    if not freedom < _MANY:
        return np.ones(1)
    factors: NDArray[float64] = freedom / chdtri(freedom, _QUANTILES)
    return factors


def _conditional(count: int, weeks: float, cases: float, dispersion: float) -> float:
    if dispersion <= 1:
        return float(betainc(count, cases + 1, 1 / (weeks + 1)))
    others = np.arange(np.ceil(cases - _ROUNDING) + 1)  # cases in the reference, of all
    size = (cases + 1) / weeks / (dispersion - 1)
    newest = count + others[-1] - others
    logs = _log_ways(newest, size) + _log_ways(others, size * weeks)
    total = count + others[-1]
    return float(np.exp(logs - _log_ways(total, size * (weeks + 1))).sum())


def _log_ways(cases: NDArray[float64], size: float) -> NDArray[float64]:
    """Return the logarithm of the weight of so many cases in a negative binomial distribution of a size."""
    logs: NDArray[float64] = gammaln(cases + size) - gammaln(cases + 1) - gammaln(size)
    return logs


def _is_exceeded_at_most(count: int, alpha: float, mean: float, dispersion: float) -> bool:
    return count_tail(count + 1, mean, dispersion) <= alpha * _FUZZ
