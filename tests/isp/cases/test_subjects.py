"""A record is about a subject with certainty, or not at all."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from isp.cases.letters import Subject
from isp.cases.subjects import matcher, person_of
from sanitiser.address.words import settlements
from schemas.record_type import RecordType
from tests.isp.cases.table import CATALOGUE, JANE

VICTIM = CATALOGUE.record_type("police-crime-victim")
INCIDENT = CATALOGUE.record_type("police-incident")
COUNCIL_ASB = CATALOGUE.record_type("council-asb")
HOUSE = Subject(address="7 Acacia Avenue", postcode="BA2 2QH")
BORN = date(1990, 5, 17)


@pytest.mark.parametrize(
    ("name", "born", "is_about"),
    [
        ("Jane Roe", BORN, True),
        ("ROE, Jane", BORN, True),
        ("Jané Roe", BORN, True),
        ("Jane Roe", None, False),
        ("Jane Roe", date(1990, 5, 18), False),
        ("Jane Ann Roe", BORN, False),
        ("Jan Roe", BORN, False),
        (None, BORN, False),
        ("", BORN, False),
    ],
)
def test_a_person_is_the_name_with_the_day_of_birth(
    name: str | None, born: date | None, is_about: bool
) -> None:
    record = {"name": name, "date_of_birth": born}
    assert matcher(JANE, VICTIM)(record) is is_about


def test_a_record_type_without_days_of_birth_is_about_nobody_by_name() -> None:
    assert not matcher(JANE, COUNCIL_ASB)({"complainant_name": "Jane Roe"})


REFERRAL = CATALOGUE.record_type("marac-referral")


@pytest.mark.parametrize("record_type", [INCIDENT, REFERRAL], ids=lambda r: r.dataset)
def test_each_person_of_an_incident_and_a_referral_is_matched_with_their_own_birth(
    record_type: RecordType,
) -> None:
    rule = record_type.domestic
    assert rule is not None
    people = [prefix for prefixes in rule.people.values() for prefix in prefixes]
    assert len(people) == 5
    for prefix in people:
        about = {f"{prefix}name": "Jane Roe", f"{prefix}date_of_birth": BORN}
        assert matcher(JANE, record_type)(about), prefix
        for other in people:
            if other != prefix:
                mixed = {f"{prefix}name": "Jane Roe", f"{other}date_of_birth": BORN}
                assert not matcher(JANE, record_type)(mixed), (prefix, other)


def test_a_caller_and_a_referral_s_offender_address_are_no_subject() -> None:
    assert not matcher(JANE, INCIDENT)({"caller_name": "Jane Roe", "victim_date_of_birth": BORN})
    address = {"address": HOUSE.address, "postcode": HOUSE.postcode}
    assert matcher(HOUSE, REFERRAL)({f"home_{part}": given for part, given in address.items()})
    assert not matcher(HOUSE, REFERRAL)({"offender_address": f"{HOUSE.address}, {HOUSE.postcode}"})


@pytest.mark.parametrize(
    ("address", "postcode", "is_about"),
    [
        ("7 Acacia Avenue, Bath", "BA2 2QH", True),
        ("7, ACACIA AVENUE", "ba22qh", True),
        ("7 Acacia Avenue, Bath, BA2 2QH", "BA2 2QH", True),
        ("7 Acacia Avenue, Flat 2, Bath", "BA2 2QH", False),
        ("7 Acacia Avenue, Room A", "BA2 2QH", False),
        ("Flat 2, 7 Acacia Avenue", "BA2 2QH", False),
        ("17 Acacia Avenue", "BA2 2QH", False),
        ("7-9 Acacia Avenue", "BA2 2QH", False),
        ("7 Acacia Avenue", "BA2 2QJ", False),
        ("7 Acacia Avenue", None, False),
        ("7 Acacia Avenue, Ground", "BA2 2QH", False),
        ("7 Acacia Avenue Rear", "BA2 2QH", False),
        ("7 Acacia Avenue, Top Flr", "BA2 2QH", False),
        ("7 Acacia Avenue East, Bath", "BA2 2QH", False),
        ("7 Acacia Avenue, Bath Road", "BA2 2QH", False),
        ("7 Acacia Avenue Bath England", "BA2 2QH", True),
        pytest.param(
            "7 Acacia Avenue" + " Bath" * 3_900, "BA2 2QH", True, id="as long as a text may be"
        ),
        (None, "BA2 2QH", False),
    ],
)
def test_a_household_is_the_address_with_the_postcode(
    address: str | None, postcode: str | None, is_about: bool
) -> None:
    record = {"location_address": address, "location_postcode": postcode}
    assert matcher(HOUSE, INCIDENT)(record) is is_about


@pytest.mark.parametrize(
    ("wanted", "address"),
    [
        ("The Old", "The Old Rectory"),
        ("The Old", "The Old School House, Bath"),
        ("1 Mill", "1 Mill Lane"),
        ("1 Mill", "1 Mill Road, Bath"),
    ],
)
def test_a_beginning_of_an_address_is_no_household(wanted: str, address: str) -> None:
    house = Subject(address=wanted, postcode="BA2 2QH")
    record = {"location_address": address, "location_postcode": "BA2 2QH"}
    assert not matcher(house, INCIDENT)(record)


@given(st.text(alphabet=string.ascii_letters + " ,.-", min_size=1, max_size=20))
def test_whatever_follows_a_household_is_a_town_or_the_record_is_not_about_it(rest: str) -> None:
    record = {"location_address": f"7 Acacia Avenue, {rest}", "location_postcode": "BA2 2QH"}
    words = rest.lower().replace(",", " ").replace(".", " ").replace("-", " ").split()
    towns = {word for name in settlements() for word in name}
    known = towns | {"england", "wales", "uk", "united", "kingdom", "ba2", "2qh"}
    assert not matcher(HOUSE, INCIDENT)(record) or set(words) <= known


def test_a_reference_is_that_of_a_person_and_never_of_a_crime_or_an_incident() -> None:
    offender = CATALOGUE.record_type("police-crime-offender")
    about = matcher(Subject(reference="C-1"), offender)
    assert about({"crime_reference": "K-1", "offender_reference": "C-1"})
    assert not about({"crime_reference": "C-1", "offender_reference": "C-11"})
    # The reference of a crime would match all its victims.
    assert not matcher(Subject(reference="C-1"), VICTIM)({"crime_reference": "C-1"})
    assert not matcher(Subject(reference="C-1"), INCIDENT)({"incident_reference": "C-1"})
    # The record reference identifies a record of the supply, not a person.
    assert not matcher(Subject(reference="9"), VICTIM)({"record_reference": "9"})


@pytest.mark.parametrize(
    "given_fields",
    [
        {},
        {"name": "Jane Roe"},
        {"name": "Jane", "date_of_birth": BORN},
        {"name": "--- ---", "date_of_birth": BORN},
        {"address": "7 Acacia Avenue"},
        {"address": "…", "postcode": "BA2 2QH"},
        {"postcode": "BA2 2QH"},
        {"reference": "C-1", "name": "Jane Roe"},
    ],
)
def test_a_subject_that_is_not_certain_is_none(given_fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Subject.model_validate(given_fields)


@given(st.permutations(["Jane", "Ann", "Roe"]), st.sampled_from([str.upper, str.lower, str.title]))
def test_the_same_person_is_the_same_however_it_is_written(
    words: list[str], case: Callable[[str], str]
) -> None:
    written = Subject(name=" ".join(map(case, words)), date_of_birth=BORN)
    assert person_of(written) == person_of(Subject(name="Jane Ann Roe", date_of_birth=BORN))


def test_houses_of_two_numbers_are_the_same_only_where_written_alike() -> None:
    written = ["1/2 Mill Lane", "1-2 Mill Lane", "1 2 Mill Lane", "12 Mill Lane"]
    for one in written:
        about = matcher(Subject(address=one, postcode="BA2 2QH"), INCIDENT)
        found = [
            other
            for other in written
            if about({"location_address": other, "location_postcode": "BA2 2QH"})
        ]
        assert found == [one]


@pytest.mark.parametrize("address", ["Flat 1", "flat 2a", "Unit 3", "No 5", "Room 4 Flat 2"])
def test_a_part_of_a_house_alone_is_no_address(address: str) -> None:
    with pytest.raises(ValidationError, match="needs house and street"):
        Subject(address=address, postcode="BA2 2QH")
