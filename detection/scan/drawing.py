"""Random draws of the null hypothesis: the days of the cases of a stratum are permuted among its cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy import int32
from numpy.random import Generator
from numpy.typing import NDArray

from detection.scan.counts import Counts, Ints

_MOST_AT_ONCE: Final = 1 << 20  # cases in the working memory


@dataclass(frozen=True, slots=True)
class Draws:
    """The sites (B, M) of the M cases in the window of each of B replicates."""

    sites: NDArray[int32]

    def only(self, replicates: Ints) -> Draws:
        """Return some of the replicates."""
        return Draws(self.sites[replicates])


class Sampler:
    """Draws replicates that have the margins of counts.

    `lags` and `strata` (M,) are those of the cases in the window, which are the same in all replicates.
    """

    def __init__(self, counts: Counts) -> None:
        strata, windows = counts.by_lag.shape
        every_site = np.arange(len(counts.base), dtype=int32)
        self._sites = [np.repeat(every_site, base) for base in counts.base.T]
        self._sizes = counts.by_lag.sum(axis=1)
        cells = np.repeat(np.arange(strata * windows), counts.by_lag.ravel())
        self.strata, self.lags = np.divmod(cells, windows)

    def draw(self, replicates: int, rng: Generator) -> Draws:
        """Return so many replicates."""
        parts = [
            _shuffled(sites, int(size), replicates, rng)
            for sites, size in zip(self._sites, self._sizes, strict=True)
            if size
        ]
        nothing = np.empty((replicates, 0), dtype=int32)
        return Draws(np.concatenate([nothing, *parts], axis=1))


def _shuffled(sites: NDArray[int32], size: int, replicates: int, rng: Generator) -> NDArray[int32]:
    """Return the sites (B, size) of cases that are drawn without replacement from those of a stratum."""
    drawn = np.empty((replicates, size), dtype=int32)
    at_once = max(_MOST_AT_ONCE // len(sites), 1)
    for first in range(0, replicates, at_once):
        some = drawn[first : first + at_once]
        rows = np.broadcast_to(sites, (len(some), len(sites)))
        some[:] = rng.permuted(rows, axis=1)[:, :size]
    return drawn
