"""Parser of annotated Avro schemas; a field without a treatment is refused (closed by default)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from schemas.domestic_rule import parse_domestic
from schemas.problem_rule import parse_problem
from schemas.record_type import (
    BIRTH,
    COARSEST,
    DEPERSONALISED_PROFILES,
    PERSONAL,
    PROFILES,
    Event,
    Exclusion,
    Field,
    RecordType,
    SchemaError,
    Sensitivity,
    Status,
    Treatment,
)

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_KEEPABLE = frozenset({"flag", "date", "time", "count"})
_PLACE_TREATMENTS = frozenset({"address", "postcode", "easting", "northing"})
_OF_KIND = {
    "hour": "time", "age": "count", "band": "count", "rounded": "count", "premises": "text", "code": "text",
    "group": "text", "coded-text": "text", "reference": "text",
}  # fmt: skip
_PLAIN_TREATMENTS = frozenset(
    {"keep", "drop", "hour", "age", "band", "rounded", "premises", "reference"} | _PLACE_TREATMENTS
)
_LIST_TREATMENTS = frozenset({"code", "group", "coded-text"})
_COARSER = (("keep", "hour"), ("keep", "rounded"), ("age", "band"), ("code", "group"))
"""Pairs of treatments in which the second releases less."""

_LEAST = {
    "victim": Sensitivity.SENSITIVE,
    "witness": Sensitivity.SENSITIVE,
    "offender": Sensitivity.SENSITIVE,
    "suspect": Sensitivity.SENSITIVE,
    "offence": Sensitivity.SENSITIVE,
    "patient": Sensitivity.SENSITIVE,
    "prisoner": Sensitivity.PERSONAL,
    "pupil": Sensitivity.PERSONAL,
    "child": Sensitivity.PERSONAL,
    "keeper": Sensitivity.PERSONAL,
    "owner": Sensitivity.PERSONAL,
    "officer": Sensitivity.PERSONAL,
}
"""Guidance 2.1: victims, witnesses, health and offences alleged or committed are sensitive."""


def parse_record_type(declared: Mapping[str, Any], source: str) -> RecordType:
    """Read one annotated Avro schema.

    Raises:
        SchemaError: the schema is wrong; the text has `source`, the field, the fault and the accepted values.
    """
    try:
        profiles = _profiles(declared["profiles"], source)
        record_type = RecordType(
            dataset=declared["dataset"],
            name=f"{declared['namespace']}.{declared['name']}",
            title=declared["title"],
            doc=declared["doc"],
            guidance=declared["guidance"],
            suppliers=tuple(declared["suppliers"]),
            information=_one_of(Sensitivity, declared["information"], source),
            status=_one_of(Status, declared["status"], source),
            profiles=profiles,
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
            not_domestic=str(declared.get("not_domestic", "")).strip(),
            fields=tuple(_parse_field(f, profiles, source) for f in declared["fields"]),
        )
    except KeyError as missing:
        raise SchemaError(f"{source}: the annotation {missing} is missing or unknown") from missing
    _check_profiles(record_type, source)
    _check_references(record_type, source)
    _check_domestic(record_type, source)
    return _with_rules(record_type, declared, source)


def _with_rules(record_type: RecordType, declared: Mapping[str, Any], source: str) -> RecordType:
    """Return the record type with the rules of alerts that it declares."""
    rules: dict[str, Any] = {}
    if "domestic" in declared:
        rules["domestic"] = parse_domestic(declared["domestic"], record_type, source)
    if "problem" in declared:
        rules["problem"] = parse_problem(declared["problem"], record_type, source)
    return replace(record_type, **rules)


def _profiles(declared: Any, source: str) -> tuple[str, ...]:
    profiles = tuple(declared)
    if not profiles or set(profiles) - set(PROFILES):
        raise SchemaError(f"{source}: profiles {declared}; accepted: {', '.join(PROFILES)}")
    return profiles


def _one_of(kind: Any, text: str, where: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        accepted = ", ".join(kind)
        name = kind.__name__.lower()
        raise SchemaError(f"{where}: {name} {text!r}; accepted: {accepted}") from None


def _parse_field(declared: Mapping[str, Any], profiles: tuple[str, ...], source: str) -> Field:
    where = f"{source}: field {declared.get('name')!r}"
    if not _NAME.match(str(declared.get("name", ""))):
        raise SchemaError(f"{where}: accepted names: lower-case letters, digits and underscores")
    for annotation in ("doc", "sensitivity", "treatment"):
        if not declared.get(annotation):
            raise SchemaError(f"{where}: has no {annotation!r}; every field needs this annotation")
    field = Field(
        name=declared["name"],
        kind=_kind(declared["type"], where),
        doc=declared["doc"],
        note=declared.get("note", ""),
        marked=bool(declared.get("marked", False)),
        about=declared.get("about"),
        sensitivity=_one_of(Sensitivity, declared["sensitivity"], where),
        treatments=_parse_treatments(declared["treatment"], profiles, where),
        minimum=declared.get("minimum"),
        maximum=declared.get("maximum"),
        unit=declared.get("unit"),
        join=declared.get("join"),
        born=declared.get("born"),
        future=bool(declared.get("future", False)),
        rounded=bool(declared.get("rounded", False)),
        only={n: frozenset(codes) for n, codes in declared.get("only", {}).items()},
        codes=declared.get("codes"),
    )
    _check_sensitivity(field, where)
    _check_treatments(field, where)
    return field


def _parse_treatments(
    declared: Mapping[str, str], profiles: tuple[str, ...], where: str
) -> dict[str, Treatment]:
    if set(declared) != set(profiles):
        raise SchemaError(f"{where}: a treatment is needed for each of {', '.join(profiles)}")
    return {profile: parse_treatment(text, where) for profile, text in declared.items()}


def parse_treatment(text: str, where: str) -> Treatment:
    """Parse ``action`` or ``action:list``; raise `SchemaError` for any other text."""
    action, _, code_list = text.partition(":")
    if (action in _PLAIN_TREATMENTS and not code_list) or (
        action in _LIST_TREATMENTS and code_list
    ):
        return Treatment(action, code_list or None)
    plain = ", ".join(sorted(_PLAIN_TREATMENTS))
    listed = ", ".join(f"{name}:<list>" for name in sorted(_LIST_TREATMENTS))
    raise SchemaError(f"{where}: treatment {text!r} is unknown; accepted: {plain}, {listed}")


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
        "time-millis (null, because every field may be empty)"
    )


def _check_sensitivity(field: Field, where: str) -> None:
    if field.about is None:
        return
    if field.about not in _LEAST:
        raise SchemaError(f"{where}: about {field.about!r}; accepted: {', '.join(_LEAST)}")
    least = _LEAST[field.about]
    if field.sensitivity.rank < least.rank:
        raise SchemaError(
            f"{where}: information about a {field.about} is at least {least} (guidance 2.1), "
            f"not {field.sensitivity}"
        )


def _check_treatments(field: Field, where: str) -> None:
    for profile, treatment in field.treatments.items():
        action = treatment.action
        if action == "keep" and field.kind not in _KEEPABLE and profile != PERSONAL:
            raise SchemaError(
                f"{where}: {profile} keeps a {field.kind}, which could hold any personal data; "
                f"accepted: {', '.join(sorted(_KEEPABLE))}"
            )
        if action in _OF_KIND and field.kind != _OF_KIND[action]:
            raise SchemaError(
                f"{where}: {profile} has {action!r} on a {field.kind}; "
                f"accepted: only on a {_OF_KIND[action]}"
            )
        if action in _PLACE_TREATMENTS and not field.name.endswith(action):
            raise SchemaError(f"{where}: {profile} has {action!r}, so its name must end with it")
    if field.codes and (
        field.kind != "text" or any(t.code_list for t in field.treatments.values())
    ):
        raise SchemaError(
            f"{where}: codes {field.codes!r}; accepted: only on a text whose treatments name no code list"
        )
    if set(DEPERSONALISED_PROFILES) <= set(field.treatments):
        _check_second_is_no_looser(field, where)


def _check_second_is_no_looser(field: Field, where: str) -> None:
    central, second = (field.treatments[profile] for profile in DEPERSONALISED_PROFILES)
    if not is_no_looser(second, central):
        raise SchemaError(
            f"{where}: second releases more than central ({second}, {central}); "
            "it may release only the same or less"
        )


def is_no_looser(treatment: Treatment, than: Treatment) -> bool:
    """Return True if `treatment` releases no more of a value than the treatment `than`."""
    if treatment.action == "drop" or treatment == than:
        return True
    pair = (than.action, treatment.action)
    return pair in _COARSER and (pair[0] != "code" or treatment.code_list == than.code_list)


def _check_profiles(record_type: RecordType, source: str) -> None:
    if PERSONAL in record_type.profiles and record_type.information is Sensitivity.DEPERSONALISED:
        raise SchemaError(
            f"{source}: in the guidance, {record_type.guidance} is depersonalised, so it cannot have "
            "a personal release"
        )
    if record_type.status is Status.CASE_BY_CASE and record_type.profiles != (PERSONAL,):
        raise SchemaError(
            f"{source}: profiles {list(record_type.profiles)} of a dataset that is shared case by case; "
            f"accepted: {PERSONAL} alone"
        )
    for profile in record_type.excluded:
        if profile not in record_type.profiles:
            raise SchemaError(
                f"{source}: excluded names {profile!r}; accepted: {record_type.profiles}"
            )


def _check_references(record_type: RecordType, source: str) -> None:
    declared = {f.name for f in record_type.fields}
    if len(declared) != len(record_type.fields):
        raise SchemaError(f"{source}: a field is declared twice")
    used = {*record_type.required, *record_type.identity}
    used |= {name for e in record_type.events for name in (e.date, e.time, e.until) if name}
    used |= {name for group in record_type.ordered for name in group if name}
    used |= {name for x in record_type.excluded.values() for name in (x.flag, *x.codes)}
    used |= {f.born for f in record_type.fields if f.born}
    for name in sorted(used - declared):
        raise SchemaError(f"{source}: {name!r} is used in an annotation but is not a field")
    for field in record_type.fields:
        if field.born and field.born not in record_type.births:
            raise SchemaError(
                f"{source}: {field.born!r} gives no age; accepted: a date with a name …{BIRTH}"
            )


def _check_domestic(record_type: RecordType, source: str) -> None:
    """Check that the coarsest profile gets a type only if its domestic rows can be recognised."""
    for rule in record_type.excluded.values():
        if record_type.field(rule.flag).kind != "flag":
            raise SchemaError(f"{source}: {rule.flag!r} excludes rows but is not a flag")
        for name in rule.codes:
            if record_type.field(name).code_list is None:
                raise SchemaError(f"{source}: {name!r} excludes rows by codes but has no code list")
    if (COARSEST in record_type.profiles) != (
        (COARSEST in record_type.excluded) != bool(record_type.not_domestic)
    ):
        raise SchemaError(
            f"{source}: a type for {COARSEST} needs either excluded.{COARSEST}, whose flag marks domestic "
            "rows, or not_domestic, the reason why no row can be; other types must have neither"
        )
