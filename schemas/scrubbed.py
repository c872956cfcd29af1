"""Texts that a protocol may release in scrubbed form, in addition to their codes; none by default."""

from __future__ import annotations

from schemas.people import attribute
from schemas.record_type import Field, RecordType

PROFILE = "central"
"""The only release profile that may get them."""


def scrubbable(record_type: RecordType, profile: str) -> tuple[Field, ...]:
    """Return the coded texts of a release, without those that describe a person.

    The words of an occupation would undo the generalisation of its code by `sanitiser.people.combinations`.
    """
    if profile != PROFILE:
        return ()
    told = record_type.released(profile)
    coded = [f for f in told if f.treatments[profile].action == "coded-text"]
    return tuple(f for f in coded if attribute(f, profile) is None)


def scrubbed_name(field: Field) -> str:
    """Return the name of the field with the scrubbed text: method_of_entry → method_of_entry_text."""
    return f"{field.name}_text"
