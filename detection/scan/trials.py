"""Replicates, and the search for the largest likelihood ratio of each.

A replicate has a hundred thousand circles and windows, and few of them can have its maximum. They are
screened by their counts: those that are certain to have a ratio below a floor are not computed. A replicate
whose maximum is below the floor is searched again with a lower one, so the result is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
from numpy import float64
from numpy.random import Generator
from numpy.typing import NDArray

from detection.scan.counts import Counts, Ints
from detection.scan.drawing import Draws, Sampler
from detection.scan.lanes import Lanes
from detection.scan.screening import Screen, least_counts, most_cases
from detection.scan.statistic import llr, shares
from detection.scan.zones import Zones, sums

_FIRST: Final = 16  # replicates from which the floor is learned
_FIRST_FLOOR: Final = 8.0
_LEAST_FLOOR: Final = 0.5  # a lower one is 0
_MARGIN: Final = 0.9  # floor / smallest maximum so far
_AT_ONCE: Final = 1 << 18  # circles times replicates in the working memory


class Trial(Protocol):
    """The computation of each replicate."""

    zones: Zones
    sampler: Sampler

    def largest(self, draws: Draws, floor: float) -> NDArray[float64]:
        """Return the maximum of each replicate (B,). If it is below the floor, what is returned is too."""


class ScanTrial:
    """The scan of the end of a day: the maximum over all circles and windows."""

    def __init__(self, counts: Counts, zones: Zones, minimum: int) -> None:
        self.zones = zones
        self.sampler = Sampler(counts)
        self._total = counts.total
        self._minimum = minimum
        self._expected = sums(counts.base @ shares(counts), zones)
        self._most = most_cases(self._expected, int(counts.by_lag.sum()))
        windows = counts.by_lag.shape[1]
        self._lanes = Lanes.of(windows, self._most)
        # A case counts in all windows that are longer than its lag.
        is_counted = self.sampler.lags[:, None] <= np.arange(windows)
        self._increments = self._lanes.pack(is_counted.astype(np.int64))
        self._screens: dict[float, Screen] = {}

    def largest(self, draws: Draws, floor: float) -> NDArray[float64]:
        """Return the maximum of each replicate (B,). If it is below the floor, what is returned is too."""
        cells = cells_of(draws, self._increments, self.zones.size)
        replicates, circles, observed = self._screen(floor).passing(cells)
        ratios = llr(observed, self._expected[circles], self._total)
        ratios[observed < self._minimum] = 0
        return largest_by(replicates, ratios, len(draws.sites))

    def _screen(self, floor: float) -> Screen:
        if floor not in self._screens:
            least = least_counts(self._expected, floor, self._total, self._minimum, self._most)
            self._screens[floor] = Screen(self.zones, self._lanes, self._lanes.limits(least))
        return self._screens[floor]


def largest_of_each(trial: Trial, replicates: int, rng: Generator) -> NDArray[float64]:
    """Return the maximum of each of so many replicates (R,)."""
    maxima = np.zeros(replicates)
    floor = _FIRST_FLOOR
    for some in _parts(replicates, max(_AT_ONCE // max(len(trial.zones.sites), 1), 1)):
        draws = trial.sampler.draw(some.stop - some.start, rng)
        maxima[some] = _largest(trial, draws, floor)
        if some.start < _FIRST <= some.stop:
            floor = _lowered(float(maxima[: some.stop].min()) * _MARGIN)
    return maxima


def largest_by(groups: Ints, ratios: NDArray[float64], size: int) -> NDArray[float64]:
    """Return the largest of the ratios (P, T) of each of so many groups (size,)."""
    largest = np.zeros(size)
    np.maximum.at(largest, groups, ratios.max(axis=1, initial=0))
    return largest


def cells_of(draws: Draws, increments: Ints, size: int) -> Ints:
    """Return the packed counts (V, B, S) of the sites from those of the cases (V, M)."""
    replicates = len(draws.sites)
    rows = np.arange(replicates)[:, None] * size + draws.sites
    cells = np.zeros((len(increments), replicates * size), dtype=np.int64)
    for word, values in zip(cells, increments, strict=True):
        np.add.at(word, rows.ravel(), np.broadcast_to(values, rows.shape).ravel())
    return cells.reshape(len(increments), replicates, size)


def _largest(trial: Trial, draws: Draws, floor: float) -> NDArray[float64]:
    """Return the exact maximum of each replicate (B,), with lower floors where that is needed."""
    largest = trial.largest(draws, floor)
    weak = np.flatnonzero(largest < floor)
    if len(weak):
        largest[weak] = _largest(trial, draws.only(weak), _lowered(floor / 2))
    return largest


def _lowered(floor: float) -> float:
    return floor if floor >= _LEAST_FLOOR else 0.0


def _parts(replicates: int, at_once: int) -> Iterator[slice]:
    """Yield the parts in which replicates are computed; the first is small, because it finds the floor."""
    first = min(_FIRST, replicates)
    edges = [*range(0, first, at_once), *range(first, replicates, at_once), replicates]
    for start, stop in pairwise(edges):
        yield slice(start, stop)
