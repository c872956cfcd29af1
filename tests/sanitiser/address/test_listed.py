"""With a list of streets, what is released is a listed street near the postcode and nothing beside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.address.address import released_part, split_by_list
from sanitiser.address.street_names import key_of_name

NEAR = {
    "Acacia Avenue": 100.0,
    "Park Road": 300.0,
    "Cherry Grove": 120.0,
    "Willow Bank": 1_500.0,
    "High Street": 900.0,
    "Queen's Parade": 200.0,
    "St Margaret's Court": 150.0,
    "Well Close": 400.0,
    "Cheapside": 250.0,
    "Maes-y-Coed": 350.0,
    "Buxton Road": 180.0,
    "High Lane": 1_900.0,
    "Wood Street": 500.0,
    "Holly Green": 200.0,
    "Paul Street": 220.0,
    "Vernon Park": 150.0,
    "Holloway": 240.0,
    "Green Park Road": 260.0,
    "Whiteway Close": 280.0,
}
SLIPS = {
    "acasia avenue": "acacia avenue",
    "molly green": "holly green",
    "paula street": "paul street",
}


class Around:
    """Listed streets around a postcode, without points."""

    def __init__(self, streets: dict[str, float]) -> None:
        self._found = {str(key_of_name(name)): (name, metres) for name, metres in streets.items()}

    def most_words(self, word: str) -> int:
        lengths = [len(key.split()) for key in self._found if key.split()[0] == word]
        return max(lengths, default=0)

    def find(self, key: str) -> tuple[str, float] | None:
        return self._found.get(key)

    def slipped(self, key: str) -> tuple[str, float] | None:
        return self._found.get(SLIPS.get(key, ""))


AROUND = Around(NEAR)


def released(address: str) -> str | None:
    return released_part(split_by_list(address, AROUND))


@pytest.mark.parametrize(
    ("address", "street"),
    [
        ("12 Acacia Avenue, Bath", "Acacia Avenue, Bath"),
        ("12 ACACIA AVE, BATH", "Acacia Avenue, Bath"),
        ("flat 2, 12a acacia avenue, bath", "Acacia Avenue, Bath"),
        ("12 Acasia Avenue, Bath", "Acacia Avenue, Bath"),
        ("Acacia Avenue", "Acacia Avenue"),
        ("o/s Acacia Avenue", "Acacia Avenue"),
        ("12 Cheapside", "Cheapside"),
        ("5 Queens Parade", "Queen's Parade"),
        ("5 Saint Margarets Ct", "St Margaret's Court"),
        ("1 Maes y Coed", "Maes-y-Coed"),
        ("Junction of Acacia Avenue and Park Road", "Acacia Avenue and Park Road"),
        ("The Larches, 5 Park Rd", "Park Road"),
        ("12 Willow Bank, Cherry Grove, Bath", None),
        ("5 Acacia Avenue, Harry Lane, Bath", "Acacia Avenue, Bath"),
        ("12 Acacia Avenue (Jane Okonkwo), Bath", "Acacia Avenue, Bath"),
    ],
)
def test_a_listed_street_is_released_in_the_lists_own_spelling(
    address: str, street: str | None
) -> None:
    assert released(address) == street


@pytest.mark.parametrize(
    "address",
    [
        "12 Okonkwo Park Road",
        "outside Okonkwo Park Road",
        "behind The Larches Park Road",
        "Okonkwo Park Road North",
        "12 Park Road North",
        "Old Okonkwo Park Road",
        "Okonkwo corner Park Road",
        "12 Acacia Avenue Okonkwo drive",
        "MrOkonkwoAcacia Avenue",
        "Maes-y-Coed Acacia Avenue",
        "AB12 CDE Park Road",
        "Mary Green & Acacia Avenue",
        "22 Chesham Gardens, Mary Lane, Bath",
        "27 Tresillian Court, end terrace, Bath",
        "4 Well Close Walk",
        "Buxton Road, High Lane, Stockport",
        "133 Wood St Ann's Close, Taunton",
        "12, Ivy Bank, The Green",
        "Harry Lane",
        "Maes-y-Felin/Okonkwo, 12 Park Road",
        "Meadow Bank Park Road",
    ],
)
def test_what_is_beside_a_listed_street_never_comes_out(address: str) -> None:
    found = released(address) or ""
    assert found.split(", ")[0] in {"", "Park Road", "Acacia Avenue", "Buxton Road"}


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("12 Okonkwo Lane Bank, Bath", "street-not-listed"),
        ("Okonkwo Lane, Bath", "several-streets"),
        ("Unknown Road, Bath", "street-not-listed"),
    ],
)
def test_a_street_that_is_not_listed_needs_a_house_number_directly_before_it(
    address: str, reason: str
) -> None:
    parts = split_by_list(address, AROUND)
    assert not parts.certain
    assert parts.reason in {reason, "several-streets", "street-start-unknown", "no-street"}


def test_a_street_that_is_not_listed_comes_out_behind_a_house_number() -> None:
    assert released("12 Unknown Road, Bath") == "Unknown Road, Bath"
    assert released("12 UNKNOWN ROAD, BATH") == "Unknown Road, Bath"


def test_two_listed_streets_of_which_either_may_be_meant_are_withheld() -> None:
    assert split_by_list("Park Road, Acacia Avenue", AROUND).reason == "several-streets"


@given(
    before=st.sampled_from(
        ["", "12 ", "Flat 3, 12 ", "outside ", "Okonkwo ", "12 Okonkwo ", "Rose Cottage, "]
    ),
    street=st.sampled_from(sorted(NEAR)),
    behind=st.sampled_from(
        ["", ", Bath", " Okonkwo", ", Jane Okonkwo", " (Okonkwo)", "/Okonkwo", " North"]
    ),
    case=st.sampled_from([str, str.upper, str.lower, str.title]),
)
def test_whoever_is_named_around_a_street_it_comes_out_as_listed_or_not_at_all(
    before: str, street: str, behind: str, case: type[str]
) -> None:
    found = released(case(f"{before}{street}{behind}"))
    assert found is None or found.split(", ")[0] in NEAR


NO_HOUSES = """
Patient 12|Victim 1|Suspect 2|Child 2|Resident 4|Client 4|Service user 4|Officer 123|Ref: 1234|Job 345|Ref 12,
PO Box 12|Key safe 1234|Refuge 12|Hostel 12|Bed 4|Bus 12|Mr 1|Door No 1|House 4|Garage 7|2 kids 1|at 3|12, 14
Flat No 3|Flat no. 3|Flat number 3|Flat 3|Flat, 3|Flat3|Flat-3|Flat/3|F3|Rm5|V1|34F|34M|5G|2x|#34|34.|34)
BA1|A4|M4|XY1|12th|1500|15.00|1/2|24/7|999a1|012|+44
c/o 10|rear of 45|behind 4|The Larches, 5|Okonkwo, 5|(Patient) 12|Okonkwo 12|AB12 CDE, 4
"""


@pytest.mark.parametrize("before", NO_HOUSES.strip().replace("\n", "|").split("|"))
@pytest.mark.parametrize("name", ["Unknown Road", "Olumide Avenue"])
def test_what_is_not_listed_is_withheld_behind_a_number_that_may_be_no_houses(
    before: str, name: str
) -> None:
    assert released(f"{before} {name}, Bath") is None


@pytest.mark.parametrize(
    "before",
    [
        "12",
        "12a",
        "12-14",
        "12\u201314",
        "12 - 14",
        "No 12",
        "No. 12",
        "Number 12",
        "Outside 12",
        "o/s 12",
        "Opposite No 12",
        "Flat 2, 12",
        "Flat 2 12",
        "Flat b, 12",
        "Unit 7, 12",
        "Ground Floor Flat, 12",
        "Top Flat, 12",
        "1st Floor, Flat 3, 12",
        "AB1 2DE, 12",
    ],
)
def test_what_is_not_listed_is_released_behind_the_number_of_a_house(before: str) -> None:
    assert released(f"{before} Unknown Road, Bath") == "Unknown Road, Bath"


@pytest.mark.parametrize(
    "name",
    [
        "Sarah Lane",
        "Okonkwo Hill",
        "Rose Green",
        "Okonkwo Lane North",
        "Lady Okonkwo Road",
        "Dr Okonkwo Road",
        "Sir Okonkwo Road",
        "Mum Road",
        "Mums Avenue",
        "The Okonkwo Place",
        "Nurse Road",
        "Whitehall/Jane Wood",
        "Whitehall Okonkwo",
    ],
)
def test_what_may_be_a_person_and_is_not_listed_is_withheld_behind_a_house_number(
    name: str,
) -> None:
    assert released(f"12 {name}, Bath") is None


@pytest.mark.parametrize(
    ("address", "street"),
    [
        ("Vernon Park, 12 Okonkwo Lane", None),
        ("Vernon Park at 12 Okonkwo Lane", None),
        ("12 Okonkwo Lane off Vernon Park", None),
        ("Vernon Park and Holloway, 12 Okonkwo Lane", None),
        ("12 Smith, Holloway", None),
        ("12, Holloway", "Holloway"),
        ("Flat 12 Smith Court, Acacia Avenue", "Acacia Avenue"),
        ("12 Mill House, Acacia Avenue, Bath", "Acacia Avenue, Bath"),
        ("12 Acacia Avenue, Vernon Park", "Acacia Avenue"),
        ("Acacia Avenue, 12 Acacia Avenue", "Acacia Avenue"),
    ],
)
def test_a_listed_name_does_not_win_over_a_house_number_before_other_words(
    address: str, street: str | None
) -> None:
    assert released(address) == street


@pytest.mark.parametrize(
    ("address", "street"),
    [
        ("13 Whiteway Close/Jane Wood", "Whiteway Close"),
        ("13 Elmway Close/Jane Wood", None),
        ("12 Green/Park Road", None),
        ("12 Acacia Avenue/Close", None),
        ("12 Green Park Road", "Green Park Road"),
        ("Acacia Avenue/Park Road", "Acacia Avenue and Park Road"),
    ],
)
def test_a_slash_stands_between_two_names_and_never_within_one(
    address: str, street: str | None
) -> None:
    assert released(address) == street


@pytest.mark.parametrize(
    "address",
    [
        "Molly Green",
        "Molly Green, Bath",
        "12 Molly Green",
        "Paula Street",
        "12 Paula St",
        "12 Paula St, Bath",
        "Flat 3 Paula Street",
        "Patient 12 Paula Street",
        "Acasia Avenue",
    ],
)
def test_a_slip_of_one_letter_makes_no_street_of_a_person_or_of_a_line_without_a_number(
    address: str,
) -> None:
    assert released(address) is None


def test_capitals_of_a_street_that_is_not_listed_stand_at_the_beginning_of_words() -> None:
    assert released("12 bishop's road, bath") == "Bishop's Road, Bath"
    assert released("12 2ND AVENUE, BATH") == "2nd Avenue, Bath"
    assert released("12 O'CONNELL ROAD") == "O'Connell Road"
