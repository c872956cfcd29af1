"""Texts that a protocol may have released scrubbed, beside their codes; none by default."""

from __future__ import annotations

from schemas.people import attribute
from schemas.record_type import Field, RecordType

PROFILE = "central"
"""The one release profile that may be told them."""


def scrubbable(record_type: RecordType, profile: str) -> tuple[Field, ...]:
    """The coded texts of a release, save those that describe a person.

    An occupation in words would undo what `sanitiser.people.combinations` does to its code.
    """
    if profile != PROFILE:
        return ()
    told = record_type.released(profile)
    coded = [f for f in told if f.treatments[profile].action == "coded-text"]
    return tuple(f for f in coded if attribute(f, profile) is None)


def scrubbed_name(field: Field) -> str:
    """The released field that holds the scrubbed text: method_of_entry → method_of_entry_text."""
    return f"{field.name}_text"
