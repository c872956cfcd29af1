"""Packing the columns of a postcode index into the few bytes that its files hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sanitiser.places.packed_columns import SQUARE_BITS, UNKNOWN, Columns, Packed, split_keys
from sanitiser.places.postcode_store import TILE_M, TILES_EAST, TILES_NORTH

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pack(columns: Columns) -> Packed:
    """Pack columns that are in ascending order of the compact postcode."""
    rows = np.arange(len(columns.keys), dtype=np.int32)
    sectors, units = split_keys(columns.keys)
    squares_east = (columns.eastings >> SQUARE_BITS).astype(np.uint8)
    squares_north = (columns.northings >> SQUARE_BITS).astype(np.uint8)
    first = _first_of_runs(sectors, columns.districts, squares_east, squares_north)
    values, counts = np.unique(columns.household_counts, return_inverse=True)
    moved = (columns.released_rows != UNKNOWN) & (columns.released_rows != rows)
    tile_rows, tile_offsets = _tiles(columns)
    return Packed(
        columns.keys[first],
        np.append(first, len(rows)).astype(np.int32),
        squares_east[first],
        squares_north[first],
        columns.districts[first],
        units,
        _within_square(columns.eastings),
        _within_square(columns.northings),
        values,
        counts.astype(np.min_scalar_type(max(len(values) - 1, 0))),
        rows[moved],
        columns.released_rows[moved],
        np.packbits(columns.stands_in),
        tile_rows,
        tile_offsets,
    )


def _first_of_runs(*shared: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return the rows that differ from the one before in any of the columns, and the first row."""
    differs = [column[1:] != column[:-1] for column in shared]
    return np.flatnonzero(np.append(len(shared[0]) > 0, np.any(differs, axis=0)))


def _within_square(coordinates: NDArray[np.int32]) -> NDArray[np.uint16]:
    return (coordinates & ((1 << SQUARE_BITS) - 1)).astype(np.uint16)


def _tiles(columns: Columns) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the rows in the order of their tiles, and where each tile begins among them."""
    tiles = (columns.northings // TILE_M) * TILES_EAST + columns.eastings // TILE_M
    rows = np.argsort(tiles, kind="stable")
    offsets = np.searchsorted(tiles[rows], np.arange(TILES_EAST * TILES_NORTH + 1))
    return rows.astype(np.int32), offsets.astype(np.int32)
