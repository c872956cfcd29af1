"""The messages of the topic of incidents as facts. Texts and lists are bounded, so that rows stay small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast, get_args

from detection.domestic.facts import (
    DIGEST_BYTES,
    EventType,
    Fact,
    FactKind,
    Flag,
    Person,
    Risk,
    Role,
    Source,
)

A_DIGEST: Final = f"{DIGEST_BYTES} bytes"
_KINDS: Final = frozenset(get_args(FactKind))
_TYPES: Final = frozenset({*get_args(EventType), ""})
_FLAGS: Final = frozenset(get_args(Flag))
_ROLES: Final = frozenset(get_args(Role))
_TEXT_CHARACTERS: Final = 100
_MOST_PEOPLE: Final = 60
_MOST_HOUSEHOLDS: Final = 4
_MOST_SCHOOLS: Final = 30
_MOST_CHILDREN: Final = 99
_ENCRYPTED_BYTES: Final = 4_096
_LAST_DAY: Final = 2_932_896
"""The last day of the year 9999."""


class NotAnIncident(ValueError):
    """A message has a value that no worker writes; the text names the field, and the values accepted."""

    def __init__(self, name: str, accepted: str) -> None:
        """Take the name of the field. Its content is not told, because it may be personal."""
        super().__init__(f"{name} is not accepted; accepted: {accepted}")


class Incident(NamedTuple):
    """One message: the record, its source, its fact if it has one, and the encrypted subjects."""

    record: bytes
    source: Source
    supplied_ms: int
    fact: Fact | None
    subjects: bytes | None


def incident_of(message: Mapping[str, Any]) -> Incident:
    """Return the incident of a decoded message (system/incident.avsc).

    Raises:
        NotAnIncident: a digest has the wrong length, or a code is unknown.
    """
    record = _digest("record", message["record"])
    source = Source(message["agency"], message["dataset"])
    supplied_ms = _milliseconds(message["supplied"])
    facts = message["facts"]
    if message["kind"] == "none" or facts is None:
        return Incident(record, source, supplied_ms, None, None)
    fact = _fact(record, source, supplied_ms, message, facts)
    return Incident(record, source, supplied_ms, fact, _small(facts.get("subjects")))


def _fact(
    record: bytes,
    source: Source,
    supplied_ms: int,
    message: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> Fact:
    kind, of_type = message["kind"], facts["type"]
    _check("kind", kind, _KINDS)
    _check("type", of_type, _TYPES)
    day, until_day = _day(facts["day"]), _day(facts["until_day"])
    return Fact(
        record, source, cast("FactKind", kind), supplied_ms, day, max(day, until_day),
        minute=_minute(facts["minute"]), is_dated=facts["is_dated"], type=of_type,
        households=tuple(_digest("households", h) for h in facts["households"][:_MOST_HOUSEHOLDS]),
        people=tuple(map(_person, facts["people"][:_MOST_PEOPLE])),
        join=_optional("join", facts["join"]), incident=_optional("incident", facts["incident"]),
        district=_text(facts["district"]),
        flags=frozenset(cast("Flag", flag) for flag in facts["flags"] if flag in _FLAGS),
        children=_children(facts["children"]),
        schools=tuple(dict.fromkeys(s[:_TEXT_CHARACTERS] for s in facts["schools"][:_MOST_SCHOOLS])),
        risk=_risk(facts["risk"]), contact=_small(facts["contact"]), supply_id=_text(message["supply_id"]),
    )  # fmt: skip


def _person(person: Mapping[str, Any]) -> Person:
    _check("role", person["role"], _ROLES)
    digest = _optional("person", person["person"])
    return Person(person["role"], digest, _optional("reference", person["reference"]))


def _risk(risk: Mapping[str, Any] | None) -> Risk | None:
    if risk is None:
        return None
    day = None if risk["day"] is None else _day(risk["day"])
    return Risk(_text(risk["tool"]), _text(risk["grade"]), day, _text(risk["grader"]))


def _digest(name: str, value: bytes) -> bytes:
    if len(value) != DIGEST_BYTES:
        raise NotAnIncident(name, A_DIGEST)
    return value


def _check(name: str, value: str, accepted: frozenset[str]) -> None:
    if value not in accepted:
        raise NotAnIncident(name, ", ".join(each or "empty" for each in sorted(accepted)))


def _optional(name: str, value: bytes | None) -> bytes | None:
    return None if value is None else _digest(name, value)


def _day(value: int) -> int:
    return min(max(value, 0), _LAST_DAY)


def _minute(value: int | None) -> int | None:
    return value if value is not None and 0 <= value <= _LAST_DAY * 1_440 else None


def _children(value: int | None) -> int | None:
    return None if value is None else min(max(value, 0), _MOST_CHILDREN)


def _text(value: str | None) -> str | None:
    return None if value is None else value[:_TEXT_CHARACTERS]


def _small(value: bytes | None) -> bytes | None:
    return value if value is not None and len(value) <= _ENCRYPTED_BYTES else None


def _milliseconds(value: Any) -> int:
    """Return milliseconds since 1970 UTC of a time as the decoder returns it."""
    return int(value.timestamp() * 1000) if hasattr(value, "timestamp") else int(value)
