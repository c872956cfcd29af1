"""The facts of domestic events: what one original record says, and one event from one record or several.

Nothing here names a person or an address: people and households are keyed digests of `DIGEST_BYTES` bytes.
Days are in Europe/London, counted since 1970. Instants are minutes since 1970 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

DIGEST_BYTES: Final = 12
"""Size of the digests of records, events, people and households."""

FactKind = Literal["event", "part", "referral"]
"""A domestic event, a person of a case that may be domestic, or a referral to a MARAC."""

Role = Literal["victim", "suspect", "child"]
"""The role of a person in one event. Nobody has a role beyond it: counter-allegations are common."""

EventType = Literal["domestic-incident", "domestic-crime", "assault-at-home"]

Flag = Literal["weapon", "order-or-bail", "children"]


class Source(NamedTuple):
    """An agency's dataset."""

    agency: str
    dataset: str


class Person(NamedTuple):
    """A person of a record. `person` is the digest of name and date of birth, `reference` the agency's."""

    role: Role
    person: bytes | None = None
    reference: bytes | None = None


class Risk(NamedTuple):
    """A risk assessment as supplied, for example of the tool DASH or DARA. It is never converted."""

    tool: str | None = None
    grade: str | None = None
    day: int | None = None
    grader: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """The facts of one original record; a correction of the record has the same `record`.

    `supplied_ms` is when the broker received the original (since 1970 UTC). `day` is the first possible day
    and `until_day` the last one; a `part` has the day of its supply. `minute` is None if the time is not
    known. `households` has the digests of the place's address and UPRN, as far as they are known. Records of
    one crime or incident share `join`; `incident` is the join of the incident that a crime names. `contact`
    is encrypted.
    """

    record: bytes
    source: Source
    kind: FactKind
    supplied_ms: int
    day: int
    until_day: int
    minute: int | None = None
    is_dated: bool = True
    type: EventType | Literal[""] = ""
    households: tuple[bytes, ...] = ()
    people: tuple[Person, ...] = ()
    join: bytes | None = None
    incident: bytes | None = None
    district: str | None = None
    flags: frozenset[Flag] = frozenset()
    children: int | None = None
    schools: tuple[str, ...] = ()
    risk: Risk | None = None
    contact: bytes | None = None
    supply_id: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One domestic event, with the facts of all records about it, in the order of their arrival.

    At least one of the facts is of the kind `event`. `id` never changes.
    """

    id: bytes
    facts: tuple[Fact, ...]
