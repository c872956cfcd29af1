"""A record type: what its annotated Avro schema declares of a minimum dataset (guidance 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

DEPERSONALISED_PROFILES = ("central", "second")
"""Depersonalised release profiles from the fullest to the coarsest (DESIGN: release profiles)."""

COARSEST = DEPERSONALISED_PROFILES[-1]
"""The profile of business and community groups, which is told of nothing domestic."""

PERSONAL = "personal"
"""The profile of those who may have the personal record; only types headed so have it."""

PROFILES = (*DEPERSONALISED_PROFILES, PERSONAL)

RECORD_REFERENCE = "record_reference"
"""The field by which a record is known whose datafields hold no reference: the supply's own serves."""

BIRTH = "date_of_birth"
"""Dates of birth are named so, with the person in front where there are several."""

EVENT_PLACES = ("location_", "site_", "school_")
"""Where it happened, which decides whether a record is the partnership's (guidance 2.2.4)."""

HOME_PLACES = ("home_", "keeper_")
"""Homes of offenders, victims and patients, which may lie anywhere."""

PLACE_PARTS = ("address", "postcode", "easting", "northing", "longitude", "latitude")


class SchemaError(ValueError):
    """A declaration that the build must not accept; says record type, field and what is accepted."""


class Sensitivity(StrEnum):
    """Guidance 2.1, in rising order of protection."""

    DEPERSONALISED = "depersonalised"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"

    @property
    def rank(self) -> int:
        """Zero for what is depersonalised, more for what needs more protection."""
        return list(Sensitivity).index(self)


class Status(StrEnum):
    """Tables 1 and 2: how regularly a dataset is shared."""

    CORE = "core"
    CORE_WHERE_RECORDED = "core-where-recorded"
    PERIPHERAL = "peripheral"


@dataclass(frozen=True, slots=True)
class Treatment:
    """What one release profile does to one field: an action and, for coded fields, its list."""

    action: str
    code_list: str | None = None

    def __str__(self) -> str:
        return f"{self.action}:{self.code_list}" if self.code_list else self.action


@dataclass(frozen=True, slots=True)
class Field:
    """One datafield.

    `kind` is text, flag, count, number, date or time; `doc` the guidance's wording and `note` what
    it leaves open. `about` says whose the value is; `born` names the date of birth that
    an age can be worked out from; `future` dates may lie ahead;
    `rounded` counts may be given with decimals;
    `only` names fields with the codes of which one must stand there for this one to be released.
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

    @property
    def place(self) -> str | None:
        """Prefix of the location group that the field is a part of, such as ``home_``."""
        for prefix in (*EVENT_PLACES, *HOME_PLACES):
            if self.name.removeprefix(prefix) in PLACE_PARTS and self.name.startswith(prefix):
                return prefix
        return None

    @property
    def code_list(self) -> str | None:
        """The list whose codes are the only values of the field; None where it is not coded."""
        for treatment in self.treatments.values():
            if treatment.action in {"code", "group"}:
                return treatment.code_list
        return None


@dataclass(frozen=True, slots=True)
class Event:
    """The fields that say when it happened; `until` closes a range known only by its dates."""

    date: str
    time: str | None
    until: str | None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Rows a profile never gets: those whose `flag` is not known to be false, or with such a code."""

    flag: str
    codes: Mapping[str, frozenset[str]]

    def telling(self, record: Mapping[str, Any]) -> str | None:
        """The field whose code says what the flag would, itself or as the class of a sub-class."""
        for field, codes in self.codes.items():
            code = record.get(field)
            if code is not None and (code in codes or code.partition("/")[0] in codes):
                return field
        return None


@dataclass(frozen=True, slots=True)
class RecordType:
    """One of the record types that the 22 minimum datasets make (guidance 3.2).

    `not_domestic` says why no row can tell of a domestic event, where nothing in it would say so.
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

    def field(self, name: str) -> Field:
        """The field of that name; `KeyError` if the record type declares none."""
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(name)

    def released(self, profile: str) -> tuple[Field, ...]:
        """The fields of which `profile` gets something, in order of declaration."""
        return tuple(f for f in self.fields if f.treatments[profile].action != "drop")

    def released_places(self, profile: str) -> tuple[str, ...]:
        """Prefixes of the location groups of which `profile` gets anything."""
        return tuple(dict.fromkeys(f.place for f in self.released(profile) if f.place))

    @property
    def places(self) -> tuple[str, ...]:
        """Prefixes of the location groups, such as ``location_``, in order of declaration."""
        return tuple(dict.fromkeys(f.place for f in self.fields if f.place))

    @property
    def event_places(self) -> tuple[str, ...]:
        """Those of the location groups that say where it happened."""
        return tuple(prefix for prefix in self.places if prefix in EVENT_PLACES)

    @property
    def births(self) -> tuple[str, ...]:
        """Return the dates of birth in the record."""
        return tuple(f.name for f in self.fields if f.kind == "date" and f.name.endswith(BIRTH))

    @property
    def core(self) -> bool:
        """Whether the dataset is shared routinely; a peripheral one needs to be opened."""
        return self.status is not Status.PERIPHERAL

    @property
    def has_record_reference(self) -> bool:
        """Whether records are known by a reference that their supply gives them."""
        return any(f.name == RECORD_REFERENCE for f in self.fields)
