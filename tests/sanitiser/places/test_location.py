"""The place of a record is found, and no more of it is released than Appendix 1 allows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.build.reference import build_index, table_of
from sanitiser.build.street_build import build_streets
from sanitiser.places.location import NOWHERE, Given, Located, Locator, Released, location_of
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.places.streets import StreetList

POSTCODES = (
    ("SW1A 1AA", 654_312, 123_465, "E09000033"),
    ("BA1 1AA", 375_000, 165_000, "E06000022"),  # two households: moved to BA1 1AB
    ("BA1 1AB", 375_100, 165_000, "E06000023"),  # stands in
    ("BA1 1AE", 375_000, 166_000, "E06000022"),  # unknown count: moved
    ("BA1 2ZZ", 375_000, 170_000, "E06000022"),  # stands in for none
    ("BA2 9ZZ", 390_000, 150_000, "E06000022"),  # too few, and too far from any
)
COUNTS = {"SW1A 1AA": 12, "BA1 1AA": 2, "BA1 1AB": 40, "BA1 2ZZ": 30, "BA2 9ZZ": 3}
BLANK = Given(None, None, None, None, None, None)
SUBSTITUTE = Released(None, "BA1 1AB", 375_100, 165_000, "E06000023")


@pytest.fixture(scope="module")
def locator(tmp_path_factory: pytest.TempPathFactory) -> Locator:
    folder: Path = tmp_path_factory.mktemp("reference")
    rows = [f"{postcode},{count}" for postcode, count in COUNTS.items()]
    (folder / "households.csv").write_text("\n".join(["postcode,households", *rows, ""]))
    build_index(folder / "index", table_of(POSTCODES, "test", "1"), folder / "households.csv")
    return Locator(PostcodeIndex.open(folder / "index"))


STREETS = (
    ("Acacia Avenue", 654_300, 123_400),
    ("Stand Road", 375_150, 165_000),
    ("Own Lane", 375_100, 165_300),
    ("Mill Lane", 375_000, 170_100),
)


@pytest.fixture(scope="module")
def listed(locator: Locator, tmp_path_factory: pytest.TempPathFactory) -> Locator:
    """The same locator with a list of streets."""
    folder: Path = tmp_path_factory.mktemp("streets")
    rows = [f"{name},{east},{north}" for name, east, north in STREETS]
    (folder / "streets.csv").write_text("\n".join(["name,easting,northing", *rows, ""]))
    build_streets(folder / "list", [folder / "streets.csv"])
    return replace(locator, streets=StreetList.open(folder / "list"))


def located(locator: Locator, **given_parts: str | float) -> Located:
    return locator.locate(BLANK._replace(**given_parts))  # type: ignore[arg-type]


def test_the_worked_example_of_the_guidance(locator: Locator) -> None:
    found = located(
        locator, address="5 Acacia Avenue, SW1A 1AA", easting=654_321.0, northing=123_456.0
    )
    assert found.released == Released("Acacia Avenue", "SW1A 1AA", 654_312, 123_465, "E09000033")
    assert (found.method, found.caveats, found.withheld) == ("coordinates", (), ())


@pytest.mark.parametrize("written", ["SW1A 1AA", "sw1a1aa", " SW1A  1AA "])
def test_a_postcode_is_found_however_it_is_written(locator: Locator, written: str) -> None:
    found = located(locator, postcode=written)
    assert (found.released.postcode, found.method) == ("SW1A 1AA", "postcode")


def test_a_postcode_within_the_address_is_found(locator: Locator) -> None:
    found = located(locator, address="5 Acacia Avenue SW1A 1AA")
    assert (found.released.easting, found.method) == (654_312, "postcode")


def test_the_postcode_of_its_own_field_leads_the_one_in_the_address(locator: Locator) -> None:
    found = located(locator, address="5 Acacia Avenue SW1A 1AA", postcode="BA1 2ZZ")
    assert found.released.postcode == "BA1 2ZZ"


@pytest.mark.parametrize(
    ("postcode", "caveat"),
    [("nowhere", "postcode:malformed"), ("ZE1 0AA", "postcode:unknown")],
)
def test_a_postcode_that_does_not_exist_is_told_and_the_coordinates_lead(
    locator: Locator, postcode: str, caveat: str
) -> None:
    found = located(locator, postcode=postcode, easting=654_320.0, northing=123_460.0)
    assert found.released.postcode == "SW1A 1AA"
    assert (found.method, found.caveats) == ("nearest-postcode", (caveat,))


def test_coordinates_without_a_postcode_take_the_nearest_one(locator: Locator) -> None:
    found = located(locator, easting=375_010.0, northing=169_900.0)
    assert found.released == Released(None, "BA1 2ZZ", 375_000, 170_000, "E06000022")
    assert found.method == "nearest-postcode"


def test_degrees_serve_where_there_are_no_metres(locator: Locator) -> None:
    # Bath, about ST 750 650 (375000, 165000).
    found = located(locator, longitude=-2.36051, latitude=51.38386)
    assert found.released == SUBSTITUTE
    with_postcode = located(locator, longitude=-2.36051, latitude=51.38386, postcode="BA1 1AB")
    assert (with_postcode.method, with_postcode.caveats) == ("wgs84-coordinates", ())


def test_half_a_pair_of_metres_is_none(locator: Locator) -> None:
    alone = located(locator, easting=375_000.0)
    assert (alone.released, alone.method) == (NOWHERE, "none")
    beside_degrees = located(
        locator, easting=375_000.0, longitude=-2.36051, latitude=51.38386, postcode="BA1 1AB"
    )
    assert beside_degrees.method == "wgs84-coordinates"


def test_coordinates_that_contradict_the_postcode_are_told_and_not_mended(
    locator: Locator,
) -> None:
    found = located(locator, postcode="SW1A 1AA", easting=654_312.0, northing=124_466.0)
    assert found.released == Released(None, "SW1A 1AA", 654_312, 123_465, "E09000033")
    assert found.caveats == ("easting:contradicts-postcode",)
    near = located(locator, postcode="SW1A 1AA", easting=654_312.0, northing=124_465.0)
    assert near.caveats == ()


@pytest.mark.parametrize("postcode", ["BA1 1AA", "BA1 1AE"])
def test_a_postcode_of_too_few_or_unknown_households_goes_out_as_its_substitute(
    locator: Locator, postcode: str
) -> None:
    found = located(locator, postcode=postcode, address="1 Mill Lane, Bath")
    assert found.released == SUBSTITUTE
    assert found.withheld == ("address-of-a-postcode-that-stands-in",)


def test_a_postcode_that_stands_in_releases_no_street_of_its_own_either(locator: Locator) -> None:
    own = located(locator, postcode="BA1 1AB", address="1 Mill Lane, Bath")
    moved = located(locator, postcode="BA1 1AA", address="2 Old Track, Bath")
    assert (own.released, own.withheld) == (moved.released, moved.withheld)


def test_without_a_substitute_the_district_alone_goes_out(locator: Locator) -> None:
    found = located(locator, postcode="BA2 9ZZ", address="1 Far Lane, Bath")
    assert found.released == NOWHERE._replace(district="E06000022")
    assert found.withheld == ("no-postcode-with-enough-households",)


def test_an_address_that_cannot_be_split_with_certainty_is_withheld(locator: Locator) -> None:
    found = located(locator, postcode="BA1 2ZZ", address="Manor Farm")
    assert (found.released.address, found.released.postcode) == (None, "BA1 2ZZ")
    assert found.withheld == ("address-split-uncertain",)


def test_an_address_without_a_place_is_withheld_and_counted(locator: Locator) -> None:
    found = located(locator, address="1 Mill Lane, Bath")
    assert found == Located(NOWHERE, "none", (), ("address-without-place",))


def test_coordinates_far_from_every_postcode_are_nowhere(locator: Locator) -> None:
    found = located(locator, easting=100_000.0, northing=1_000_000.0)
    assert found == Located(NOWHERE, "none", (), (), (100_000.0, 1_000_000.0))


@given(
    easting=st.floats(0, 700_000),
    northing=st.floats(0, 1_300_000),
    postcode=st.none() | st.sampled_from([row[0] for row in POSTCODES] + ["ZE1 0AA", "?"]),
    address=st.none() | st.sampled_from(["5 Acacia Avenue, SW1A 1AA", "Manor Farm", "1 Mill Lane"]),
)
def test_no_point_leaves_but_that_of_a_postcode_with_enough_households(
    locator: Locator, easting: float, northing: float, postcode: str | None, address: str | None
) -> None:
    given_parts = BLANK._replace(
        easting=easting, northing=northing, postcode=postcode, address=address
    )
    released = locator.locate(given_parts).released
    points = {row[:3] for row in POSTCODES if COUNTS.get(row[0], 0) >= 4}
    if released.postcode is not None:
        assert (released.postcode, released.easting, released.northing) in points
    else:
        assert released[:4] == (None, None, None, None)


def test_a_location_group_is_read_by_its_prefix() -> None:
    record = {"home_postcode": "SW1A 1AA", "location_postcode": "BA1 1AA", "home_easting": 1.0}
    assert location_of("home_")(record) == BLANK._replace(postcode="SW1A 1AA", easting=1.0)


def test_with_a_list_a_street_near_the_postcode_is_released_in_its_spelling(
    listed: Locator,
) -> None:
    found = located(listed, postcode="BA1 2ZZ", address="5 MILL LN, BATH")
    assert (found.released.address, found.withheld) == ("Mill Lane, Bath", ())


def test_with_a_list_a_street_that_is_elsewhere_is_withheld(listed: Locator) -> None:
    found = located(listed, postcode="BA1 2ZZ", address="Acacia Avenue, Bath")
    assert (found.released.address, found.withheld) == (None, ("address-split-uncertain",))


ADDRESSES = st.sampled_from(
    [
        "1 Mill Lane, Bath",
        "2 Own Lane",
        "Stand Road",
        "Manor Farm",
        "5 Acacia Avenue, BA1 2ZZ",
        "Jane Doe",
    ]
)


@given(
    own=ADDRESSES,
    moved=ADDRESSES,
    origin=st.sampled_from(["BA1 1AA", "BA1 1AE"]),
    point=st.none() | st.tuples(st.floats(374_900, 375_200), st.floats(164_900, 165_100)),
)
def test_with_a_list_own_and_repositioned_records_of_a_postcode_look_alike(
    listed: Locator, own: str, moved: str, origin: str, point: tuple[float, float] | None
) -> None:
    at = BLANK if point is None else BLANK._replace(easting=point[0], northing=point[1])
    stays = listed.locate(at._replace(address=own, postcode="BA1 1AB"))
    goes = listed.locate(at._replace(address=moved, postcode=origin))
    assert stays.released == goes.released == SUBSTITUTE._replace(address="Stand Road")
    assert stays.withheld == goes.withheld == ()


def test_a_record_without_an_address_has_no_street_wherever_it_is(listed: Locator) -> None:
    for postcode in ("BA1 1AB", "BA1 1AA", "BA1 2ZZ"):
        assert located(listed, postcode=postcode).released.address is None


def test_a_repositioned_record_has_no_street_if_none_is_near_its_new_place(
    locator: Locator, tmp_path: Path
) -> None:
    (tmp_path / "streets.csv").write_text("name,easting,northing\nFar Road,375100,165501\n")
    build_streets(tmp_path / "list", [tmp_path / "streets.csv"])
    far = replace(locator, streets=StreetList.open(tmp_path / "list"))
    for postcode in ("BA1 1AA", "BA1 1AB"):
        found = located(far, postcode=postcode, address="1 Far Road")
        assert found.released == SUBSTITUTE
        assert found.withheld == ("no-street-near-the-released-postcode",)
