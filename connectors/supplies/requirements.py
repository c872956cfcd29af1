"""Read the guidance's list of datafields as requirements, with alternatives. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from schemas.record_type import Field, RecordType

_CHOICE = re.compile(r"\bor\b")
_SERVES = {"easting": "longitude", "northing": "latitude"}


class Requirement(NamedTuple):
    """One datafield of the guidance: its wording, its field names here, and alternatives."""

    wording: str
    fields: tuple[str, ...]
    serves: frozenset[str]

    def is_met(self, filled: Collection[str]) -> bool:
        """Return True if one of the filled fields meets the requirement."""
        return bool(self.serves & frozenset(filled))


def requirements(record_type: RecordType) -> tuple[Requirement, ...]:
    """Return the datafields that the guidance lists for a dataset, in its order.

    Fields of one wording with "or", such as an age or a date of birth, are one requirement. With
    any other wording, such as make, model and age of a vehicle, each field is a requirement.
    """
    groups: dict[str, list[Field]] = {}
    for field in record_type.fields:
        if not field.marked:
            groups.setdefault(_group(field), []).append(field)
    return tuple(_requirement(fields, record_type) for fields in groups.values())


def _group(field: Field) -> str:
    return field.doc if _CHOICE.search(field.doc) else f"{field.doc} {field.name}"


def _requirement(fields: list[Field], record_type: RecordType) -> Requirement:
    names = tuple(field.name for field in fields)
    others = (name for field in fields for name in _others(field, record_type))
    return Requirement(fields[0].doc, names, frozenset((*names, *others)))


def _others(field: Field, record_type: RecordType) -> Iterator[str]:
    """Yield the fields from which the worker can derive this one."""
    if field.born:
        yield field.born
    if field.place:
        other = _SERVES.get(field.name.removeprefix(field.place))
        if other and any(f.name == f"{field.place}{other}" for f in record_type.fields):
            yield f"{field.place}{other}"
