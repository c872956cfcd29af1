"""A location is protected unless it is certain that it is no listed place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.address.household import household
from sanitiser.places.location import Given, Locator
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.protected.entry import Entry
from sanitiser.protected.listed import Place, ProtectedList, UnknownNumber
from sanitiser.protected.places import NEAR_M, ProtectedPlaces
from tests.streams.partnership import small_index

BLANK = Given(None, None, None, None, None, None)
HERE = "BA1 2ZZ"  # at 375000 170000
NUMBER = 100_120_000_001


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    return small_index(tmp_path_factory.mktemp("reference"))


def of_address(index: PostcodeIndex, address: str, postcode: str = HERE) -> ProtectedPlaces:
    home = household(address, postcode)
    assert home is not None
    return ProtectedPlaces([Entry(1, None, home, postcode, None, 1)], index)


def holds(
    places: ProtectedPlaces, index: PostcodeIndex, uprn: object = None, **parts: str | float
) -> bool:
    of = BLANK._replace(**parts)  # type: ignore[arg-type]
    return places.holds(of, uprn, Locator(index).locate(of))


@pytest.mark.parametrize(
    "address",
    [
        "5 Mill Lane",
        "5, MILL LANE, Bath",
        "5a Mill Lane",
        "Flat 2, 5 Mill Lane",
        "Hope House, 5 Mill Lane",
        "Hope House, Mill Lane",  # may be number 5
        "12 Hope House, Mill Lane",  # the number of a flat
        "5 High Street",  # another way of naming the corner
        "7 Mill Lane Mews",
        "outside Mill Lane",
        "Mill Lane",
        "near number 7 Mill Lane",
        "",
    ],
)
def test_what_does_not_certainly_name_another_home_of_the_postcode_is_protected(
    index: PostcodeIndex, address: str
) -> None:
    places = of_address(index, "5 Mill Lane")
    assert holds(places, index, address=address, postcode=HERE)
    assert holds(places, index, address=f"{address}, ba12zz")


@pytest.mark.parametrize("address", ["7 Mill Lane", "Flat 5, 7 Mill Lane", "17 Mill Ln, Bath"])
def test_another_number_of_the_same_street_is_released(index: PostcodeIndex, address: str) -> None:
    assert not holds(of_address(index, "5 Mill Lane"), index, address=address, postcode=HERE)


def test_another_number_of_a_house_of_the_same_name_is_protected(index: PostcodeIndex) -> None:
    places = of_address(index, "Hope House, 5 Mill Lane")
    assert holds(places, index, address="Hope House, 7 Mill Lane", postcode=HERE)
    assert not holds(places, index, address="Elm House, 7 Mill Lane", postcode=HERE)


def test_an_address_without_a_number_protects_its_whole_postcode(index: PostcodeIndex) -> None:
    places = of_address(index, "Rose Cottage, Mill Lane")
    assert holds(places, index, address="7 Mill Lane", postcode=HERE)


@given(number=st.integers(1, 999), other=st.integers(1, 999), flat=st.integers(0, 20))
def test_a_home_is_told_from_a_listed_one_by_the_number_of_its_house_alone(
    index: PostcodeIndex, number: int, other: int, flat: int
) -> None:
    places = of_address(index, f"{number} Acacia Avenue")
    before = f"Flat {flat}, " if flat else ""
    found = holds(places, index, address=f"{before}{other} Acacia Ave", postcode=HERE)
    assert found == (number == other)


def test_a_listed_home_is_protected_with_a_slip_in_its_postcode(index: PostcodeIndex) -> None:
    places = of_address(index, "5 Mill Lane", "BA1 1AB")
    assert holds(places, index, address="5 Mill Lane", postcode="BA1 1AE")
    assert not holds(places, index, address="6 Mill Lane", postcode="BA1 1AE")
    assert not holds(places, index, address="5 Mill Lane", postcode="SW1A 1AA")


def test_letters_and_digits_of_full_width_are_read_as_any(index: PostcodeIndex) -> None:
    places = of_address(index, "5 Mill Lane")
    wide = "\uff15 Mill Lane, \uff22\uff211 2ZZ"  # 5 Mill Lane, BA1 2ZZ
    assert holds(places, index, address=wide)
    assert holds(places, index, address="\uff15 Mill Lane", postcode="BA1 2AA")


def test_two_postcodes_of_which_one_is_listed_are_protected(index: PostcodeIndex) -> None:
    places = of_address(index, "5 Mill Lane")
    assert holds(places, index, address=f"7 Mill Lane {HERE}", postcode="SW1A 1AA")


def test_a_whole_postcode_is_protected_whatever_the_address_says(index: PostcodeIndex) -> None:
    places = ProtectedPlaces([Entry(1, None, None, HERE, None, 1)], index)
    assert holds(places, index, address="7 Mill Lane", postcode=" ba1  2zz")
    assert not holds(places, index, address="7 Mill Lane", postcode="SW1A 1AA")


@pytest.mark.parametrize("written", [str(NUMBER), f"000{NUMBER}", NUMBER])
def test_a_uprn_is_protected_however_it_is_written_and_whatever_the_address_says(
    index: PostcodeIndex, written: object
) -> None:
    places = ProtectedPlaces([Entry(1, str(NUMBER), None, None, None, 1)], index)
    assert holds(places, index, written, address="7 Mill Lane", postcode=HERE)
    assert not holds(places, index, str(NUMBER + 1), address="7 Mill Lane", postcode=HERE)


@pytest.mark.parametrize("metres", [0.0, NEAR_M - 1])
def test_coordinates_near_a_listed_place_are_protected_without_a_postcode(
    index: PostcodeIndex, metres: float
) -> None:
    entry = Entry(1, None, household("5 Mill Lane", HERE), HERE, (376_000.0, 170_000.0), 1)
    places = ProtectedPlaces([entry], index)
    there = {"easting": 376_000.0 + metres, "northing": 170_000.0}
    assert holds(places, index, **there)
    assert holds(places, index, postcode="BA1 9ZZ", **there)  # no such postcode
    assert holds(places, index, postcode="SW1A 1AA", **there)  # far from there
    assert not holds(places, index, easting=375_100.0, northing=165_010.0)


def test_coordinates_whose_nearest_postcode_is_listed_are_protected(index: PostcodeIndex) -> None:
    places = of_address(index, "5 Mill Lane")
    assert holds(places, index, easting=375_000.0, northing=170_000.0 + 5 * NEAR_M)


def test_without_entries_nothing_is_protected(index: PostcodeIndex) -> None:
    places = ProtectedPlaces([], index)
    assert not places
    assert not holds(places, index, str(NUMBER), address="5 Mill Lane", postcode=HERE)


def test_nothing_of_an_entry_is_in_a_repr(index: PostcodeIndex) -> None:
    home = household("5 Mill Lane", HERE)
    entry = Entry(1, "77123", home, HERE, (376_000.0, 170_000.0), 1)
    place = Place("77123", home, HERE, (376_000.0, 170_000.0))
    listed = ProtectedList().with_places([place], 5)
    said = repr((entry, place, listed, listed.places(index), ProtectedPlaces([entry], index)))
    assert not [part for part in ("mill", "ba1", "77123", "376") if part in said.lower()]


def test_a_version_of_the_list_has_the_places_that_held_in_it(index: PostcodeIndex) -> None:
    first, second = (Place(None, None, postcode, None) for postcode in (HERE, "SW1A 1AA"))
    one = ProtectedList().with_places([first], 1_000)
    two = one.with_places([second, first], 1_000)
    three = two.without([1], 500)
    assert (one.version, two.version, three.version) == (1_000, 1_001, 1_002)
    assert [[e.postcode for e in listed.held] for listed in (one, two, three)] == [
        [HERE], [HERE, "SW1A 1AA"], ["SW1A 1AA"],
    ]  # fmt: skip
    assert holds(three.places_at(1_001, index), index, postcode=HERE)
    assert not holds(three.places_at(999, index), index, postcode=HERE)
    assert not holds(three.places(index), index, postcode=HERE)
    assert ProtectedList.of_document(three.document()) == three
    assert two.with_places([first], 9_000) == two


def test_only_an_entry_that_holds_can_be_removed() -> None:
    listed = ProtectedList().with_places([Place(None, None, HERE, None)], 1).without([1], 2)
    with pytest.raises(UnknownNumber, match="number 1, 9"):
        listed.without([1, 9], 3)


@pytest.mark.parametrize(
    "document", [{}, {"format": 2}, {"format": 1, "version": 1, "entries": [{}]}]
)
def test_another_document_is_no_list(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="of format 1"):
        ProtectedList.of_document(document)


def test_an_entry_with_uprn_and_point_protects_coordinates_near_it(index: PostcodeIndex) -> None:
    places = ProtectedPlaces([Entry(1, str(NUMBER), None, None, (375_000.0, 170_000.0), 1)], index)
    assert holds(places, index, easting=375_000.0, northing=170_000.0 + NEAR_M)
    assert not holds(places, index, easting=375_000.0, northing=170_001.0 + NEAR_M)
    assert not holds(places, index, postcode=HERE)


@pytest.mark.parametrize(
    "written",
    [
        NUMBER,
        float(NUMBER),
        f"{NUMBER}.0",
        "1.00120000001E11",
        "100 120 000 001",
        "100,120,000,001",
        f"UPRN {NUMBER}",
        f"UPRN: {NUMBER}; council",
        "".join(chr(0xFF10 + int(digit)) for digit in str(NUMBER)),
        f"000{NUMBER}",
    ],
)
def test_a_listed_uprn_is_found_in_every_way_of_writing(
    index: PostcodeIndex, written: object
) -> None:
    places = ProtectedPlaces([Entry(1, str(NUMBER), None, None, None, 1)], index)
    assert holds(places, index, written)


@pytest.mark.parametrize("other", [NUMBER + 1, "unknown", "", "1.0", "nan", "1e400", "-"])
def test_another_uprn_is_not_a_listed_one(index: PostcodeIndex, other: object) -> None:
    places = ProtectedPlaces([Entry(1, str(NUMBER), None, None, None, 1)], index)
    assert not holds(places, index, other)


HOUSE_IN_WORDS = [
    "5 Moorland Road",
    "Women's Refuge, 5 Moorland Road, Bath",
    "c/o Jane, 5 Moorland Road",
    "outside 5 Moorland Road",
    "5-7 Moorland Road",
    "3/5 Moorland Road",
    "05 Moorland Road",
    "No5 Moorland Road",
    "Flat, 5 Moorland Road",
    "Moorland House, 5 Moorland Road",
    "5 Morland Road",
    "5 Moorlands Rd",
]


@pytest.mark.parametrize(
    "postcode", ["BA1 2ZA", "BA2 2ZZ", "BA1-2ZZ", "BA1 2ZZ.", "BA1 2ZZ, UK", None]
)
@pytest.mark.parametrize("address", HOUSE_IN_WORDS)
def test_a_listed_house_is_found_in_other_words_and_with_a_slip_in_its_postcode(
    index: PostcodeIndex, address: str, postcode: str | None
) -> None:
    places = of_address(index, "5 Moorland Road")
    parts = {} if postcode is None else {"postcode": postcode}
    assert holds(places, index, address=address, **parts)


@pytest.mark.parametrize(
    "address", ["7 Moorland Road", "15 Moorland Road", "5 High Street", "Moorland Road"]
)
def test_with_another_postcode_of_the_sector_other_houses_are_not_the_listed_one(
    index: PostcodeIndex, address: str
) -> None:
    places = of_address(index, "5 Moorland Road")
    assert not holds(places, index, address=address, postcode="BA1 2ZA")


@pytest.mark.parametrize("listed", ["Rose Cottage, Mill Lane", "Flat 2, Rose Cottage, Mill Lane"])
def test_a_named_home_is_found_with_a_slip_in_its_postcode(
    index: PostcodeIndex, listed: str
) -> None:
    places = of_address(index, listed)
    assert holds(places, index, address="The Rose Cottage, Mill Lane", postcode="BA1 2ZA")
    assert not holds(places, index, address="Hope Cottage, Mill Lane", postcode="BA1 2ZA")
