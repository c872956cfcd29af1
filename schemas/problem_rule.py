"""Parser of the annotation `problem`, closed by default: all that it names must be in each release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from schemas.record_type import (
    DEPERSONALISED_PROFILES,
    ProblemRule,
    RecordType,
    SchemaError,
)

_NAMES: Final = ("type", "place")
_POINT: Final = ("easting", "northing")


def parse_problem(declared: Any, record_type: RecordType, source: str) -> ProblemRule:
    """Read the annotation `problem` of a record type.

    Raises:
        SchemaError: it is wrong; the text has `source`, the name, the value and the accepted values.
    """
    where = f"{source}: problem"
    if not isinstance(declared, Mapping) or not declared:
        raise _refused(where, "the annotation", declared, _NAMES)
    for name in sorted(set(declared) - set(_NAMES)):
        raise _refused(where, "a name in the annotation", name, _NAMES)
    profiles = [p for p in record_type.profiles if p in DEPERSONALISED_PROFILES]
    if not profiles:
        raise _refused(where, "profiles", list(record_type.profiles), DEPERSONALISED_PROFILES)
    _check_event(where, record_type, profiles)
    accepted = {"type": _types(record_type, profiles), "place": _places(record_type, profiles)}
    for name in _NAMES:
        if declared.get(name) not in accepted[name]:
            raise _refused(where, name, declared.get(name), accepted[name])
    return ProblemRule(declared["type"], declared["place"])


def _check_event(where: str, record_type: RecordType, profiles: list[str]) -> None:
    """Check that the first event has a date, and that each profile has it as supplied."""
    dates = [event.date for event in record_type.events[:1]]
    for date in dates:
        field = record_type.field(date)
        if field.kind == "date" and _has(record_type, date, profiles, "keep"):
            return
    raise _refused(where, "the first event", dates, ["a date that each profile keeps"])


def _types(record_type: RecordType, profiles: list[str]) -> list[str]:
    names = (f.name for f in record_type.fields if f.code_list)
    return [name for name in names if _has(record_type, name, profiles, "code")]


def _places(record_type: RecordType, profiles: list[str]) -> list[str]:
    """Return the prefixes of the places of the event that have a point in each profile."""
    declared = {f.name for f in record_type.fields}
    return [
        prefix
        for prefix in record_type.event_places
        if all(
            f"{prefix}{part}" in declared and _has(record_type, f"{prefix}{part}", profiles, part)
            for part in _POINT
        )
    ]


def _has(record_type: RecordType, name: str, profiles: list[str], action: str) -> bool:
    """Return True if each of the profiles has this treatment of a field."""
    treatments = record_type.field(name).treatments
    return all(treatments[profile].action == action for profile in profiles)


def _refused(where: str, what: str, value: Any, accepted: Iterable[str]) -> SchemaError:
    shown = ", ".join(repr(one) for one in accepted) or "none"
    return SchemaError(f"{where}: {what} is {value!r}; accepted: {shown}")
