"""A record type as its annotated Avro schema declares it: closed by default, checked when loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

PROFILES = ("central", "second")
"""Release profiles from the fullest to the coarsest (DESIGN: release profiles)."""

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_KEEPABLE = frozenset({"flag", "date", "time", "count"})
_PLAIN_TREATMENTS = frozenset(
    {"keep", "drop", "hour", "reference", "address", "postcode", "easting", "northing"}
)
_LIST_TREATMENTS = frozenset({"code", "coded-text"})
_PLACE_TREATMENTS = frozenset({"address", "postcode", "easting", "northing"})


class SchemaError(ValueError):
    """A declaration that the build must not accept; says record type, field and what is accepted."""


class Sensitivity(StrEnum):
    """Guidance 2.1, in rising order of protection."""

    DEPERSONALISED = "depersonalised"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True)
class Treatment:
    """What one release profile does to one field: an action and, for coded fields, its list."""

    action: str
    code_list: str | None = None

    @classmethod
    def parse(cls, text: str, where: str) -> Treatment:
        """Read ``action`` or ``action:list``; raise `SchemaError` for anything else."""
        action, _, code_list = text.partition(":")
        if (action in _PLAIN_TREATMENTS and not code_list) or (
            action in _LIST_TREATMENTS and code_list
        ):
            return cls(action, code_list or None)
        accepted = ", ".join(sorted(_PLAIN_TREATMENTS)) + ", code:<list>, coded-text:<list>"
        raise SchemaError(f"{where}: treatment {text!r} is unknown; accepted: {accepted}")


@dataclass(frozen=True, slots=True)
class Field:
    """One datafield. `kind` is text, flag, count, number, date or time; `doc` the guidance's wording."""

    name: str
    kind: str
    doc: str
    marked: bool
    sensitivity: Sensitivity
    treatments: Mapping[str, Treatment]
    minimum: float | None
    maximum: float | None
    unit: str | None
    join: str | None


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


