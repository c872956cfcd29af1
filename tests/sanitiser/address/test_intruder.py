"""Attempts of a motivated intruder to get a name, a home, or a join between streams; all must fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sanitiser.address.address import released_address, split
from sanitiser.build.reference import build_index, table_of
from sanitiser.places.location import Given, Located, Locator, Released
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.policy import Policy
from sanitiser.references import KEY_BYTES, ReferenceKey
from schemas.catalogue import load_catalogue
from schemas.derive import utc_field_name
from schemas.record_type import Treatment

LARGE, TINY, LARGE_FAR = "BA1 2ZZ", "BA1 1AA", "BA2 4ZZ"
ROWS = (
    (LARGE, 375_000, 170_000, "E06000022"),
    ("BA1 2ZA", 375_000, 171_500, "E06000022"),  # takes the tiny one in, so that LARGE need not
    (TINY, 375_000, 171_400, "E06000022"),
    (LARGE_FAR, 390_000, 150_000, "E06000022"),
)
COUNTS = {LARGE: 30, "BA1 2ZA": 20, TINY: 1, LARGE_FAR: 40}


@pytest.fixture(scope="module")
def locator(tmp_path_factory: pytest.TempPathFactory) -> Locator:
    folder: Path = tmp_path_factory.mktemp("reference")
    rows = [f"{postcode},{count}" for postcode, count in COUNTS.items()]
    (folder / "households.csv").write_text("\n".join(["postcode,households", *rows, ""]))
    build_index(folder / "index", table_of(ROWS, "test", "1"), folder / "households.csv")
    return Locator(PostcodeIndex.open(folder / "index"))


def locate(locator: Locator, **parts: str | float) -> Located:
    given = Given(None, None, None, None, None, None)._replace(**parts)  # type: ignore[arg-type]
    return locator.locate(given)


@pytest.mark.parametrize(
    "behind",
    [
        "John Smith, Bath",
        "The Willows, Bath",
        "Seventy-two, Bath",
        "Patel family",
        "victim Jane Doe",
        "Bath, BA1 2ZZ, John Smith",
        "filled.count.soap",
    ],
)
def test_of_what_stands_behind_the_street_a_well_known_town_alone_is_released(behind: str) -> None:
    accepted = {"Acacia Avenue", "Acacia Avenue, Bath", None}
    assert released_address(f"5 Acacia Avenue, {behind}") in accepted


@pytest.mark.parametrize(
    "address",
    [
        "5 Willows Acacia Avenue, Bath",
        "12 Patel Acacia Avenue, Bath",
        "Rear of Rosedene Acacia Avenue",
        "Land at Rosedene Acacia Avenue",
        "The Annexe, Willows Acacia Avenue",
        "Bath, Jane Doe Oak Road",
        "5 Jane Doe Road",
        "Land of Patel of Acacia Avenue",
        "Acacia Avenue and home of Jane Doe Street",
        "Acacia Avenue Jane Doe Gardens",
        "Stryd Fawr Bron y Graig Harlech",
        "Stryd Fawr rhif pump Harlech",
        "Ffordd Newydd Hafod Fach Bala",
        "Jane-Doe-of-No-twelve Road",
        "Jane.Doe Road",
        "Jane/Doe Road",
        "Janedoeofflattwoattherectory Road",
    ],
)
def test_a_street_that_may_carry_another_name_before_it_is_withheld(address: str) -> None:
    found = released_address(address) or ""
    hidden = ("Willows", "Patel", "Rosedene", "Jane", "Bron", "rhif", "Hafod")
    assert not any(word in found for word in hidden)


@pytest.mark.parametrize(
    ("address", "street"),
    [
        ("12 Upper Bristol Road, Bath", "Upper Bristol Road, Bath"),
        ("9 St James's Square, Bath", "St James's Square, Bath"),
        ("5 Prince of Wales Road", "Prince of Wales Road"),
        ("Junction of Acacia Avenue and High Street", "Acacia Avenue and High Street"),
        ("Acacia Avenue end of terrace, Bath", "Acacia Avenue, Bath"),
        ("12 Heol y Bont, Aberystwyth", "Heol y Bont, Aberystwyth"),
        ("Ffordd Pen y Bryn, Bala", "Ffordd Pen y Bryn"),
    ],
)
def test_a_plain_street_is_still_released(address: str, street: str) -> None:
    assert released_address(address) == street


def test_an_address_longer_than_any_is_not_looked_into() -> None:
    assert split("5 Acacia Avenue, " + "a " * 500).reason == "too-long"


def test_a_street_comes_out_beside_the_postcode_that_was_stated_for_it(locator: Locator) -> None:
    found = locate(locator, address=f"5 Acacia Avenue, {LARGE}", postcode=LARGE)
    assert (found.released.address, found.released.postcode) == ("Acacia Avenue", LARGE)


@pytest.mark.parametrize(
    "given",
    [
        {"address": f"1 Tiny Lane, {TINY}", "postcode": LARGE},
        {"address": "1 Tiny Lane", "postcode": LARGE_FAR, "easting": 375e3, "northing": 171_400.0},
        {"address": "1 Tiny Lane", "easting": 375_000.0, "northing": 170_600.0},
        {"address": f"1 Tiny Lane, {TINY}, {LARGE}", "postcode": LARGE},
        {"address": f"1 Tiny Lane, {TINY}, {LARGE}", "easting": 375e3, "northing": 170_600.0},
    ],
    ids=["other-postcode", "far-coordinates", "nearest-postcode", "two-postcodes", "no-postcode"],
)
def test_the_street_of_a_tiny_postcode_never_stands_beside_another_postcode(
    locator: Locator, given: dict[str, str | float]
) -> None:
    found = locate(locator, **given)
    assert found.released.postcode in {LARGE, LARGE_FAR}
    assert found.released.address is None
    assert found.withheld == ("address-not-known-to-lie-in-the-postcode",)


def test_a_part_of_a_place_that_a_profile_drops_stays_behind() -> None:
    catalogue = load_catalogue()
    declared = catalogue.record_type("fire-incident")
    dropped = {"central": Treatment("address"), "second": Treatment("drop")}
    record_type = replace(
        declared,
        fields=tuple(
            replace(f, treatments=dropped) if f.name == "location_address" else f
            for f in declared.fields
        ),
    )
    policy = Policy(record_type, "second", ReferenceKey(b"k" * KEY_BYTES), catalogue.code_lists)
    record = dict.fromkeys(f.name for f in record_type.fields)
    record |= dict.fromkeys(utc_field_name(e.time) for e in record_type.events if e.time)
    place = Released("Acacia Avenue", "BA1 2ZZ", 375_000, 170_000, "E06000022")
    located = {"location_": Located(place, "postcode", (), ())}
    released = policy.release("fire", record, located, [])
    assert "location_address" not in released
    assert released["location_postcode"] == "BA1 2ZZ"


SOMEBODY = (
    "Okonkwo",
    "Mbeki",
    "Kowalczyk",
    "Nguyen",
    "Singh",
    "Smith",
    "Peter",
    "Rosemount",
    "MacDonald",
    "O'Brien",
    "D\u2019Arcy",
)
WHOLE_STREETS = (
    "Park Road",
    "Valley Road",
    "Church Street",
    "Station Road",
    "Mill Lane",
    "Green Lane",
    "High Street",
)
POSITIONS = (
    "outside", "near", "corner", "opposite", "opp", "o/s", "rear of", "next to", "behind", "junction of",
    "jct", "jcn", "off", "adj", "at", "ger", "gyferbyn", "wrth",
)  # fmt: skip


def spellings(line: str) -> set[str]:
    return {
        line,
        line.upper(),
        line.lower(),
        f"{line}, Bath",
        f"{line} Bath",
        line.replace(", ", "\n"),
    }


@pytest.mark.parametrize("somebody", SOMEBODY)
@pytest.mark.parametrize("street", WHOLE_STREETS)
def test_a_name_before_a_whole_street_never_comes_out(somebody: str, street: str) -> None:
    lines = [
        f"{before}{somebody} {street}{side}"
        for before in ("", "12 ", "outside ", "Flat 2, ", "near ", "12a ")
        for side in ("", " North", " Upper")
    ]
    lines += [f"{somebody} {position} {street}" for position in POSITIONS]
    lines += [f"{position} {somebody} {street}" for position in POSITIONS]
    lines += [
        f"12 Acacia Avenue {somebody} drive",
        f"{somebody}Acacia Avenue",
        f"Mr{somebody}Acacia Avenue",
        f"{somebody}'{street}",
        f"{somebody} and {street}",
        f"12 Maes-y-Felin {somebody}",
        f"Maes-y-Felin & {somebody}",
        f"Ffordd y Mor side {somebody}",
    ]
    for line in lines:
        for spelling in spellings(line):
            released = (released_address(spelling) or "").casefold()
            assert somebody.casefold() not in released, spelling


@pytest.mark.parametrize("street", WHOLE_STREETS)
@pytest.mark.parametrize("position", POSITIONS)
def test_a_word_of_position_never_comes_out(position: str, street: str) -> None:
    for line in (
        f"{position} {street}",
        f"shop {position} {street}",
        f"12 Acacia Avenue {position} {street}",
    ):
        for spelling in spellings(line):
            released = (released_address(spelling) or "").casefold()
            assert not set(position.split()) & set(released.replace(",", "").split()), spelling


@pytest.mark.parametrize(
    ("line", "streets"),
    [
        ("12 Acacia Avenue Okonkwo drive", {"acacia avenue", ""}),
        ("MrOkonkwoAcacia Avenue", {""}),
        ("okonkwoacacia avenue", {""}),
        ("AB12 CDE Park Road", {"park road", ""}),
        ("Maes-y-Coed Acacia Avenue", {"acacia avenue", ""}),
        ("22 Chesham Gardens, Mary Lane, Bath", {"chesham gardens, bath", "chesham gardens", ""}),
        ("5 Acacia Avenue, Harry Lane", {"acacia avenue", ""}),
        ("Norton St Philip", {""}),
        ("Orchard Farm, Norton St Philip, Bath", {""}),
        ("Rose Cottage, Norton St. Philip", {""}),
        ("Mill House, Stoke St Michael, Radstock", {""}),
        ("Okonkwo corner Park Road", {"park road", ""}),
        ("12 The Green Ivy Bank Bath", {"the green, bath", ""}),
        ("12 Elm Grove Windy Ridge", {"elm grove", ""}),
        ("12Rose Cottage Park Road", {"park road", ""}),
        ("12Green Gables Park Road", {"park road", ""}),
    ],
)
def test_nothing_but_the_true_street_comes_out(line: str, streets: set[str]) -> None:
    for spelling in (line, line.upper(), line.lower(), line.replace(", ", "\n")):
        assert (released_address(spelling) or "").casefold() in streets, spelling


@pytest.mark.parametrize(
    "figure",
    [
        "PC1234", "IC1", "male 34", "34yo", "A36", "B3110", "1980", "1-2-80", "1980-02-01", "2130hrs", "9pm",
        "\u00a320", "A123BCD", "ABC123D",
    ],
)  # fmt: skip
def test_a_figure_that_counts_no_house_makes_nobody_a_street(figure: str) -> None:
    for spelling in (f"{figure} Harry Lane", f"{figure} HARRY LANE".upper()):
        assert released_address(spelling) is None, spelling


@pytest.mark.parametrize(
    ("line", "street"),
    [
        ("3 Maes-y-Felin Uchaf, Bath", "Maes-y-Felin Uchaf, Bath"),
        ("12 O'Connell Street", "O'Connell Street"),
        ("12 Park Road", "Park Road"), ("12 Okonkwo Road", "Okonkwo Road"),
        ("12 McDonald Road", "McDonald Road"),
        ("5 Crystal Palace Park Road", "Crystal Palace Park Road"),
        ("12 Victoria Park Road", "Victoria Park Road"),
        ("12 Junction Road", "Junction Road"), ("6 Station Parade, High Street", "High Street"),
        ("12 Acacia Avenue North", "Acacia Avenue North"),
    ],
)  # fmt: skip
def test_what_is_no_name_of_anybody_is_still_released(line: str, street: str) -> None:
    assert released_address(line) == street
