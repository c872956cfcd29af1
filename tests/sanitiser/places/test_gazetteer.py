"""Named places that are no address come out by name and centre; homes never do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.build.gazetteer_build import build_gazetteer
from sanitiser.build.reference_sources import BadReference
from sanitiser.places.gazetteer import Gazetteer, NamedPlace, key_of
from sanitiser.places.location import Given, Locator
from sanitiser.places.postcodes import PostcodeIndex
from tests.streams.partnership import small_index

HEADER = "source,name,type,easting,northing\n"
PLACES = HEADER + "".join(
    f"made up,{line}\n"
    for line in (
        "Royal Victoria Park,Public Park Or Garden,374000,165300",
        "Royal Victoria Park,Play Space,374100,165350",
        "Recreation Ground,Playing Field,375000,165000",
        "Recreation Ground,Playing Field,390000,150000",
        "King's Wood,Woodland Or Forest,376000,166000",
        "Manor Farm,Public Park Or Garden,375500,165500",
        "The Old Lodge,Park,375600,165500",
        "High Street / Market Place,Junction,375200,165200",
        "Acacia House,Farm,375300,165300",
    )
)


@pytest.fixture(scope="module")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    folder = tmp_path_factory.mktemp("places")
    (folder / "places.csv").write_text(PLACES)
    built = build_gazetteer(folder / "gazetteer", [folder / "places.csv"])
    assert built.left_out == {"named like a home": 2, "kind not released": 1}
    assert built.kept == {"park": 1, "open space": 3, "wood": 1, "junction": 1}
    return Gazetteer.open(folder / "gazetteer")


@pytest.fixture(scope="module")
def locator(gazetteer: Gazetteer, tmp_path_factory: pytest.TempPathFactory) -> Locator:
    index: PostcodeIndex = small_index(tmp_path_factory.mktemp("index"))
    return Locator(index, gazetteer)


@pytest.mark.parametrize(
    "address",
    [
        "Royal Victoria Park",
        "royal victoria park, Bath",
        "In ROYAL VICTORIA PARK, Bath",
        "near the Royal Victoria Park; Bath",
    ],
)
def test_a_place_is_found_by_the_first_part_of_an_address(
    gazetteer: Gazetteer, address: str
) -> None:
    assert gazetteer.find(address) == NamedPlace("Royal Victoria Park", 374_000, 165_300)


@pytest.mark.parametrize(
    "address",
    [
        "High Street j/w Market Place",
        "Junction of Market Place with High Street, Bath",
        "MARKET PLACE / HIGH STREET",
    ],
)
def test_a_junction_is_found_whichever_street_is_named_first(
    gazetteer: Gazetteer, address: str
) -> None:
    found = gazetteer.find(address)
    assert found is not None
    assert (found.easting, found.northing) == (375_200, 165_200)


@pytest.mark.parametrize(
    "address",
    [
        "Manor Farm",
        "The Old Lodge, Bath",
        "Acacia House",
        "5 Royal Victoria Park",
        "Victoria Park",
        "",
        "King's Wood, Church Road, Bath",
        "King's Wood, 3 High Street",
    ],
)
def test_homes_and_what_is_not_named_exactly_are_not_found(
    gazetteer: Gazetteer, address: str
) -> None:
    assert gazetteer.find(address) is None


def test_a_name_of_two_places_is_resolved_by_coordinates_or_area_or_else_not_at_all(
    gazetteer: Gazetteer,
) -> None:
    assert gazetteer.find("Recreation Ground") is None
    near = gazetteer.find("Recreation Ground", (375_300.0, 165_000.0))
    assert near == NamedPlace("Recreation Ground", 375_000, 165_000)
    within = gazetteer.within(lambda point: point[0] > 380_000)
    assert within.find("Recreation Ground") == NamedPlace("Recreation Ground", 390_000, 150_000)
    assert gazetteer.find("King's Wood", (300_000.0, 166_000.0)) is None


def test_a_record_of_a_named_place_has_its_name_and_centre_and_no_postcode(
    locator: Locator,
) -> None:
    located = locator.locate(Given("King's Wood, Keynsham", None, None, None, None, None))
    assert located.method == "gazetteer"
    assert located.released == ("King's Wood", None, 376_000, 166_000, "E06000022")
    exact = Given("Kings Wood", None, 376_012.5, 166_040.25, None, None)
    assert locator.locate(exact).released == located.released
    assert locator.locate(exact).point == (376_012.5, 166_040.25)


def test_a_home_is_never_looked_for_among_named_places(locator: Locator) -> None:
    located = locator.locate(Given("King's Wood", None, None, None, None, None), home=True)
    assert (located.method, located.released.address, located.released.easting) == (
        "none",
        None,
        None,
    )


def test_a_stated_postcode_goes_before_a_named_place(locator: Locator) -> None:
    located = locator.locate(Given("King's Wood", "BA1 2ZZ", None, None, None, None))
    assert located.method == "postcode"
    assert located.released.postcode == "BA1 2ZZ"
    assert located.released.address is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,easting,northing\n", "no column type"),
        (HEADER + "x,A Park,Park,1e99,2\n", "line 2: easting, northing: '1e99', '2'"),
        (HEADER + "x,A Park,Park,north,2\n", "accepted: metres"),
        (HEADER + "x,A Park\n", "2 cells"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_and_leaves_the_old_gazetteer(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "places.csv"
    path.write_text(PLACES)
    build_gazetteer(tmp_path / "gazetteer", [path])
    path.write_text(text)
    with pytest.raises(BadReference, match=told):
        build_gazetteer(tmp_path / "gazetteer", [path])
    assert len(Gazetteer.open(tmp_path / "gazetteer")) == 6


def test_os_open_names_is_read_as_it_is_published(tmp_path: Path) -> None:
    cells = [""] * 34
    cells[0], cells[2], cells[7] = "osgb4000000074559881", "Alice Park", "Recreation Ground"
    cells[8], cells[9] = "376500", "166600"
    (tmp_path / "ST66.csv").write_text("\ufeff" + ",".join(cells) + "\n")
    assert build_gazetteer(tmp_path / "gazetteer", [tmp_path / "ST66.csv"]).kept == {"park": 1}
    found = Gazetteer.open(tmp_path / "gazetteer").find("Alice Park, Bath")
    assert found == NamedPlace("Alice Park", 376_500, 166_600)


def test_the_places_of_the_district_are_found_by_their_own_names(
    shared_data: Path, tmp_path: Path
) -> None:
    built = build_gazetteer(tmp_path / "gazetteer", [shared_data / "gazetteer" / "places.csv.gz"])
    assert sum(built.kept.values()) > 300
    found = Gazetteer.open(tmp_path / "gazetteer").find("Grubbin's Wood")
    assert found == NamedPlace("Grubbin's Wood", 380_190, 169_379)


@given(st.text(max_size=80))
def test_any_text_has_a_key_or_none(text: str) -> None:
    key = key_of(text)
    assert key is None or key_of(key.decode()) == key
