"""A listed street leaves only if a postcode with enough households is the nearest to a point of it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.build.reference import build_index, table_of
from sanitiser.build.street_build import build_streets
from sanitiser.places.location import Given, Located, Locator
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.places.street_homes import StreetHomes
from sanitiser.places.streets import NEAR_M, STAND_IN_M, StreetList

K = 4
POSTCODES = {
    "BA3 2AE": (366_500, 154_500, 30),  # stands in for none
    "BA3 2AF": (366_880, 154_640, 20),  # stands in for BA3 2AS
    "BA3 2AS": (366_910, 154_580, 2),
    "BA3 4ZZ": (376_000, 154_500, 30),  # stands in for none, elsewhere
}
STREETS = (
    ("Railway View Place", 366_913, 154_582),
    ("High Street", 366_520, 154_480),
    ("Station Road", 366_860, 154_700),
    ("Long Lane", 366_905, 154_575),
    ("Long Lane", 366_510, 154_510),
    ("Mill Lane", 376_050, 154_500),
)
OWN = [postcode for postcode, (*_, households) in POSTCODES.items() if households >= K]
NAMES = sorted({name for name, *_ in STREETS})
TOO_FEW = ("street-with-too-few-households",)


@pytest.fixture(scope="module")
def locator(tmp_path_factory: pytest.TempPathFactory) -> Locator:
    folder: Path = tmp_path_factory.mktemp("homes")
    counts = [f"{postcode},{households}" for postcode, (*_, households) in POSTCODES.items()]
    (folder / "households.csv").write_text("\n".join(["postcode,households", *counts, ""]))
    rows = [(postcode, e, n, "E06000022") for postcode, (e, n, _) in POSTCODES.items()]
    build_index(folder / "index", table_of(rows, "test", "1"), folder / "households.csv", k=K)
    streets = [f"{name},{e},{n}" for name, e, n in STREETS]
    (folder / "streets.csv").write_text("\n".join(["name,easting,northing", *streets, ""]))
    build_streets(folder / "list", [folder / "streets.csv"])
    index = PostcodeIndex.open(folder / "index", K)
    return Locator(index, streets=StreetList.open(folder / "list"))


def located(locator: Locator, address: str, postcode: str) -> Located:
    return locator.locate(Given(address, postcode, None, None, None, None))


def _has_enough(point: tuple[float, float]) -> bool:
    """Search all postcodes, without the index."""
    nearest = min(POSTCODES.values(), key=lambda row: math.dist(row[:2], point))
    return nearest[2] >= K


def _points(name: str) -> list[tuple[int, int]]:
    return [(e, n) for listed, e, n in STREETS if listed == name]


@pytest.mark.parametrize("postcode", ["BA3 2AE", "BA3 4ZZ"])
@pytest.mark.parametrize(
    "address", ["3 Railway View Place", "Railway View Pl, Bath", "3 RAILWAY VEIW PLACE"]
)
def test_a_mistyped_postcode_does_not_release_a_street_of_two_households(
    locator: Locator, address: str, postcode: str
) -> None:
    assert located(locator, address, postcode).released[:2] == (None, postcode)


def test_a_street_of_two_households_is_told_as_the_reason(locator: Locator) -> None:
    assert located(locator, "3 Railway View Place", "BA3 2AE").withheld == TOO_FEW


def test_a_junction_with_a_street_of_two_households_is_withheld(locator: Locator) -> None:
    found = located(locator, "High Street and Railway View Place", "BA3 2AE")
    assert (found.released.address, found.withheld) == (None, TOO_FEW)
    both = located(locator, "High Street and Long Lane", "BA3 2AE")
    assert (both.released.address, both.withheld) == ("High Street and Long Lane", ())


def test_a_street_with_one_point_at_enough_households_is_released(locator: Locator) -> None:
    assert located(locator, "3 Long Lane", "BA3 2AE").released.address == "Long Lane"


def test_a_numbered_street_that_the_list_has_nowhere_is_released(locator: Locator) -> None:
    assert located(locator, "3 Amber Road", "BA3 2AE").released.address == "Amber Road"


def test_a_postcode_that_stands_in_has_the_nearest_street_with_enough_households(
    locator: Locator,
) -> None:
    for postcode in ("BA3 2AF", "BA3 2AS"):
        found = located(locator, "3 Railway View Place", postcode)
        assert found.released[:2] == ("Station Road", "BA3 2AF")


@given(
    st.sampled_from(NAMES),
    st.sampled_from(sorted(POSTCODES)),
    st.sampled_from(["3 {}", "{}, Bath", "Flat 2, 14 {}", "outside {}"]),
)
def test_no_listed_street_leaves_without_a_point_at_enough_households(
    locator: Locator, name: str, postcode: str, way: str
) -> None:
    released = located(locator, way.format(name), postcode).released
    if released.address is not None:
        street = released.address.removesuffix(", Bath")
        assert any(map(_has_enough, _points(street)))


@given(st.sampled_from(NAMES), st.integers(365_000, 377_000), st.integers(153_000, 156_000))
def test_the_points_that_count_are_those_near_the_postcode_or_else_all(
    locator: Locator, name: str, east: int, north: int
) -> None:
    near = (float(east), float(north))
    points = [p for p in _points(name) if math.dist(p, near) <= NEAR_M] or _points(name)
    assert locator.streets is not None
    homes = StreetHomes(locator.index, locator.streets)
    assert homes.are_enough(name, near) is any(map(_has_enough, points))


@given(st.integers(366_000, 367_400), st.integers(154_000, 155_200))
def test_the_street_of_a_stand_in_is_that_of_a_search_of_all_streets(
    locator: Locator, east: int, north: int
) -> None:
    near = (float(east), float(north))
    fitting = [
        (squared, name)
        for name, e, n in STREETS
        if any(map(_has_enough, _points(name)))
        and (squared := (e - east) ** 2 + (n - north) ** 2) <= STAND_IN_M**2
    ]
    assert locator.streets is not None
    found = StreetHomes(locator.index, locator.streets).nearest(near)
    assert found == (min(fitting)[1] if fitting else None)
