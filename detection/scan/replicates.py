"""The null distribution of the scan: the largest likelihood ratio of permuted counts."""

from __future__ import annotations

import numpy as np
from numpy import float64
from numpy.random import Generator
from numpy.typing import NDArray

from detection.scan.counts import Counts, Ints
from detection.scan.looks import LookTrial
from detection.scan.trials import ScanTrial, largest_of_each
from detection.scan.zones import Zones


def replicate_maxima(
    counts: Counts, zones: Zones, replicates: int, rng: Generator, minimum: int = 2
) -> NDArray[float64]:
    """Return the largest likelihood ratio of each replicate (R,), of circles with `minimum` cases or more.

    A replicate permutes the days of the cases of each stratum among them.
    """
    return largest_of_each(ScanTrial(counts, zones, minimum), replicates, rng)


def look_maxima(
    counts: Counts,
    zones: Zones,
    replicates: int,
    rng: Generator,
    minimum: int = 2,
    arriving: Ints | None = None,
) -> NDArray[float64]:
    """Return, for each replicate (R,), the largest likelihood ratio over the looks of a day.

    `counts` are those at the end of a typical day. `arriving` (K, W) are the cases of each stratum and lag
    that arrive on that day; without it those of lag 0. They arrive one by one, those of each stratum in
    random order, and each is followed by a look at the circles that contain it.
    """
    if arriving is None:
        arriving = np.zeros_like(counts.by_lag)
        arriving[:, 0] = counts.by_lag[:, 0]
    return largest_of_each(LookTrial(counts, zones, minimum, arriving), replicates, rng)
