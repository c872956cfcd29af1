"""Packed columns hold what was packed, and finding a postcode in them equals a look-up in a dict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sanitiser.build.packing import pack
from sanitiser.places.packed_columns import LONGEST, UNKNOWN, Columns, PackedRows, Row
from sanitiser.places.postcode_store import Metadata, load_columns, save

K = 4
SECTORS = [
    "AB1 0",
    "B1 1",
    "B11 1",
    "B111 1",
    "W1A 1",
    "W1 1",
    "BA1 1",
    "BA11 1",
    "EC1A 1",
    "ZE3 9",
]
LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


def columns_of(seed: int, size: int = 1_500, most_households: int = 40) -> Columns:
    """Made-up columns: sectors whose names begin alike, with districts and squares mixed within them."""
    rng = np.random.default_rng(seed)
    units = [a + b for a in LETTERS for b in LETTERS]
    keys = np.unique([
        f"{SECTORS[sector]}{units[unit]}".replace(" ", "").encode()
        for sector, unit in rng.integers(0, [len(SECTORS), len(units)], (size, 2))
    ]).astype(f"S{LONGEST}")  # fmt: skip
    n = len(keys)
    counts = rng.integers(-1, most_households, n).astype(np.int16)
    rows = np.arange(n, dtype=np.int32)
    others = np.where(rng.random(n) < 0.3, UNKNOWN, rng.permutation(n)).astype(np.int32)
    others[others == rows] = UNKNOWN
    released = np.where(counts >= K, rows, others)
    return Columns(
        keys,
        rng.integers(0, 700_000, n).astype(np.int32),
        rng.integers(0, 1_300_000, n).astype(np.int32),
        counts,
        released,
        rng.random(n) < 0.1,
        (rng.integers(0, 400, n) // 200).astype(np.uint16),
    )


def neighbours_of(seed: int) -> Columns:
    """The same in long runs: one district, and all within one square."""
    columns = columns_of(seed)
    return columns._replace(
        eastings=columns.eastings % 60_000,
        northings=columns.northings % 60_000,
        districts=columns.districts * 0,
    )


@pytest.mark.parametrize(
    "columns",
    [columns_of(1), columns_of(2, most_households=32_000), neighbours_of(3), columns_of(4, 0)],
)
def test_what_is_packed_and_written_is_read_back_the_same(columns: Columns, tmp_path: Path) -> None:
    metadata = Metadata(K, 2000, "test", "1", len(columns.keys), None, None, 0, 0, ("D", "E"))
    save(tmp_path, metadata, pack(columns))
    _, read = load_columns(tmp_path)
    for name in Columns._fields:
        given, found = getattr(columns, name), getattr(read, name)
        assert (found.dtype, found.tolist()) == (given.dtype, given.tolist()), name


@pytest.mark.parametrize(
    "columns", [columns_of(5), neighbours_of(6), columns_of(7, 3), columns_of(8, 0)]
)
def test_finding_postcodes_equals_a_dict(columns: Columns) -> None:
    rows = PackedRows(pack(columns), K)
    held = {key: row for row, key in enumerate(columns.keys.tolist())}
    beside = {key[:-1] + bytes([last]) for key in held for last in (64, 65, 90, 91)}
    strange = {b"", b"A", b"B1", b"B1AA", b"ZZ99ZZ", b"\xff\xff", b"B11"}
    wanted = sorted(held.keys() | beside | strange)
    expected = [held.get(key, UNKNOWN) for key in wanted]
    assert [rows.find(key) for key in wanted] == expected
    assert rows.find_many(np.array(wanted, f"S{LONGEST}")).tolist() == expected


def test_a_row_has_the_values_of_its_columns() -> None:
    columns = columns_of(9)
    rows = PackedRows(pack(columns), K)
    for row, key in enumerate(columns.keys.tolist()):
        households = int(columns.household_counts[row])
        expected = Row(
            key, int(columns.eastings[row]), int(columns.northings[row]), households,
            int(columns.districts[row]),
        )  # fmt: skip
        assert rows.row(row) == expected
        assert rows.get(key) == expected
        assert rows.released(row, households) == columns.released_rows[row]
        assert rows.stands_in(row) == columns.stands_in[row]


def test_points_of_rows_and_districts_equal_those_of_the_columns() -> None:
    columns = columns_of(10)
    rows = PackedRows(pack(columns), K)
    points = np.column_stack((columns.eastings, columns.northings))
    drawn = np.random.default_rng(11).permutation(len(points))[:200]
    assert rows.points(drawn).tolist() == points[drawn].tolist()
    assert rows.points_in([1]).tolist() == points[columns.districts == 1].tolist()
    assert rows.points_in([]).tolist() == []
