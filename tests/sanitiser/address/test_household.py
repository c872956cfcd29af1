"""Two homes never have one form; the way of writing an address does not change its form."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sanitiser.address.household import household, property_reference

POSTCODE = "BA1 1AA"
HOME = "5 acacia avenue"


def form(address: str, postcode: str | None = POSTCODE) -> str | None:
    found = household(address, postcode)
    return None if found is None else found.address


@pytest.mark.parametrize(
    "spelling",
    [
        "5 Acacia Avenue",
        "5 ACACIA AVE",
        "5, acacia av.",
        "No. 5 Acacia Avenue",
        "5  Acacia\tAvenue",
        "5 Acacia Avenue, Bath",
        "5 Acacia Avenue Bath",
        "5 Acacia Avenue, Bath, Somerset, UK",
        "5 Acacia Avenue\nBATH\nEngland",
        "5 Acacia Ave, Bath BA1",
        "5 Acacia Ave., Bath, BA1 1AA",
        "5 Acacia Avenue (Bath)",
        "5 Acácia Avenue",
        "5 Acacia Avenue, ba11aa",
        "5 Acacia Avenue;Bath",
    ],
)
def test_case_punctuation_abbreviations_town_county_and_postcode_do_not_matter(
    spelling: str,
) -> None:
    assert form(spelling) == HOME


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("Flat 2, 5 Acacia Avenue, Bath", "flat 2 5 acacia avenue"),
        ("5 Acacia Avenue, Flat 2, Bath", "flat 2 5 acacia avenue"),
        ("Flt 2 5 Acacia Ave", "flat 2 5 acacia avenue"),
        ("Ground Floor Flat, 5 Acacia Avenue", "ground floor flat 5 acacia avenue"),
        ("Flat A, 5 Acacia Avenue", "flat a 5 acacia avenue"),
        ("Flat 1/2, 5 Acacia Avenue", "flat 1/2 5 acacia avenue"),
        ("Flat 2, Rose House, Mill Lane", "flat 2 rose house mill lane"),
        ("Block B, Flat 2, 5 Mill Lane", "block b flat 2 5 mill lane"),
        ("Flat 3, 5-7 High Street", "flat 3 5-7 high street"),
        ("12 A High Street", "12a high street"),
        ("12 Acacia Court", "12 acacia court"),
        ("Rose Cottage, Mill Lane, Bath", "rose cottage mill lane"),
        ("12, Old Street, London", "12 old street"),
        ("5 St Mary's St, Bath", "5 st marys street"),
        ("5 Saint Mary's Street Bath", "5 st marys street"),
        ("12 Heol y Deri, Caerdydd", "12 heol y deri caerdydd"),
        ("5 1st Avenue", "5 1st avenue"),
        ("5 Hospital Lane, Bath", "5 hospital lane"),
        ("25 The Mall", "25 the mall"),
        ("5 Mill Lane, Littleville, Bath", "5 mill lane littleville"),
        ("5 Mill Lane, Littleville (Bath)", "5 mill lane littleville"),
        ("Hope House Refuge, 5 Mill Lane", "hope house refuge 5 mill lane"),
    ],
)
def test_a_flat_a_house_name_and_a_village_are_part_of_the_home(
    spelling: str, expected: str
) -> None:
    assert form(spelling) == expected


@pytest.mark.parametrize(
    "address",
    [
        "NFA",
        "n.f.a",
        "No fixed abode",
        "Of no fixed address, Bath",
        "Homeless",
        "Unknown",
        "Not known",
        "N/A",
        "",
        "-",
        "Acacia Avenue",
        "Acacia Avenue, Bath",
        "Bath",
        "5",
        "Flat 2",
        "Flat 2, Bath",
        "5 Bath",
        "Royal United Hospital, Combe Park, Bath",
        "Ward 5, Royal United Hospital",
        "Tesco, 5 High Street",
        "5 High Street, The Crown Inn",
        "The Crown Inn, 5 High Street",
        "Bath Spa Station",
        "Unit 5, Mill Lane",
        "5 Mill Lane Surgery",
        "outside 5 Acacia Avenue",
        "near 5 Acacia Avenue",
        "rear of 5 Acacia Avenue",
        "opposite 5 Acacia Avenue",
        "junction of Mill Lane and 5 High Street",
        "c/o 5 Acacia Avenue",
        "care of 5 Acacia Avenue",
        "5 and 7 Acacia Avenue",
        "5 & 7 Acacia Avenue",
        "5-7 Acacia Avenue",
        "5 Acacia Avenue, 7 Mill Lane",
        "5 Acacia Avenue (partner's address)",
        "Mum's, 5 Acacia Avenue",
        "Flat 5, Acacia Avenue",
        "5 Acacia Avenue, Flat",
        "Rose House, Mill Lane",
        "Block B, 5 Mill Lane",
        "car, 5 Acacia Avenue",
        "tent, Royal Victoria Park",
        "5 Acacia Avenue 07700 900123",
        "2024 Acacia Avenue",
        "0 Acacia Avenue",
        "12 year old girl was hit on Mill Lane",
        "5 Acacia Avenue, SW1A 1AA",
        "x" * 501,
        "M4 Junction 18",
    ],
)
def test_what_does_not_certainly_name_one_home_has_no_form(address: str) -> None:
    assert household(address, POSTCODE) is None


@pytest.mark.parametrize("postcode", ["", "BA1", "unknown", "BA1 1AA 2", "SW1A 1AA"])
def test_without_its_one_postcode_an_address_is_no_home(postcode: str) -> None:
    assert household("5 Acacia Avenue, BA1 1AA", postcode) is None


def test_a_postcode_in_the_address_is_enough() -> None:
    assert household("5 Acacia Avenue, BA1 1AA", None) == household("5 Acacia Avenue", "ba11aa")
    assert household("5 Acacia Avenue", None) is None
    assert household(None, POSTCODE) is None


HOMES = [
    "5 Acacia Avenue",
    "5 Acacia Road",
    "5a Acacia Avenue",
    "5b Acacia Avenue",
    "15 Acacia Avenue",
    "50 Acacia Avenue",
    "Flat 1, 5 Acacia Avenue",
    "Flat 2, 5 Acacia Avenue",
    "Flat 12, 5 Acacia Avenue",
    "Flat 1, 25 Acacia Avenue",
    "Flat B1, 5 Acacia Avenue",
    "Flat B2, 5 Acacia Avenue",
    "5 Acacia Avenue (Flat 7)",
    "5 Acacia Avenue [Flat 8]",
    "Apartment 1, 5 Acacia Avenue",
    "Room 1, 5 Acacia Avenue",
    "Annexe 1, 5 Acacia Avenue",
    "Ground Floor Flat, 5 Acacia Avenue",
    "First Floor Flat, 5 Acacia Avenue",
    "Top Flat, 5 Acacia Avenue",
    "Flat 1/2, 5 Acacia Avenue",
    "Flat 1-2, 5 Acacia Avenue",
    "5 Acacia Close",
    "5 Acacia Crescent",
    "5 Acacia Court",
    "5 Acacia Green",
    "5 Acacia Grove",
    "5 Acacia Gr",
    "5 Acacia Garden",
    "5 Acacia Gardens",
    "5 Acacia Cottages",
    "1 Rose Court, 5 Acacia Avenue"[2:],
    "5 Upper Acacia Avenue",
    "5 Acacia Avenue North",
    "5 Acacia Avenue South",
    "1 Rose Cottages, Acacia Avenue",
    "Rose Cottage, Acacia Avenue",
    "Flat 1, Rose House, Acacia Avenue",
    "Flat 1, Elm House, Acacia Avenue",
    "Flat 2, Block A, Elm House, Acacia Avenue",
    "Flat 2, Block B, Elm House, Acacia Avenue",
    "5 St Johns Road",
    "5 Street Johns Road",
    "5 Old Street",
    "5 Acacia Avenue, Littleville",
    "5 Acacia Avenue, Greatville",
    "5 Mill Hill",
    "5 Mill Lane",
]


def test_no_two_of_many_homes_in_one_postcode_have_one_form() -> None:
    found: dict[str, str] = {}
    for home in HOMES:
        written = form(home)
        if written is not None:
            assert found.setdefault(written, home) == home


def test_homes_of_two_postcodes_are_two_homes() -> None:
    assert household("5 Acacia Avenue", "BA1 1AA") != household("5 Acacia Avenue", "BA1 1AB")


class Home(NamedTuple):
    flat: str | None
    number: str
    street: str
    type: str

    def written(self, types: dict[str, str], mark: str, tail: str) -> str:
        flat = f"Flat {self.flat}{mark}" if self.flat else ""
        return f"{flat}{self.number} {self.street} {types.get(self.type, self.type)}{tail}"


SHORT = {"avenue": "Ave", "road": "Rd.", "street": "St", "close": "Cl", "lane": "Ln", "drive": "Dr"}
NAMES = ["acacia", "mill", "high", "church", "st marys", "king's", "lower bristol", "hospital"]
homes = st.builds(
    Home,
    st.none() | st.integers(1, 99).map(str) | st.sampled_from(["a", "b1", "1/2"]),
    st.integers(1, 999).map(str) | st.sampled_from(["5a", "12b"]),
    st.sampled_from(NAMES),
    st.sampled_from(sorted(SHORT)),
)
marks = st.sampled_from([", ", ",", "\n", " , ", "; "])
tails = st.sampled_from(
    ["", ", Bath", " Bath", ", Bath, Somerset", ", BATH BA1 1AA", ". ", ", Bath, England", ", UK"]
)


@given(homes, marks, tails, st.sampled_from([{}, SHORT]), st.sampled_from([str.upper, str.title]))
def test_formatting_never_changes_a_household(
    home: Home, mark: str, tail: str, types: dict[str, str], case: object
) -> None:
    plain = household(home.written({}, ", ", ""), POSTCODE)
    written = home.written(types, mark, tail)
    assert plain is not None
    assert household(case(written) if callable(case) else written, POSTCODE) == plain


@given(homes, homes, tails, tails)
def test_another_number_flat_or_street_is_always_another_household(
    first: Home, second: Home, tail: str, other: str
) -> None:
    assume(first != second)
    one = household(first.written(SHORT, ", ", tail), POSTCODE)
    two = household(second.written({}, " ", other), POSTCODE)
    assert one is not None
    assert one != two


@given(st.text(max_size=60))
def test_no_text_raises_and_what_is_found_is_found_again(text: str) -> None:
    found = household(text, POSTCODE)
    if found is not None:
        assert household(found.address, found.postcode) == found


def test_a_household_shows_no_address() -> None:
    assert "acacia" not in repr(household("5 Acacia Avenue", POSTCODE)).lower()


@pytest.mark.parametrize(
    ("uprn", "expected"),
    [
        ("100012345678", "100012345678"),
        (" 0012345 ", "12345"),
        ("0", None),
        ("999999999999", None),
        ("1234567890123", None),
        ("unknown", None),
        ("", None),
        (None, None),
        ("١٢٣", None),
    ],
)
def test_a_uprn_is_a_number_of_up_to_twelve_digits(uprn: str | None, expected: str | None) -> None:
    assert property_reference(uprn) == expected