@dataclass(frozen=True, slots=True)
class RecordType:
    """One of the record types that the 22 minimum datasets make (guidance 3.2)."""

    dataset: str
    name: str
    title: str
    doc: str
    guidance: str
    suppliers: tuple[str, ...]
    information: Sensitivity
    core: bool
    required: tuple[str, ...]
    identity: tuple[str, ...]
    events: tuple[Event, ...]
    ordered: tuple[tuple[str, str, str, str], ...]
    excluded: Mapping[str, Exclusion]
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field of that name; `KeyError` if the record type declares none."""
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(name)

    @property
    def places(self) -> tuple[str, ...]:
        """Prefixes of the location groups, such as ``location_``, in order of declaration."""
        found = (
            f.name.removesuffix("address")
            for f in self.fields
            if f.treatments[PROFILES[0]].action == "address"
        )
        return tuple(found)


def parse_record_type(declared: Mapping[str, Any], source: str) -> RecordType:
    """Read one annotated Avro schema.

    Raises:
        SchemaError: names `source`, the field, what was wrong and what is accepted.
    """
    try:
        fields = tuple(_parse_field(f, source) for f in declared["fields"])
        record_type = RecordType(
            dataset=declared["dataset"],
            name=f"{declared['namespace']}.{declared['name']}",
            title=declared["title"],
            doc=declared["doc"],
            guidance=declared["guidance"],
            suppliers=tuple(declared["suppliers"]),
            information=Sensitivity(declared["information"]),
            core={"core": True, "peripheral": False}[declared["status"]],
            required=tuple(declared["required"]),
            identity=tuple(declared["identity"]),
            events=tuple(
                Event(e["date"], e.get("time"), e.get("until")) for e in declared["events"]
            ),
            ordered=tuple(tuple(group) for group in declared.get("ordered", [])),
            excluded={
                profile: Exclusion(
                    rule["flag"], {f: frozenset(codes) for f, codes in rule["codes"].items()}
                )
                for profile, rule in declared["excluded"].items()
            },
            fields=fields,
        )
    except KeyError as missing:
        raise SchemaError(f"{source}: the annotation {missing} is missing or unknown") from missing
    _check_references(record_type, source)
    return record_type


def _parse_field(declared: Mapping[str, Any], source: str) -> Field:
    where = f"{source}: field {declared.get('name')!r}"
    if not _NAME.match(str(declared.get("name", ""))):
        raise SchemaError(f"{where}: a name is lower-case letters, digits and underscores")
    for annotation in ("doc", "sensitivity", "treatment"):
        if not declared.get(annotation):
            raise SchemaError(f"{where}: has no {annotation!r}; every field must say what it is")
    treatments = _parse_treatments(declared["treatment"], where)
    field = Field(
        name=declared["name"],
        kind=_kind(declared["type"], where),
        doc=declared["doc"],
        marked=bool(declared.get("marked", False)),
        sensitivity=_parse_sensitivity(declared["sensitivity"], where),
        treatments=treatments,
        minimum=declared.get("minimum"),
        maximum=declared.get("maximum"),
        unit=declared.get("unit"),
        join=declared.get("join"),
    )
    _check_treatments(field, where)
    return field


def _parse_sensitivity(text: str, where: str) -> Sensitivity:
    try:
        return Sensitivity(text)
    except ValueError:
        accepted = ", ".join(Sensitivity)
        raise SchemaError(f"{where}: sensitivity {text!r}; accepted: {accepted}") from None


def _parse_treatments(declared: Mapping[str, str], where: str) -> dict[str, Treatment]:
    if set(declared) != set(PROFILES):
        raise SchemaError(f"{where}: a treatment is needed for each of {', '.join(PROFILES)}")
    return {profile: Treatment.parse(text, where) for profile, text in declared.items()}


def _kind(avro: Any, where: str) -> str:
    match avro:
        case ["null", "string"]:
            return "text"
        case ["null", "boolean"]:
            return "flag"
        case ["null", "int"]:
            return "count"
        case ["null", "double"]:
            return "number"
        case ["null", {"type": "int", "logicalType": "date"}]:
            return "date"
        case ["null", {"type": "int", "logicalType": "time-millis"}]:
            return "time"
    raise SchemaError(
        f"{where}: type {avro!r}; accepted: null with string, boolean, int, double, date or "
        "time-millis, since no supplier must be turned away for an empty field"
    )


def _check_treatments(field: Field, where: str) -> None:
    for profile, treatment in field.treatments.items():
        if treatment.action == "keep" and field.kind not in _KEEPABLE:
            raise SchemaError(
                f"{where}: {profile} keeps a {field.kind}, which could carry anything; "
                f"only {', '.join(sorted(_KEEPABLE))} may be kept"
            )
        if treatment.action == "hour" and field.kind != "time":
            raise SchemaError(
                f"{where}: {profile} has 'hour' on a {field.kind}; only a time has one"
            )
        if treatment.action in _PLACE_TREATMENTS and not field.name.endswith(treatment.action):
            raise SchemaError(f"{where}: {profile} has {treatment.action!r}, so must its name end")
    _check_second_is_no_looser(field, where)


def _check_second_is_no_looser(field: Field, where: str) -> None:
    central, second = field.treatments["central"], field.treatments["second"]
    if central.action == "drop" and second.action != "drop":
        raise SchemaError(f"{where}: second releases what central drops; it may only be coarser")
    if central.action == "hour" and second.action == "keep":
        raise SchemaError(f"{where}: second keeps the minutes that central leaves out")


def _check_references(record_type: RecordType, source: str) -> None:
    declared = {f.name for f in record_type.fields}
    if len(declared) != len(record_type.fields):
        raise SchemaError(f"{source}: a field is declared twice")
    used = {*record_type.required, *record_type.identity}
    used |= {name for e in record_type.events for name in (e.date, e.time, e.until) if name}
    used |= {name for group in record_type.ordered for name in group}
    used |= {name for x in record_type.excluded.values() for name in (x.flag, *x.codes)}
    for name in sorted(used - declared):
        raise SchemaError(f"{source}: {name!r} is used in an annotation but is no field")
    for profile in record_type.excluded:
        if profile not in PROFILES:
            raise SchemaError(f"{source}: excluded names {profile!r}; accepted: {PROFILES}")
