"""The people of a record type: what is told of each that could single somebody out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from schemas.record_type import Field, RecordType

ATTRIBUTES = ("occupation", "relation", "ethnicity", "age", "sex")
"""Attributes whose combination can stand out, from the one that is given up first to the last."""

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

    `fields` are the released ones with an attribute, `reference` the released one that names the
    person across records, `born` the given date of birth; None where there is none.
    """

    about: str
    fields: tuple[Field, ...]
    reference: str | None
    born: str | None


def people(record_type: RecordType, profile: str) -> tuple[Person, ...]:
    """Everybody of whom the profile is told an attribute, in order of declaration."""
    told = record_type.released(profile)
    described = [f for f in told if f.about and attribute(f, profile)]
    return tuple(
        Person(
            about,
            tuple(f for f in described if f.about == about),
            next(
                (
                    f.name
                    for f in told
                    if f.about == about and f.treatments[profile].action == "reference"
                ),
                None,
            ),
            next((f.born for f in record_type.fields if f.about == about and f.born), None),
        )
        for about in dict.fromkeys(f.about for f in described if f.about)
    )


def attribute(field: Field, profile: str) -> str | None:
    """Which of `ATTRIBUTES` the profile is told by the field; None where by none."""
    treatment = field.treatments[profile]
    if treatment.action in {"age", "band"}:
        return "age" if field.born else None
    return _BY_LIST.get(treatment.code_list or "")


def coarser_name(field: Field, profile: str) -> str | None:
    """The field that stands in for this one where it would single somebody out: age → age_band."""
    match field.treatments[profile].action, attribute(field, profile):
        case "age", "age":
            return f"{field.name}_band"
        case "code", "ethnicity":
            return f"{field.name}_group"
    return None


def coarser_fields(record_type: RecordType, profile: str) -> Iterator[tuple[str, Field]]:
    """Every stand-in of the profile with the field that it stands in for."""
    for person in people(record_type, profile):
        for field in person.fields:
            name = coarser_name(field, profile)
            if name is not None:
                yield name, field
