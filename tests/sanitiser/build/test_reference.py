"""Building the postcode index: the substitutes are exact, wrong files are refused clearly."""

from __future__ import annotations

import csv
import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest

from sanitiser.build.reference import (
    BadReference,
    PostcodeTable,
    build_index,
    code_point_open_csv,
    onspd_package,
    read_households,
    substitutes,
    table_of,
)
from sanitiser.places.postcode_store import load_columns
from sanitiser.places.postcodes import IndexMismatch, PostcodeIndex

HEADER = "postcode,pqi,easting,northing,country,district,ward\n"


def brute_force(e: np.ndarray, n: np.ndarray, counts: np.ndarray, k: int, limit: int) -> list[int]:
    """Compare every pair; of equally near postcodes the first row wins, as in argmin."""
    released = []
    eligible = np.flatnonzero(counts >= k)
    for row in range(len(counts)):
        if counts[row] >= k:
            released.append(row)
            continue
        squares = (e[eligible].astype(int) - e[row]) ** 2 + (n[eligible].astype(int) - n[row]) ** 2
        nearest = int(squares.argmin()) if len(squares) else -1
        near = nearest >= 0 and squares[nearest] <= limit**2
        released.append(int(eligible[nearest]) if near else -1)
    return released


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("k", "limit"), [(4, 40), (4, 2000), (9, 7)])
def test_substitutes_equal_brute_force_also_with_ties(seed: int, k: int, limit: int) -> None:
    rng = np.random.default_rng(seed)
    # A small grid, so that many postcodes share a point or lie equally far off.
    e, n = rng.integers(0, 25, (2, 300)).astype(np.int32) * 5
    counts = rng.integers(-1, 12, 300).astype(np.int16)
    found = substitutes(e, n, counts, k=k, limit_m=limit)
    assert found.tolist() == brute_force(e, n, counts, k, limit)


def test_without_any_eligible_postcode_there_is_no_substitute() -> None:
    e = np.array([1, 2], np.int32)
    found = substitutes(e, e, np.array([3, -1], np.int16), k=4, limit_m=2000)
    assert found.tolist() == [-1, -1]


def test_bath_and_north_east_somerset_equals_brute_force(shared_data: Path, tmp_path: Path) -> None:
    points = shared_data / "postcodes" / "codepoint_open_2025-05.csv.xz"
    proxy = shared_data / "households" / "banes_households_proxy.csv"
    if not (points.is_file() and proxy.is_file()):
        pytest.skip("Code-Point Open or the household proxy is not beside the checkout")
    with lzma.open(points, "rt", newline="") as file:
        rows = [
            (r["postcode"], int(r["easting"]), int(r["northing"]), r["district"])
            for r in csv.DictReader(line for line in file if line.startswith(("postcode", "BA")))
            if r["pqi"] != "90"
        ]
    metadata = build_index(tmp_path / "index", table_of(rows, "Code-Point Open", "2025-05"), proxy)
    index = PostcodeIndex.open(tmp_path / "index")
    _, columns = load_columns(tmp_path / "index")
    expected = brute_force(columns.eastings, columns.northings, columns.household_counts, 4, 2000)
    assert columns.released_rows.tolist() == expected
    assert metadata.substituted > 100
    assert metadata.households_digest is not None
    for place in map(index.release, (row[0] for row in rows)):
        assert place is not None
        assert place.postcode is None or (place.households or 0) >= 4


def test_the_installed_onspd_holds_great_britain_with_positions() -> None:
    table = onspd_package()
    assert len(table.keys) > 1_700_000
    assert not np.strings.startswith(table.keys, b"BT").any()
    assert not np.isin(table.keys, np.array([b"GY11AA", b"IM11AA"], "S7")).any()
    at = int(np.flatnonzero(table.keys == b"SW1A1AA")[0])
    assert table.district_codes[table.districts[at]] == "E09000033"
    assert abs(int(table.eastings[at]) - 529090) < 100


