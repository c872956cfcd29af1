"""The people of a record type, and their released attributes that could identify somebody together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from schemas.record_type import BIRTH, Field, RecordType

ATTRIBUTES = ("occupation", "relation", "ethnicity", "age", "sex")
"""Attributes whose combination can be rare, in the order in which they are generalised."""

_BY_LIST = {
    "gender": "sex",
    "ethnicity": "ethnicity",
    "officer-ethnicity": "ethnicity",
    "occupation": "occupation",
    "association": "relation",
    "age-range": "age",
}


class Person(NamedTuple):
    """One person of a record in one profile.

    `fields` are the released fields with an attribute. `reference` is the released field that identifies the
    person across records, `born` the field with the date of birth, and `name` the one with the name; each is
    None if there is none.
    """

    about: str
    fields: tuple[Field, ...]
    reference: str | None
    born: str | None
    name: str | None


def people(record_type: RecordType, profile: str) -> tuple[Person, ...]:
    """Return each person with an attribute that is released in the profile, in order of declaration."""
    told = record_type.released(profile)
    described = [f for f in told if f.about and attribute(f, profile)]
    births = {f.about: f.born for f in reversed(record_type.fields) if f.born}
    return tuple(
        Person(
            about,
            tuple(f for f in described if f.about == about),
            _reference(record_type, profile, about),
            births.get(about),
            _name(record_type, births.get(about)),
        )
        for about in dict.fromkeys(f.about for f in described if f.about)
    )


def case_reference(record_type: RecordType, profile: str) -> str | None:
    """Return the released reference by which a reader joins the people of one case.

    None if a case has only one person: the record has one, and no other record has its reference.
    """
    name = _reference(record_type, profile, None)
    alone = len(people(record_type, profile)) <= 1 and record_type.identity == (name,)
    return None if alone else name


def _reference(record_type: RecordType, profile: str, about: str | None) -> str | None:
    """Return the released reference of a person or, without `about`, of the case."""
    return next(
        (
            f.name
            for f in record_type.released(profile)
            if f.about == about and f.treatments[profile].action == "reference"
        ),
        None,
    )


def _name(record_type: RecordType, born: str | None) -> str | None:
    """Return the field with the name of the person who was born on the day in `born`."""
    if born is None:
        return None
    name = f"{born.removesuffix(BIRTH)}name"
    return name if any(f.name == name for f in record_type.fields) else None


def attribute(field: Field, profile: str) -> str | None:
    """Return the one of `ATTRIBUTES` that the field releases in the profile, or None."""
    treatment = field.treatments[profile]
    if treatment.action in {"age", "band"}:
        return "age" if field.born else None
    return _BY_LIST.get(treatment.code_list or "")


def coarser_name(field: Field, profile: str) -> str | None:
    """Return the name of the field that replaces this one for a rare combination: age → age_band."""
    match field.treatments[profile].action, attribute(field, profile):
        case "age", "age":
            return f"{field.name}_band"
        case "code", "ethnicity":
            return f"{field.name}_group"
    return None


def coarser_fields(record_type: RecordType, profile: str) -> Iterator[tuple[str, Field]]:
    """Yield the name of each replacement field of the profile, with the field that it replaces."""
    for person in people(record_type, profile):
        for field in person.fields:
            name = coarser_name(field, profile)
            if name is not None:
                yield name, field
