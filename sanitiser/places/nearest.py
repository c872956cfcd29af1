"""Find the nearest postcode to a point, with a k-d tree per 10 km tile, built when needed."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sanitiser.places.postcode_store import TILE_M, TILES_EAST, TILES_NORTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from scipy.spatial import cKDTree

    from sanitiser.places.packed_columns import Packed

_TREES = 256
_POINTS = 65_536
_RELATIVE_SLACK = 1e-9


class NearestSearch:
    """A search for the nearest row within `limit_m` metres; of equally near rows the first."""

    def __init__(
        self,
        packed: Packed,
        points: Callable[[NDArray[np.int32]], NDArray[np.int32]],
        limit_m: int,
    ) -> None:
        """Take the mapped columns, and the points of rows; nothing is built before the first search."""
        self._packed = packed
        self._points = points
        self._limit_m = limit_m
        self._tree = lru_cache(maxsize=_TREES)(self._build_tree)
        self.row = lru_cache(maxsize=_POINTS)(self._search)

    def _search(self, easting: int, northing: int) -> int:
        """Return the row nearest to a point in metres (EPSG:27700), -1 if none is within the limit."""
        found = self._tree(easting // TILE_M, northing // TILE_M)
        if found is None:
            return -1
        tree, rows = found
        distance, _ = tree.query((easting, northing), distance_upper_bound=self._limit_m + 1)
        if not distance <= self._limit_m:
            return -1
        ties = tree.query_ball_point((easting, northing), distance * (1 + _RELATIVE_SLACK))
        return int(rows[ties].min())

    def _build_tree(self, east: int, north: int) -> tuple[cKDTree, NDArray[np.int32]] | None:
        # Imported late: scipy would double the memory of a worker that never gets bare coordinates.
        from scipy.spatial import cKDTree  # noqa: PLC0415

        rows = np.concatenate([np.empty(0, np.int32), *self._rows_around(east, north)])
        points = self._points(rows)
        near = _within(points[:, 0], east, self._limit_m)
        near &= _within(points[:, 1], north, self._limit_m)
        if not near.any():
            return None
        return cKDTree(points[near], balanced_tree=False), rows[near]

    def _rows_around(self, east: int, north: int) -> Iterator[NDArray[np.int32]]:
        ring = math.ceil(self._limit_m / TILE_M)
        offsets, rows = self._packed.tile_offsets, self._packed.tile_rows
        for x in range(max(east - ring, 0), min(east + ring + 1, TILES_EAST)):
            for y in range(max(north - ring, 0), min(north + ring + 1, TILES_NORTH)):
                tile = y * TILES_EAST + x
                yield rows[offsets[tile] : offsets[tile + 1]]


def _within(values: NDArray[np.int32], tile: int, margin_m: int) -> NDArray[np.bool_]:
    low, high = tile * TILE_M - margin_m, (tile + 1) * TILE_M + margin_m
    return (values >= low) & (values <= high)
