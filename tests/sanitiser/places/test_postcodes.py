"""Postcodes: their form, where they lie, and what may be released for an address in one."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.build.reference import build_index, table_of
from sanitiser.places.postcodes import (
    IndexCorrupt,
    IndexMismatch,
    IndexNotBuilt,
    IndexOfAnotherFormat,
    Postcode,
    PostcodeIndex,
    ReleasedPlace,
    normalise,
)

ROWS = [
    ("SW1A 1AA", 654312, 123465, "E09000033"),  # the guidance's worked example
    ("BA1 1AA", 375000, 165000, "E06000022"),  # two households: moved
    ("BA1 1AB", 375100, 165000, "E06000022"),  # stands in
    ("BA1 1AD", 374900, 165000, "E06000022"),  # equally near, later in order
    ("BA1 1AE", 375000, 166000, "E06000022"),  # unknown count: moved
    ("BA2 9ZZ", 390000, 150000, "E06000023"),  # too far from any
]
COUNTS = {"SW1A 1AA": 12, "BA1 1AA": 2, "BA1 1AB": 4, "BA1 1AD": 30, "BA2 9ZZ": 3}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    households = tmp_path / "households.csv"
    lines = "".join(f"{postcode},{count}\n" for postcode, count in COUNTS.items())
    households.write_text("postcode,households\n" + lines)
    build_index(tmp_path / "index", table_of(ROWS, "test", "1"), households)
    return tmp_path / "index"


@pytest.fixture
def index(folder: Path) -> PostcodeIndex:
    return PostcodeIndex.open(folder)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ba11aa", "BA1 1AA"),
        ("  B A 1  1 a a ", "BA1 1AA"),
        ("M1 1AA", "M1 1AA"),
        ("M60 1NW", "M60 1NW"),
        ("CR2 6XH", "CR2 6XH"),
        ("DN55 1PT", "DN55 1PT"),
        ("W1A 1HQ", "W1A 1HQ"),
        ("EC1A 1BB", "EC1A 1BB"),
        ("gir0aa", "GIR 0AA"),
        ("NPT 4AA", "NPT 4AA"),
    ],
)
def test_any_spacing_and_case_becomes_canonical(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BA1",
        "QA1 1AA",
        "BI1 1AA",
        "BA1 1CA",
        "BA1 1AAA",
        "BAA1 1AA",
        "GIR 1AA",
        "W1I 1AA",
        "BA\u0661 1AA",
    ],
)
def test_what_is_no_postcode_in_form_is_none(text: str) -> None:
    assert normalise(text) is None


@given(st.text(max_size=10))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert once is None or normalise(once) == once


def test_the_worked_example_of_the_guidance_releases_its_centroid(index: PostcodeIndex) -> None:
    place = index.release("SW1A 1AA")
    assert place == ReleasedPlace("SW1A 1AA", 654312, 123465, "E09000033", True, False, 12, 0.0)


def test_a_postcode_is_found_with_its_count_or_none_where_unknown(index: PostcodeIndex) -> None:
    assert index.find("BA1 1AA") == Postcode("BA1 1AA", 375000, 165000, 2, "E06000022")
    unknown = index.find("BA1 1AE")
    assert unknown is not None
    assert unknown.households is None
    assert index.find("ZZ1 1ZZ") is None
    assert index.find("") is None
    assert index.find("\u00e9") is None


def test_fewer_than_k_households_release_the_nearest_with_k_first_in_order(
    index: PostcodeIndex,
) -> None:
    place = index.release("BA1 1AA")
    assert place == ReleasedPlace("BA1 1AB", 375100, 165000, "E06000022", False, True, 4, 100.0)


def test_an_unknown_count_is_treated_as_too_few(index: PostcodeIndex) -> None:
    place = index.release("BA1 1AE")
    assert place is not None
    assert (place.postcode, place.substituted) == ("BA1 1AB", True)


def test_a_postcode_that_stands_in_releases_no_street_for_its_own_records(
    index: PostcodeIndex,
) -> None:
    stands_in, other = index.release("BA1 1AB"), index.release("BA1 1AD")
    assert stands_in is not None
    assert other is not None
    assert (stands_in.street_allowed, stands_in.substituted) == (False, False)
    assert (other.street_allowed, other.substituted) == (True, False)


def test_without_a_substitute_in_reach_only_the_district_is_released(index: PostcodeIndex) -> None:
    assert index.release("BA2 9ZZ") == ReleasedPlace(
        None, None, None, "E06000023", False, False, None, None
    )


def test_a_batch_gives_what_single_look_ups_give(index: PostcodeIndex) -> None:
    wanted = [row[0] for row in ROWS] + ["ZZ1 1ZZ", "SW1A 1AAZ", "", "\u00e9"]
    assert index.release_many(wanted) == [index.release(postcode) for postcode in wanted]
    as_bytes = np.array([b"SW1A1AA", b"SW1A1AAZ", b"BA1 1AA"])
    assert index.find_many(as_bytes).tolist() == [5, -1, 0]


def test_the_nearest_postcode_within_the_limit_is_found(index: PostcodeIndex) -> None:
    nearest = index.nearest(375090.4, 165003)
    assert nearest is not None
    assert nearest.postcode == "BA1 1AB"
    tied = index.nearest(374950, 165000)
    assert tied is not None
    assert tied.postcode == "BA1 1AA"


def test_the_nearest_postcode_is_found_across_a_tiles_edge(index: PostcodeIndex) -> None:
    nearest = index.nearest(389500, 149500)
    assert nearest is not None
    assert nearest.postcode == "BA2 9ZZ"


@pytest.mark.parametrize(
    ("easting", "northing"),
    [(390000, 152001), (math.nan, 1), (1, math.inf), (-1e9, 5), (1e9, 1e9)],
)
def test_no_postcode_within_the_limit_is_none(
    index: PostcodeIndex, easting: float, northing: float
) -> None:
    assert index.nearest(easting, northing) is None


def test_nearest_equals_brute_force(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    letters = "ABDEFGHJLN"
    rows = [
        (f"BA1 {i % 10}{letters[i // 10 % 10]}{letters[i // 100]}", int(e), int(n), "D")
        for i, (e, n) in enumerate(rng.integers(300_000, 325_000, (400, 2)))
    ]
    build_index(tmp_path / "index", table_of(rows, "test", "1"), limit_m=900)
    index = PostcodeIndex.open(tmp_path / "index")
    for e, n in rng.integers(299_000, 326_000, (300, 2)).tolist():
        distance, postcode = min((math.dist((e, n), row[1:3]), row[0]) for row in rows)
        found = index.nearest(e, n)
        assert (found.postcode if found else None) == (postcode if distance <= 900 else None)


def test_a_folder_without_an_index_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(IndexNotBuilt, match="ipu reference build"):
        PostcodeIndex.open(tmp_path)


def test_another_k_than_the_built_one_says_to_rebuild(folder: Path) -> None:
    assert PostcodeIndex.open(folder, k=4).metadata.k == 4
    with pytest.raises(IndexMismatch, match="built for k=4, but k=5 is needed: rebuild"):
        PostcodeIndex.open(folder, k=5)
    with pytest.raises(IndexMismatch, match="4 or more"):
        PostcodeIndex.open(folder, k=3)


@pytest.mark.parametrize("name", ["run_keys.npy", "units.npy", "moved_to.npy", "tile_offsets.npy"])
def test_a_missing_or_cut_off_file_is_corrupt(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-3])
    with pytest.raises(IndexCorrupt, match=name):
        PostcodeIndex.open(folder)
    (folder / name).unlink()
    with pytest.raises(IndexCorrupt, match=name):
        PostcodeIndex.open(folder)


@pytest.mark.parametrize("change", [{"k": 3}, {"rows": 7}, {"k": None}, {"rows": "many"}])
def test_metadata_that_contradicts_the_files_is_corrupt(
    folder: Path, change: dict[str, object]
) -> None:
    path = folder / "metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(IndexCorrupt):
        PostcodeIndex.open(folder)


@pytest.mark.parametrize("version", [1, 99])
def test_an_index_of_another_format_says_which_command_rebuilds_it_with_which_counts(
    folder: Path, version: int
) -> None:
    path = folder / "metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": version}))
    told = f"format version {version}; .* `ipu reference build --households FILE`.*households.csv"
    with pytest.raises(IndexOfAnotherFormat, match=told):
        PostcodeIndex.open(folder)
