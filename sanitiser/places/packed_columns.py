"""The columns of a postcode index as its files hold them, in nine bytes a postcode.

Rows are in ascending order of the compact postcode, so neighbours have much in common. A run is as many
neighbours as share their sector (the postcode without its last two letters), their district and their
square of 65,536 m. What they share is held once a run. Coordinates are whole metres of the British
National Grid (EPSG:27700).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

UNKNOWN: Final = -1
LONGEST: Final = 7
"""Characters of the longest compact postcode."""
SQUARE_BITS: Final = 16
"""A coordinate's bits within its square of 65,536 m; the bits above them are the square's."""


class Columns(NamedTuple):
    """One value for each postcode, shape (n,) each, in ascending order of the compact postcode.

    `household_counts` holds -1 for unknown. `released_rows` holds the row released in place of
    each: itself with k households or more, else its substitute, -1 where none lies within the
    limit. `districts` holds positions in the index's list of districts.
    """

    keys: NDArray[np.bytes_]
    eastings: NDArray[np.int32]
    northings: NDArray[np.int32]
    household_counts: NDArray[np.int16]
    released_rows: NDArray[np.int32]
    stands_in: NDArray[np.bool_]
    districts: NDArray[np.uint16]


class Packed(NamedTuple):
    """`Columns` in fewer bytes, and the rows of each 10 km tile.

    `run_rows` holds the first row of each run, and the number of rows at its end. `units` are a
    postcode's last two letters as one number. `counts` holds positions in `count_values`.
    `moved_rows` holds the rows that are released as another one, and `moved_to` that other one. Of
    the rest, a row with k households is released as itself, and one with fewer is not released.
    `stands_in` has a bit for each row.
    """

    run_keys: NDArray[np.bytes_]
    run_rows: NDArray[np.int32]
    run_squares_east: NDArray[np.uint8]
    run_squares_north: NDArray[np.uint8]
    run_districts: NDArray[np.uint16]
    units: NDArray[np.uint16]
    eastings: NDArray[np.uint16]
    northings: NDArray[np.uint16]
    count_values: NDArray[np.int16]
    counts: NDArray[np.uint8] | NDArray[np.uint16]
    moved_rows: NDArray[np.int32]
    moved_to: NDArray[np.int32]
    stands_in: NDArray[np.uint8]
    tile_rows: NDArray[np.int32]
    tile_offsets: NDArray[np.int32]


class Row(NamedTuple):
    """One postcode of an index; `households` is -1 where the count is unknown."""

    key: bytes
    easting: int
    northing: int
    households: int
    district: int


class PackedRows:
    """Reads single rows of packed columns, so that few pages of the files are in memory."""

    def __init__(self, packed: Packed, k: int) -> None:
        """Take the columns, and the k that they were built for."""
        self._packed = packed
        self._k = k
        # A memoryview gives plain integers, several times as fast as an array gives its own scalars.
        self._run_rows = packed.run_rows.data
        self._units = packed.units.data
        self._moved_rows = packed.moved_rows.data

    def find(self, key: bytes) -> int:
        """Return the row of a compact postcode, -1 if the index does not have it."""
        return self._find(key)[1]

    def get(self, key: bytes) -> Row | None:
        """Return the values of a compact postcode, None if the index does not have it."""
        run, row = self._find(key)
        return None if row == UNKNOWN else self._of(run, row)

    def row(self, row: int) -> Row:
        """Return the values of a row."""
        return self._of(bisect_right(self._run_rows, row) - 1, row)

    def _find(self, key: bytes) -> tuple[int, int]:
        """Return the run and the row of a compact postcode; the row is -1 if the index does not have it."""
        keys = self._packed.run_keys
        run = int(keys.searchsorted(np.array(key[:LONGEST], keys.dtype), "right")) - 1
        if run < 0 or keys.item(run)[:-2] != key[:-2]:
            return run, UNKNOWN
        unit, end = int.from_bytes(key[-2:]), self._run_rows[run + 1]
        row = bisect_left(self._units, unit, self._run_rows[run], end)
        return run, row if row < end and self._units[row] == unit else UNKNOWN

    def _of(self, run: int, row: int) -> Row:
        packed = self._packed
        return Row(
            packed.run_keys.item(run)[:-2] + self._units[row].to_bytes(2),
            packed.run_squares_east.item(run) << SQUARE_BITS | packed.eastings.item(row),
            packed.run_squares_north.item(run) << SQUARE_BITS | packed.northings.item(row),
            packed.count_values.item(packed.counts.item(row)),
            packed.run_districts.item(run),
        )

    def find_many(self, keys: NDArray[np.bytes_]) -> NDArray[np.int64]:
        """Return the row of each compact postcode (dtype S7), shape (n,); -1 for those it does not have."""
        packed = self._packed
        if not len(packed.units):
            return np.full(len(keys), UNKNOWN, np.int64)
        sectors, units = split_keys(keys)
        runs = np.maximum(packed.run_keys.searchsorted(keys, "right") - 1, 0)
        rows = self._within_runs(runs, units)
        found = (split_keys(packed.run_keys[runs])[0] == sectors) & (
            rows < packed.run_rows[runs + 1]
        )
        found &= packed.units[np.minimum(rows, len(packed.units) - 1)] == units
        return np.where(found, rows, UNKNOWN)

    def _within_runs(self, runs: NDArray[np.int64], units: NDArray[np.uint16]) -> NDArray[np.int64]:
        """Return the first row of each run whose unit is not below the one given, or the run's end."""
        low = self._packed.run_rows[runs].astype(np.int64)
        high = self._packed.run_rows[runs + 1].astype(np.int64)
        while (searching := low < high).any():
            middle = np.where(searching, (low + high) // 2, 0)
            above = self._packed.units[middle] < units
            low = np.where(searching & above, middle + 1, low)
            high = np.where(searching & ~above, middle, high)
        return low

    def released(self, row: int, households: int) -> int:
        """Return the row released in place of one with so many households, -1 if none may be."""
        if households >= self._k:
            return row
        at = bisect_left(self._moved_rows, row)
        held = at < len(self._moved_rows) and self._moved_rows[at] == row
        return self._packed.moved_to.item(at) if held else UNKNOWN

    def stands_in(self, row: int) -> bool:
        """Return True if the row is released in place of another one."""
        return bool(self._packed.stands_in.item(row >> 3) & (0x80 >> (row & 7)))

    def rows_of_sector(self, sector: bytes) -> range:
        """Return the rows of a compact postcode sector, such as ``BA11`` for BA1 1."""
        # No other sector is between them: its postcodes have a digit where these have their first letter.
        keys = self._packed.run_keys
        ends = np.array([sector + b"AA", sector + b"ZZ"], keys.dtype)
        first, last = int(keys.searchsorted(ends[0])), int(keys.searchsorted(ends[1], "right"))
        return range(self._run_rows[first], self._run_rows[last])

    def rows_of_district(self, district: int) -> NDArray[np.int64]:
        """Return the rows of a district, in ascending order, shape (n,)."""
        inside = self._packed.run_districts == district
        return np.flatnonzero(np.repeat(inside, np.diff(self._packed.run_rows)))

    def points(self, rows: NDArray[np.integer]) -> NDArray[np.int32]:
        """Return the centroids of rows in metres, shape (n, 2)."""
        packed = self._packed
        runs = packed.run_rows.searchsorted(rows.astype(np.int32, copy=False), "right") - 1
        east = _joined(packed.run_squares_east[runs], packed.eastings[rows])
        return np.column_stack(
            (east, _joined(packed.run_squares_north[runs], packed.northings[rows]))
        )

    def points_in(self, districts: Collection[int]) -> NDArray[np.int32]:
        """Return the centroids of the postcodes in some districts in metres, shape (n, 2)."""
        inside = np.isin(self._packed.run_districts, list(districts))
        return self.points(np.flatnonzero(np.repeat(inside, np.diff(self._packed.run_rows))))


def unpack(packed: Packed, k: int) -> Columns:
    """Return whole columns of an index that was built for k."""
    rows = np.arange(len(packed.units), dtype=np.int32)
    runs = np.repeat(np.arange(len(packed.run_keys)), np.diff(packed.run_rows))
    counts = packed.count_values[packed.counts]
    released = np.where(counts >= k, rows, np.int32(UNKNOWN))
    released[packed.moved_rows] = packed.moved_to
    return Columns(
        _with_units(packed.run_keys[runs], packed.units),
        _joined(packed.run_squares_east[runs], packed.eastings),
        _joined(packed.run_squares_north[runs], packed.northings),
        counts,
        released,
        np.unpackbits(packed.stands_in, count=len(rows)).astype(np.bool_),
        packed.run_districts[runs],
    )


def split_keys(keys: NDArray[np.bytes_]) -> tuple[NDArray[np.bytes_], NDArray[np.uint16]]:
    """Split compact postcodes (dtype S7) into sectors and units, shape (n,) each."""
    letters, rows, ends = _letters(keys)
    pairs = letters[rows, ends - 2].astype(np.uint16) << 8 | letters[rows, ends - 1]
    letters[rows, ends - 2] = letters[rows, ends - 1] = 0
    return letters.view(keys.dtype).ravel(), pairs.astype(np.uint16)


def _with_units(keys: NDArray[np.bytes_], units: NDArray[np.uint16]) -> NDArray[np.bytes_]:
    letters, rows, ends = _letters(keys)
    letters[rows, ends - 2], letters[rows, ends - 1] = units >> 8, units & 0xFF
    return letters.view(keys.dtype).ravel()


def _letters(
    keys: NDArray[np.bytes_],
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Return a copy of the letters of each key, shape (n, 7), its row and its length."""
    letters = np.array(keys, f"S{LONGEST}").view(np.uint8).reshape(-1, LONGEST)
    return letters, np.arange(len(keys)), np.strings.str_len(keys)


def _joined(squares: NDArray[np.uint8], within: NDArray[np.uint16]) -> NDArray[np.int32]:
    return squares.astype(np.int32) << SQUARE_BITS | within
