"""Counts of pairs of cases that are close in space and in time, fast enough for a thousand permutations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy import float64, int32, int64, uint32
from numpy.typing import NDArray

if TYPE_CHECKING:
    # These are imported where they are used, because they take long.
    from scipy.sparse import csr_array
    from scipy.spatial import cKDTree

Ints = NDArray[int64]

_MOST_PAIRS: Final = 150_000_000
_CHUNK: Final = 1 << 18
_PER_PAIR: Final = 4
"""A pair of cases costs as much as so many cells of the table of sites and days."""


class TooManyPairsError(ValueError):
    """More pairs of cases are close in space than there is memory for."""


class Places(Protocol):
    """The places of the cases. It counts pairs again each time their days are permuted."""

    @property
    def near(self) -> int:
        """Return the number of pairs close in space."""

    def close_pairs(self, days: Ints, span: int) -> int:
        """Return the number of pairs close in space, and in time for these days (n,)."""


def places_of(points: NDArray[float64], metres: float, period: int) -> Places:
    """Return the places of cases at `points` (n, 2), close at up to `metres`, within `period` days.

    Cases are counted pair by pair, or site by site and day by day where many cases are at the same sites.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415

    sites, site_of, cases = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    tree = cKDTree(sites)
    links = int(tree.count_neighbors(tree, metres))
    ends = int(tree.count_neighbors(tree, metres, weights=(cases, cases)))
    pairs = (ends - len(points)) // 2
    if min(_PER_PAIR * pairs, links * period) > _PER_PAIR * _MOST_PAIRS:
        raise TooManyPairsError(
            f"{pairs} pairs of {len(points)} cases are at most {metres} m apart: test fewer cases or"
            " a shorter distance"
        )
    if _PER_PAIR * pairs <= links * period:
        return _ByPair(pairs, *_listed(points, metres))
    return _BySite(pairs, site_of.reshape(-1), _adjacency(tree, metres))


def close_in_time(days: Ints, span: int) -> int:
    """Return the number of pairs of days (n,) that are at most `span` days apart."""
    ordered = np.sort(days)
    later = np.searchsorted(ordered, ordered + span, side="right")
    return int((later - np.arange(len(days)) - 1).sum())


@dataclass(frozen=True, slots=True)
class _ByPair:
    near: int
    first: NDArray[int32]
    second: NDArray[int32]

    def close_pairs(self, days: Ints, span: int) -> int:
        known = days.astype(int32)
        return sum(
            _close(known, self.first[at : at + _CHUNK], self.second[at : at + _CHUNK], span)
            for at in range(0, self.near, _CHUNK)
        )


@dataclass(frozen=True, slots=True)
class _BySite:
    near: int
    site_of: Ints
    adjacency: csr_array

    def close_pairs(self, days: Ints, span: int) -> int:
        width = int(days.max() - days.min()) + 1
        table = np.zeros((self.adjacency.shape[0], width))
        np.add.at(table, (self.site_of, days - days.min()), 1)
        within = _windows(table, span)
        ends = float(((self.adjacency @ table) * within).sum())
        return (round(ends) - len(days)) // 2


def _close(days: NDArray[int32], first: NDArray[int32], second: NDArray[int32], span: int) -> int:
    apart = days[first] - days[second]
    apart += span
    return int(np.count_nonzero(apart.view(uint32) <= 2 * span))


def _windows(table: NDArray[float64], span: int) -> NDArray[float64]:
    """Return the sums over the days from `span` before to `span` after, for each cell of the table."""
    sums = np.pad(table.cumsum(axis=1), ((0, 0), (1, 0)))
    days = np.arange(table.shape[1])
    last = np.minimum(days + span + 1, table.shape[1])
    windows: NDArray[float64] = sums[:, last] - sums[:, np.maximum(days - span, 0)]
    return windows


def _listed(points: NDArray[float64], metres: float) -> tuple[NDArray[int32], NDArray[int32]]:
    from scipy.spatial import cKDTree  # noqa: PLC0415

    pairs = cKDTree(points).query_pairs(metres, output_type="ndarray").astype(int32)
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])


def _adjacency(tree: cKDTree, metres: float) -> csr_array:
    from scipy.sparse import csr_array  # noqa: PLC0415

    pairs = tree.query_pairs(metres, output_type="ndarray")
    own = np.arange(tree.n)
    rows = np.concatenate([own, pairs[:, 0], pairs[:, 1]])
    columns = np.concatenate([own, pairs[:, 1], pairs[:, 0]])
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(tree.n, tree.n))
