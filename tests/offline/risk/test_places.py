"""Own and moved records of a substitute postcode must look alike; a sector is not counted here."""

from __future__ import annotations

from pathlib import Path

import pytest

from offline.risk.places import places
from offline.risk.truth import Truth
from sanitiser.build.street_build import build_streets
from sanitiser.places.location import NOWHERE, Given, Located, Locator
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.places.streets import StreetList
from schemas.catalogue import load_catalogue
from tests.streams.partnership import small_index

TYPE = load_catalogue().record_type("police-incident")
SUBSTITUTE = "BA1 1AB"
ELSEWHERE = {"location_": Located(NOWHERE, "none", (), ())}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    return small_index(tmp_path_factory.mktemp("index"))


def row(address: str, postcode: str = SUBSTITUTE) -> dict[str, str]:
    return {"location_address": address, "location_postcode": postcode}


@pytest.fixture
def nearest_is_acacia(tmp_path: Path) -> StreetList:
    file = tmp_path / "streets.csv"
    file.write_text("name,easting,northing\nAcacia Avenue,375100,165010\nPark Road,375100,165400\n")
    build_streets(tmp_path / "streets", [file])
    return StreetList.open(tmp_path / "streets")


def reasons(
    index: PostcodeIndex, rows: list[dict[str, str]], listed: StreetList | None = None
) -> set[str]:
    """Return the reasons of the hits, where the sanitiser itself gives the same rows."""
    truths = [Truth({}, {}, frozenset(), cells, ELSEWHERE) for cells in rows]
    hits, _ = places(rows, truths, TYPE, "central", index, 4, listed)
    return {hit.reason for hit in hits}


TOLD_APART = {"a street with a postcode that is a substitute for others"}


def test_the_listed_street_nearest_to_a_substitute_is_no_finding(
    index: PostcodeIndex, nearest_is_acacia: StreetList
) -> None:
    same = [row("Acacia Avenue"), row("Acacia Avenue")]
    assert reasons(index, same, nearest_is_acacia) == set()


def test_two_streets_with_a_substitute_are_found_also_where_the_sanitiser_gives_them(
    index: PostcodeIndex, nearest_is_acacia: StreetList
) -> None:
    apart = [row("Acacia Avenue"), row("Park Road")]
    assert reasons(index, apart, nearest_is_acacia) == TOLD_APART


def test_another_street_of_a_substitute_is_found_also_where_the_sanitiser_gives_it(
    index: PostcodeIndex, nearest_is_acacia: StreetList
) -> None:
    assert reasons(index, [row("Park Road")], nearest_is_acacia) == TOLD_APART
    assert reasons(index, [row("Acacia Avenue")]) == TOLD_APART


def test_a_sector_is_no_unknown_postcode(index: PostcodeIndex) -> None:
    sector = [row("", "BA1 1")]
    assert reasons(index, sector) == set()


def test_the_street_that_the_sanitiser_gives_a_substitute_is_no_finding(
    index: PostcodeIndex, tmp_path: Path
) -> None:
    """Few Lane is nearest to the centroid, but its homes are in a postcode with too few of them."""
    file = tmp_path / "streets.csv"
    file.write_text("name,easting,northing\nFew Lane,375045,165000\nPark Road,375160,165000\n")
    build_streets(tmp_path / "streets", [file])
    listed = StreetList.open(tmp_path / "streets")
    given = Given("4 Few Lane", SUBSTITUTE, None, None, None, None)
    released = Locator(index, streets=listed).locate(given).released.address
    assert (listed.nearest((375_100.0, 165_000.0)), released) == ("Few Lane", "Park Road")
    assert reasons(index, [row("Park Road")], listed) == set()
    assert reasons(index, [row("Few Lane")], listed) == TOLD_APART
