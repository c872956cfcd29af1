"""Streets are found within 2 km of a point, and the nearest one is the street of a place."""

from __future__ import annotations

import csv
import gc
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.address.address import split_by_list
from sanitiser.build.street_build import build_streets
from sanitiser.places import streets as module
from sanitiser.places.streets import NEAR_M, STAND_IN_M, StreetList

Rows = Sequence[tuple[str, int, int]]
ROWS: Rows = (
    ("Acacia Avenue", 375_000, 165_000),
    ("Acacia Avenue", 375_400, 165_000),
    ("Acacia Avenue", 400_000, 165_000),
    ("Queen's Road", 374_999, 165_300),
    ("Queens Road", 376_900, 165_000),
    ("Amber Lane", 375_000, 165_600),
    ("Zebra Lane", 375_200, 165_600),
    ("Worth Road", 375_100, 165_100),
)
WORD = "quillam"
WORDS = [f"{WORD.capitalize()}{letter}" for letter in "abcdefgh"]
POINTS = st.tuples(st.integers(372_000, 378_000), st.integers(162_000, 168_000))


def listed(folder: Path, rows: Rows) -> StreetList:
    file = folder / "streets.csv"
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("name", "easting", "northing"))
        writer.writerows(rows)
    build_streets(folder / "streets", [file])
    return StreetList.open(folder / "streets")


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> StreetList:
    return listed(tmp_path_factory.mktemp("streets"), ROWS)


@given(POINTS, st.sampled_from(["acacia avenue", "queens road", "amber lane", "no road"]))
def test_a_street_is_found_exactly_if_a_point_of_it_is_within_two_kilometres(
    streets: StreetList, point: tuple[int, int], key: str
) -> None:
    near = (float(point[0]), float(point[1]))
    metres = [
        (math.hypot(e - point[0], n - point[1]), name)
        for name, e, n in ROWS
        if name.casefold().replace("'", "") == key
    ]
    expected = min((m for m in metres if m[0] <= NEAR_M), default=None)
    found = streets.around(near).find(key)
    assert (found and (found.metres, found.name)) == expected


@given(POINTS)
def test_the_nearest_street_is_that_of_a_search_of_all_points(
    streets: StreetList, point: tuple[int, int]
) -> None:
    squared = [((e - point[0]) ** 2 + (n - point[1]) ** 2, name) for name, e, n in ROWS]
    least, name = min(squared)
    expected = name if least <= STAND_IN_M**2 else None
    assert streets.nearest((float(point[0]), float(point[1]))) == expected


def test_of_equally_near_streets_the_first_in_the_alphabet_is_taken(streets: StreetList) -> None:
    assert streets.nearest((375_100.0, 165_600.0)) == "Amber Lane"


def test_a_slip_is_recognised_unless_the_word_as_given_is_a_word_of_a_street_around(
    streets: StreetList,
) -> None:
    around = streets.around((375_000.0, 165_000.0))
    found = around.slipped("acasia avenue")
    assert found is not None
    assert found.name == "Acacia Avenue"
    assert around.slipped("worth lane") is None
    assert around.slipped("ambre lane") is not None
    assert around.slipped("mber lane") is None  # shorter than five letters
    assert around.slipped("acacia") is None


def test_a_street_on_the_border_of_the_grid_is_found(tmp_path: Path) -> None:
    streets = listed(tmp_path, [("Edge Road", 0, 0), ("Far Road", 699_999, 1_299_999)])
    assert streets.nearest((0.0, 0.0)) == "Edge Road"
    assert streets.around((699_000.0, 1_299_000.0)).find("far road") is not None
    assert len(streets) == 2


def test_no_more_tiles_are_in_memory_than_the_limit_however_many_addresses_are_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TILES_KEPT", 3)
    places = [(f"{word} Lane", 305_000 + at * 20_000, 165_000) for at, word in enumerate(WORDS)]
    streets = listed(tmp_path, places)
    for name, east, north in places:
        parts = split_by_list(f"5 {name}, Bath", streets.around((float(east), float(north))))
        assert parts.street == name
    gc.collect()
    alive = [thing for thing in gc.get_objects() if isinstance(thing, module._Tile)]
    ours = [tile for tile in alive if any(key.startswith(WORD) for key in tile.points)]
    assert 0 < len(ours) <= 3


def test_streets_around_a_point_are_found_again_after_their_tile_left_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TILES_KEPT", 1)
    streets = listed(tmp_path, ROWS)
    around = streets.around((375_000.0, 165_000.0))
    assert streets.around((400_000.0, 165_000.0)).find("acacia avenue") is not None
    assert around.find("worth road") is not None
    assert around.most_words("worth") == 2