def test_code_point_open_leaves_out_postcodes_without_position(tmp_path: Path) -> None:
    path = tmp_path / "points.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write(HEADER + "BA1 1AA,10,375000,165000,E,E06000022,W\nBA1 1AB,90,0,0,E,,\n")
    table = code_point_open_csv(path)
    assert table.keys.tolist() == [b"BA11AA"]
    assert (int(table.eastings[0]), int(table.northings[0])) == (375000, 165000)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("postcode,easting\n", "line 1: no column pqi"),
        (HEADER + "BA1,10,1,2,E,D,W\n", "line 2, postcode: 'BA1'"),
        (HEADER + "BA1 1AA,10,x,2,E,D,W\n", "line 2, easting, northing: 'x, 2'"),
        (HEADER + "BA1 1AA,10\n", "line 2, row"),
    ],
)
def test_a_wrong_postcode_file_is_refused_with_line_and_field(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(BadReference, match=told):
        code_point_open_csv(path)


def test_household_counts_are_read_in_both_layouts(tmp_path: Path) -> None:
    own, census = tmp_path / "own.csv", tmp_path / "census.csv"
    own.write_text("postcode,households\nba11aa,5\n")
    census.write_text("Postcode,Total,Males,Females,Occupied_Households\nBA1 1AA,9,4,5,5\n")
    for path in (own, census):
        read = read_households(path)
        assert (read.keys.tolist(), read.counts.tolist()) == ([b"BA11AA"], [5])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("postcode,people\n", "line 1, header.*postcode,households"),
        ("postcode,households\nBA1 1AA,-1\n", "line 2, households: '-1'; accepted: a whole"),
        ("postcode,households\nBA1 1AA,4.5\n", "line 2, households: '4.5'"),
        ("postcode,households\nBA1 1AA,\n", "line 2, households: ''"),
        ("postcode,households\nXX,4\n", "line 2, postcode: 'XX'; accepted: a postcode"),
        ("postcode,households\nBA1 1AA,4\nBA11AA,9\n", "line 3, postcode"),
        ("postcode,households\nBA1 1AA\n", "line 2, row"),
    ],
)
def test_a_wrong_household_file_is_refused_with_line_and_field(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "households.csv"
    path.write_text(text)
    with pytest.raises(BadReference, match=told):
        read_households(path)


def one_postcode(easting: int = 1) -> PostcodeTable:
    return table_of([("BA1 1AA", easting, 2, "E06000022")], "test", "1")


def test_k_below_four_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexMismatch, match="k is 3; accepted: 4 or more"):
        build_index(tmp_path / "index", one_postcode(), k=3)


def test_a_failed_build_leaves_the_old_index_as_it_was(tmp_path: Path) -> None:
    build_index(tmp_path / "index", one_postcode())
    with pytest.raises(BadReference, match="outside the National Grid"):
        build_index(tmp_path / "index", one_postcode(-5))
    assert len(PostcodeIndex.open(tmp_path / "index")) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [".index.lock", "index"]


def test_a_rebuild_replaces_the_index_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    build_index(tmp_path / "index", one_postcode())
    build_index(tmp_path / "index", one_postcode(), k=6)
    assert PostcodeIndex.open(tmp_path / "index", k=6).metadata.k == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == [".index.lock", "index"]


def test_a_postcode_given_twice_is_refused(tmp_path: Path) -> None:
    rows = [("BA1 1AA", 1, 2, "D"), ("BA11AA", 3, 4, "D")]
    with pytest.raises(BadReference, match="1 postcodes are given more than once"):
        build_index(tmp_path / "index", table_of(rows, "test", "1"))


def test_a_key_too_short_for_a_postcode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadReference, match="'BA11' is no postcode"):
        build_index(tmp_path / "index", table_of([("BA1 1", 1, 2, "D")], "test", "1"))
