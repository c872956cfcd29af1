"""An area holds its own districts' places and what lies within the margin of their postcodes."""

from __future__ import annotations

import pytest

from sanitiser.build.reference import build_index, table_of
from sanitiser.places.area import Area
from sanitiser.places.location import NOWHERE, Located
from sanitiser.places.postcodes import PostcodeIndex

POSTCODES = (
    ("BA1 1AA", 375_000, 165_000, "E06000022"),
    ("BA1 1AB", 376_000, 165_000, "E06000022"),
    ("SN13 0AA", 382_000, 165_000, "E06000054"),
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    folder = tmp_path_factory.mktemp("area")
    households = folder / "households.csv"
    households.write_text("postcode,households\nBA1 1AA,9\nBA1 1AB,9\nSN13 0AA,9\n")
    build_index(folder / "index", table_of(POSTCODES, "test", "1"), households)
    return PostcodeIndex.open(folder / "index")


def at(easting: float, district: str | None) -> Located:
    return Located(NOWHERE, "coordinates", (), (), (easting, 165_000.0), district)


def test_a_place_in_one_of_the_districts_is_inside(index: PostcodeIndex) -> None:
    area = Area(index, ["E06000022"], 0)
    assert area.holds(at(390_000, "E06000022"))
    assert not area.holds(at(382_000, "E06000054"))


@pytest.mark.parametrize(("easting", "inside"), [(376_500, True), (376_501, False)])
def test_beyond_the_boundary_the_margin_decides(
    index: PostcodeIndex, easting: float, *, inside: bool
) -> None:
    area = Area(index, ["E06000022"], 500)
    assert area.holds(at(easting, "E06000054")) is inside
    assert area.holds(at(easting, None)) is inside


def test_a_place_of_which_nothing_is_known_counts_as_inside(index: PostcodeIndex) -> None:
    assert Area(index, ["E06000022"], 0).holds(Located(NOWHERE, "none", (), ()))


def test_an_area_without_postcodes_holds_no_other_place(index: PostcodeIndex) -> None:
    assert not Area(index, ["W06000001"], 10_000).holds(at(375_000, "E06000022"))
