"""The null distribution of the scan: the largest likelihood ratio of permuted counts."""

from __future__ import annotations

import numpy as np
from numpy import float64, int64
from numpy.random import Generator
from numpy.typing import NDArray

from detection.scan.counts import Counts, Ints
from detection.scan.scanning import best_llr
from detection.scan.zones import Zones


def replicate_maxima(
    counts: Counts, zones: Zones, replicates: int, rng: Generator, minimum: int = 2
) -> NDArray[float64]:
    """Return the largest likelihood ratio of each replicate (R,).

    A replicate permutes the days of the cases of each stratum among them.
    """
    return np.array([best_llr(permuted(counts, rng), zones, minimum) for _ in range(replicates)])


def look_maxima(
    counts: Counts,
    zones: Zones,
    replicates: int,
    rng: Generator,
    points: int = 8,
    minimum: int = 2,
) -> NDArray[float64]:
    """Return, for each replicate (R,), the largest likelihood ratio over the looks of a day.

    `counts` are those at the end of a typical day. The cases of the as-of day arrive in random order; the
    statistic is computed at up to `points` moments of that day, each with the cases that have arrived.
    """
    return np.array(
        [_largest_of_day(counts, zones, rng, points, minimum) for _ in range(replicates)]
    )


def permuted(counts: Counts, rng: Generator) -> Counts:
    """Return counts with the same margins, the days being permuted within each stratum."""
    recent = np.zeros_like(counts.recent)
    for sites, lags in _draw(counts, rng):
        np.add.at(recent, (sites, lags), 1)
    return Counts(base=counts.base, recent=recent, by_lag=counts.by_lag)


def _draw(counts: Counts, rng: Generator) -> list[tuple[Ints, Ints]]:
    """Return the sites and lags of the recent cases of each stratum, drawn without replacement."""
    drawn = []
    for base, by_lag in zip(counts.base.T, counts.by_lag, strict=True):
        sites = np.repeat(np.arange(len(base)), base)
        lags = np.repeat(np.arange(len(by_lag)), by_lag)
        drawn.append((rng.permutation(sites)[: len(lags)], lags))
    return drawn


def _largest_of_day(
    counts: Counts, zones: Zones, rng: Generator, points: int, minimum: int
) -> float64:
    drawn = _draw(counts, rng)
    sites = np.concatenate([s for s, _ in drawn])
    lags = np.concatenate([lag for _, lag in drawn])
    strata = np.repeat(np.arange(len(drawn)), [len(s) for s, _ in drawn])
    today = rng.permutation(np.flatnonzero(lags == 0))
    moments = np.unique(np.ceil(np.linspace(0, len(today), points + 1)).astype(int64))[1:]
    largest = float64(0)
    for moment in moments:
        later = today[moment:]
        base, by_lag = counts.base.copy(), counts.by_lag.copy()
        recent = np.zeros_like(counts.recent)
        np.add.at(recent, (sites, lags), 1)
        np.subtract.at(recent, (sites[later], lags[later]), 1)
        np.subtract.at(base, (sites[later], strata[later]), 1)
        np.subtract.at(by_lag, (strata[later], lags[later]), 1)
        arrived = Counts(base=base, recent=recent, by_lag=by_lag)
        largest = max(largest, best_llr(arrived, zones, minimum))
    return largest
