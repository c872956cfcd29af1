"""Record types: the declarations of the minimum datasets (guidance 3.2) in annotated Avro schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

DEPERSONALISED_PROFILES = ("central", "second")
"""Depersonalised release profiles, from the fullest to the coarsest."""

COARSEST = DEPERSONALISED_PROFILES[-1]
"""The profile of business and community groups, which get no record of a domestic event."""

PERSONAL = "personal"
"""The profile of recipients that may get the personal record; only some record types have it."""

PROFILES = (*DEPERSONALISED_PROFILES, PERSONAL)

RECORD_REFERENCE = "record_reference"
"""The field that identifies a record without a reference among its datafields; the supply gives it."""

BIRTH = "date_of_birth"
"""Name of a date of birth; if there are several, the person is a prefix."""

CHILD = "child"
"""The person whom a field about a child describes; such a child may be born on the day of the event."""

EVENT_PLACES = ("location_", "site_", "school_")
"""Prefixes of the place of an event, which decides if a record is the partnership's (guidance 2.2.4)."""

HOME_PLACES = ("home_", "keeper_")
"""Prefixes of the homes of offenders, victims and patients, which may be outside the area."""

PLACE_PARTS = ("address", "postcode", "easting", "northing", "longitude", "latitude")


class SchemaError(ValueError):
    """A declaration is wrong; the text has the record type, the field and the accepted values."""


class Sensitivity(StrEnum):
    """Types of information (guidance 2.1), in rising order of protection."""

    DEPERSONALISED = "depersonalised"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"

    @property
    def rank(self) -> int:
        """Return 0 for depersonalised information, and higher numbers for more protection."""
        return list(Sensitivity).index(self)


class Status(StrEnum):
    """The regularity of sharing a dataset (guidance, Tables 1 and 2); case by case is outside them."""

    CORE = "core"
    CORE_WHERE_RECORDED = "core-where-recorded"
    PERIPHERAL = "peripheral"
    CASE_BY_CASE = "case-by-case"


@dataclass(frozen=True, slots=True)
class Treatment:
    """The treatment of one field in one release profile: an action and, for coded fields, the code list."""

    action: str
    code_list: str | None = None

    def __str__(self) -> str:
        return f"{self.action}:{self.code_list}" if self.code_list else self.action


@dataclass(frozen=True, slots=True)
class Field:
    """One datafield.

    `kind` is text, flag, count, number, date or time. `doc` is the guidance's wording, and `note` explains
    it. `about` is the person whom the value describes. `born` names the date of birth from which an age can
    be computed. A `future` date may be in the future. A `rounded` count may have decimals. `only` maps other
    fields to codes: this field is released only if each of them has one of its codes. `codes` is the code
    list of a coded text that no profile releases as a code.
    """

    name: str
    kind: str
    doc: str
    note: str
    marked: bool
    about: str | None
    sensitivity: Sensitivity
    treatments: Mapping[str, Treatment]
    minimum: float | None
    maximum: float | None
    unit: str | None
    join: str | None
    born: str | None
    future: bool
    rounded: bool
    only: Mapping[str, frozenset[str]]
    codes: str | None = None

    @property
    def place(self) -> str | None:
        """Return the prefix of the field's location group, such as ``home_``, or None."""
        for prefix in (*EVENT_PLACES, *HOME_PLACES):
            if self.name.removeprefix(prefix) in PLACE_PARTS and self.name.startswith(prefix):
                return prefix
        return None

    @property
    def code_list(self) -> str | None:
        """Return the code list of the field's values, or None if the field is not coded."""
        for treatment in self.treatments.values():
            if treatment.action in {"code", "group"}:
                return treatment.code_list
        return self.codes


@dataclass(frozen=True, slots=True)
class Event:
    """The fields with the date and time of an event; `until` is the last date if only a range is known."""

    date: str
    time: str | None
    until: str | None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Rows that a profile never gets: those with a `flag` not known to be false, or with one of `codes`."""

    flag: str
    codes: Mapping[str, frozenset[str]]

    def telling(self, record: Mapping[str, Any]) -> str | None:
        """Return the field with a code that excludes the record, by itself or by its class; else None."""
        return next((f for f, codes in self.codes.items() if _is_of(record.get(f), codes)), None)


def _is_of(code: str | None, codes: frozenset[str]) -> bool:
    """Return True if the code or its class is one of `codes`."""
    return code is not None and (code in codes or code.partition("/")[0] in codes)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition for a domestic event. It applies if all that it names apply.

    `flag` names a flag that must be true. `codes` maps fields to codes: each field must have one of its
    codes, by itself or by its class. `same_place` has the prefixes of two places: both must name the same
    home, or the first must be empty.
    """

    flag: str | None
    codes: Mapping[str, frozenset[str]]
    same_place: tuple[str, str] | None

    def applies(self, record: Mapping[str, Any], same_place: Callable[[str, str], bool]) -> bool:
        """Return True if the condition applies to a cleaned record; `same_place` compares two prefixes."""
        return (
            (self.flag is None or record.get(self.flag) is True)
            and all(_is_of(record.get(f), codes) for f, codes in self.codes.items())
            and (self.same_place is None or same_place(*self.same_place))
        )


