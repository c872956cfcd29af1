"""The likelihood ratio of the space-time permutation scan statistic."""

from __future__ import annotations

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike, NDArray

from detection.scan.counts import Counts


def llr(observed: ArrayLike, expected: ArrayLike, total: float) -> NDArray[float64]:
    """Return the logarithm of the likelihood ratio for high rates; 0 unless more than expected.

    `c ln(c / mu) + (C - c) ln((C - c) / (C - mu))` for c observed and mu expected of C cases
    (Kulldorff et al. 2005, PLoS Med 2:e59).
    """
    cases, mean = np.broadcast_arrays(
        np.asarray(observed, dtype=float64), np.asarray(expected, dtype=float64)
    )
    ratios = np.zeros(cases.shape)
    is_high = (cases > mean) & (mean > 0)
    high, low = cases[is_high], mean[is_high]
    rest = total - high
    logs = np.log(np.maximum(rest, 1) / (total - low), where=rest > 0, out=np.zeros_like(rest))
    ratios[is_high] = high * np.log(high / low) + rest * logs
    return ratios


def rates(counts: Counts) -> NDArray[float64]:
    """Return the share of each stratum's cases in each window (K, W): window w is the last w + 1 days."""
    totals = counts.base.sum(axis=0)
    cases = np.cumsum(counts.by_lag, axis=1)
    return np.asarray(cases / np.maximum(totals, 1)[:, None])
