"""Places of a coarser profile: the sector, else the district, and never a place with few households."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.build.reference import build_index, table_of
from sanitiser.places.coarse_places import Cell, CoarsePlaces
from sanitiser.places.location import NOWHERE, Given, Locator, Released
from sanitiser.places.postcodes import Postcode, PostcodeIndex

BATH, SOMERSET, WILTS = "E06000022", "E06000023", "E06000054"
POSTCODES = (
    ("BA1 1AA", 375_000, 165_000, BATH),
    ("BA1 1AB", 375_100, 165_100, BATH),
    ("BA1 1AD", 375_050, 165_020, BATH),  # too few households: moved to a neighbour
    ("BA1 1AE", 375_200, 165_000, SOMERSET),  # the same sector in another district
    ("BA1 2AA", 375_000, 166_000, BATH),  # alone in its sector, with 5 households
    ("BA1 3AA", 375_000, 167_000, BATH),  # the same
    ("BA11 1AA", 377_000, 147_000, SOMERSET),  # alone in its sector, with 5
    ("BA14 6AA", 385_000, 158_000, WILTS),  # in a sector of which the area has one postcode
    ("BA14 6AB", 386_000, 158_000, WILTS),
)
COUNTS = {
    "BA1 1AA": 20, "BA1 1AB": 12, "BA1 1AD": 2, "BA1 1AE": 9, "BA1 2AA": 5, "BA1 3AA": 5, "BA11 1AA": 5,
    "BA14 6AA": 5, "BA14 6AB": 50,
}  # fmt: skip
K, LEAST = 4, 8


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    folder: Path = tmp_path_factory.mktemp("reference")
    rows = [f"{postcode},{count}" for postcode, count in COUNTS.items()]
    (folder / "households.csv").write_text("\n".join(["postcode,households", *rows, ""]))
    build_index(folder / "index", table_of(POSTCODES, "test", "1"), folder / "households.csv")
    return PostcodeIndex.open(folder / "index")


@pytest.fixture(scope="module")
def sectors(index: PostcodeIndex) -> CoarsePlaces:
    return CoarsePlaces(index, LEAST, by_sector=True)


@pytest.fixture(scope="module")
def postcodes(index: PostcodeIndex) -> CoarsePlaces:
    return CoarsePlaces(index, LEAST, by_sector=False)


def at(index: PostcodeIndex, postcode: str) -> Released:
    blank = Given("5 Acacia Avenue", postcode, None, None, None, None)
    return Locator(index).locate(blank).released


def west_of(easting: int) -> Callable[[Postcode], bool]:
    return lambda postcode: postcode.easting <= easting


def test_the_index_gives_the_postcodes_of_a_sector_and_no_others(index: PostcodeIndex) -> None:
    def of(sector: str) -> list[str]:
        return [postcode.postcode for postcode in index.in_sector(sector)]

    assert of("BA1 1") == ["BA1 1AA", "BA1 1AB", "BA1 1AD", "BA1 1AE"]
    assert of("BA11 1") == ["BA11 1AA"]
    assert of("BA1 4") == of("ZE1 0") == of("AA1 1") == []
    assert [p.postcode for p in index.in_district(SOMERSET)] == ["BA11 1AA", "BA1 1AE"]
    assert list(index.in_district("E09000001")) == []


def test_a_place_is_its_sector_without_street_at_the_centre_of_its_postcodes(
    index: PostcodeIndex, sectors: CoarsePlaces
) -> None:
    expected = Released(None, "BA1 1", 375_050, 165_050, BATH)
    assert at(index, "BA1 1AB").address == "Acacia Avenue"
    assert sectors(at(index, "BA1 1AA")) == sectors(at(index, "BA1 1AB")) == expected


def test_a_moved_place_has_the_sector_of_its_substitute(
    index: PostcodeIndex, sectors: CoarsePlaces
) -> None:
    moved = at(index, "BA1 1AD")
    assert moved.postcode in {"BA1 1AA", "BA1 1AB"}
    assert sectors(moved) == sectors(at(index, "BA1 1AA"))


def test_only_households_of_its_own_district_make_a_sector_large_enough(
    index: PostcodeIndex, sectors: CoarsePlaces
) -> None:
    assert sectors.cell("BA1 1", BATH) == Cell(32, 375_050, 165_050)
    assert sectors(at(index, "BA1 1AE")) == Released(None, "BA1 1", 375_200, 165_000, SOMERSET)
    more = CoarsePlaces(index, 10, by_sector=True)
    assert more(at(index, "BA1 1AE")).postcode is None


def test_a_sector_with_too_few_households_is_its_district(
    index: PostcodeIndex, sectors: CoarsePlaces
) -> None:
    assert sectors(at(index, "BA1 2AA")) == NOWHERE._replace(district=BATH)


def test_a_district_with_one_small_sector_would_name_it_and_is_withheld(
    index: PostcodeIndex, sectors: CoarsePlaces
) -> None:
    assert sectors(at(index, "BA11 1AA")) == NOWHERE


def test_a_sector_counts_only_as_far_as_it_is_in_the_readers_area(index: PostcodeIndex) -> None:
    whole = CoarsePlaces(index, LEAST, by_sector=True)
    bordered = CoarsePlaces(index, LEAST, by_sector=True, holds=west_of(385_500))
    assert whole(at(index, "BA14 6AA")).postcode == "BA14 6"
    assert bordered(at(index, "BA14 6AA")) == NOWHERE


def test_a_postcode_with_too_few_households_for_the_profile_is_its_district(
    index: PostcodeIndex, postcodes: CoarsePlaces
) -> None:
    assert at(index, "BA1 2AA").postcode == "BA1 2AA", "four households are enough by the index"
    assert postcodes(at(index, "BA1 2AA")) == NOWHERE._replace(district=BATH)
    assert postcodes(at(index, "BA11 1AA")) == NOWHERE, "no other postcode of the district is small"
    large = at(index, "BA1 1AA")
    assert postcodes(large) == large


def test_a_named_place_has_the_sector_of_the_nearest_postcode(
    index: PostcodeIndex, sectors: CoarsePlaces, postcodes: CoarsePlaces
) -> None:
    wood = Released("Royal Victoria Park", None, 375_003, 165_004, BATH)
    assert sectors(wood) == sectors(at(index, "BA1 1AA"))
    assert postcodes(wood) == wood, "it is no home"
    assert sectors(wood._replace(easting=100_000)) == NOWHERE


def test_a_district_alone_stays_as_it_is(sectors: CoarsePlaces, postcodes: CoarsePlaces) -> None:
    for place in (NOWHERE, NOWHERE._replace(district=BATH)):
        assert sectors(place) == postcodes(place) == place


@given(least=st.integers(K, 60), edge=st.integers(374_900, 386_100), by_sector=st.booleans())
def test_no_released_place_has_fewer_households_than_agreed(
    index: PostcodeIndex, least: int, edge: int, *, by_sector: bool
) -> None:
    """All homes of one released place, of the postcodes of the area, are at least as many as agreed."""
    holds = west_of(edge)
    coarse = CoarsePlaces(index, least, by_sector=by_sector, holds=holds)
    homes: dict[Released, int] = {}
    for postcode, count in COUNTS.items():
        found = index.find(postcode)
        assert found is not None
        if count >= K and holds(found):
            place = coarse(at(index, postcode))
            homes[place] = homes.get(place, 0) + count
    for place, count in homes.items():
        assert place == NOWHERE or count >= least, place
