"""A record is about a subject with certainty, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.letters import Subject
from streams.disclosures.subjects import matcher, person_of
from tests.streams.disclosures.table import CATALOGUE, JANE

VICTIM = CATALOGUE.record_type("police-crime-victim")
INCIDENT = CATALOGUE.record_type("police-incident")
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
    assert not matcher(JANE, INCIDENT)({"caller_name": "Jane Roe"})


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
        ("7 Acacia Avenue", "BA2 2QJ", False),
        ("7 Acacia Avenue", None, False),
        (None, "BA2 2QH", False),
    ],
)
def test_a_household_is_the_address_with_the_postcode(
    address: str | None, postcode: str | None, is_about: bool
) -> None:
    record = {"location_address": address, "location_postcode": postcode}
    assert matcher(HOUSE, INCIDENT)(record) is is_about


def test_a_reference_is_that_of_the_record_or_of_a_person_in_it() -> None:
    about = matcher(Subject(reference="C-1"), VICTIM)
    assert about({"crime_reference": "C-1", "record_reference": "9"})
    # The supply's own number of a record is anybody's.
    assert not matcher(Subject(reference="9"), VICTIM)({"record_reference": "9"})
    assert not about({"crime_reference": "C-11", "record_reference": "9", "name": "C-1"})


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