@dataclass(frozen=True, slots=True)
class DomesticRule:
    """The records of a type that domestic alerts use, and the fields with their facts.

    `kind` is event, part (a person of a crime that may be domestic) or referral. `type` is that of the event,
    else empty. One condition of `when` must apply; an empty `when` applies to every record. The first of
    `places` that names a home is the place of the event. `people` maps a role to the prefixes of names and
    dates of birth, and `references` to the field with the agency's reference of the person. Records of one
    crime or incident share the value of `join`. `incident` has the reference of the incident that a crime
    names. `day` is the date of a referral. `schools` are fields with a school's URN. `risk` and `contact` are
    prefixes. A record whose flag `withdrawn` is true does not apply.
    """

    kind: str
    type: str
    when: tuple[Condition, ...]
    places: tuple[str, ...]
    people: Mapping[str, tuple[str, ...]]
    references: Mapping[str, str]
    join: str | None
    incident: str | None
    day: str | None
    weapon: str | None
    order: str | None
    children: str | None
    children_count: str | None
    schools: tuple[str, ...]
    risk: str | None
    contact: str | None
    withdrawn: str | None = None

    def applies(self, record: Mapping[str, Any], same_place: Callable[[str, str], bool]) -> bool:
        """Return True if a cleaned record is one of `kind`; `same_place` compares two prefixes of places."""
        if self.withdrawn is not None and record.get(self.withdrawn) is True:
            return False
        return not self.when or any(c.applies(record, same_place) for c in self.when)


@dataclass(frozen=True, slots=True)
class ProblemRule:
    """The fields of a release from which emerging problems are detected.

    `type` is the coded field with the type of the event, and `place` the prefix of its place with a point.
    The first of the record type's `events` has its day and time. A record without one of them is not used.
    """

    type: str
    place: str


@dataclass(frozen=True, slots=True)
class RecordType:
    """A record type: one of the 25 of the 22 minimum datasets (guidance 3.2), or MARAC referrals.

    `not_domestic` is the reason why no row can be a domestic event, if no field marks such rows. `domestic`
    says which records domestic alerts use; it is None if they use none. `problem` has the fields from which
    emerging problems are detected; it is None if its records are no dated events at a place.
    """

    dataset: str
    name: str
    title: str
    doc: str
    guidance: str
    suppliers: tuple[str, ...]
    information: Sensitivity
    status: Status
    profiles: tuple[str, ...]
    required: tuple[str, ...]
    identity: tuple[str, ...]
    events: tuple[Event, ...]
    ordered: tuple[tuple[str, str | None, str, str | None], ...]
    excluded: Mapping[str, Exclusion]
    not_domestic: str
    fields: tuple[Field, ...]
    domestic: DomesticRule | None = None
    problem: ProblemRule | None = None

    def field(self, name: str) -> Field:
        """Return the field with this name.

        Raises:
            KeyError: the record type has no such field.
        """
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(name)

    def released(self, profile: str) -> tuple[Field, ...]:
        """Return the fields that `profile` does not drop, in order of declaration."""
        return tuple(f for f in self.fields if f.treatments[profile].action != "drop")

    def released_places(self, profile: str) -> tuple[str, ...]:
        """Return the prefixes of the location groups with a field that `profile` does not drop."""
        return tuple(dict.fromkeys(f.place for f in self.released(profile) if f.place))

    @property
    def places(self) -> tuple[str, ...]:
        """Return the prefixes of the location groups, such as ``location_``, in order of declaration."""
        return tuple(dict.fromkeys(f.place for f in self.fields if f.place))

    @property
    def event_places(self) -> tuple[str, ...]:
        """Return the prefixes of the location groups that are places of events."""
        return tuple(prefix for prefix in self.places if prefix in EVENT_PLACES)

    @property
    def births(self) -> tuple[str, ...]:
        """Return the names of the fields with a date of birth."""
        return tuple(f.name for f in self.fields if f.kind == "date" and f.name.endswith(BIRTH))

    @property
    def births_of_several(self) -> tuple[str, ...]:
        """Return the dates of birth of the several people of an event or referral.

        No age is computed from them, and a wrong one does not make the event doubtful.
        """
        if self.domestic is None:
            return ()
        described = {f.born for f in self.fields}
        named = {f"{p}{BIRTH}" for prefixes in self.domestic.people.values() for p in prefixes}
        return tuple(b for b in self.births if b in named and b not in described)

    @property
    def core(self) -> bool:
        """Return True if the dataset needs no opening; only a peripheral one must be opened."""
        return self.status is not Status.PERIPHERAL

    @property
    def has_record_reference(self) -> bool:
        """Return True if records are identified by a reference that their supply gives them."""
        return any(f.name == RECORD_REFERENCE for f in self.fields)
