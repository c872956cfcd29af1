"""The tails of distributions of counts, from their incomplete beta and gamma functions."""

from __future__ import annotations

from typing import Final

from scipy.special import betainc, gammainc

_FUZZ: Final = 1 + 64 * 2.220446049250313e-16
"""R allows this relative error of a probability when it looks for a quantile."""


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


def predictive_tail(count: int, weeks: float, cases: float, dispersion: float) -> float:
    """Return the probability of at least `count` after `cases` cases in `weeks` weeks at the same rate.

    With a dispersion of 1 it is the binomial probability that so many of all cases are in the newest week, if
    each case is in any of the weeks with the same probability; it holds whatever the rate is. With a larger
    dispersion the cases are in groups of that size.
    """
    if count <= 0:
        return 1.0
    return float(betainc(count / dispersion, cases / dispersion + 1, 1 / (weeks + 1)))


def _is_exceeded_at_most(count: int, alpha: float, mean: float, dispersion: float) -> bool:
    return count_tail(count + 1, mean, dispersion) <= alpha * _FUZZ
