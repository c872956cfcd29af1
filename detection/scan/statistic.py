"""The likelihood ratio of the space-time permutation scan statistic."""

from __future__ import annotations

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike, NDArray

from detection.scan.counts import Counts


def llr(observed: ArrayLike, expected: ArrayLike, total: ArrayLike) -> NDArray[float64]:
    """Return the logarithm of the likelihood ratio for high rates; 0 unless more than expected.

    `c ln(c / mu) + (C - c) ln((C - c) / (C - mu))` for c observed and mu expected of C cases
    (Kulldorff et al. 2005, PLoS Med 2:e59).
    """
    cases, means, totals = np.broadcast_arrays(observed, expected, total)
    ratios = np.zeros(cases.shape)
    is_high = (cases > means) & (means > 0)
    high, low, all_cases = cases[is_high].astype(float64), means[is_high], totals[is_high]
    rest = all_cases - high
    logs = np.log(np.maximum(rest, 1) / (all_cases - low))
    ratios[is_high] = high * np.log(high / low) + rest * logs
    return ratios


def shares(counts: Counts) -> NDArray[float64]:
    """Return the share of each stratum's cases in each window (K, W): window w is the last w + 1 days."""
    totals = counts.base.sum(axis=0)
    return np.asarray(np.cumsum(counts.by_lag, axis=1) / np.maximum(totals, 1)[:, None])
