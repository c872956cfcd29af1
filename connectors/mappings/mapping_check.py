"""Check a mapping against the record type it is for."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.mappings.mapping import Mapping
from schemas.positions import Finding, YamlPath
from schemas.record_type import RECORD_REFERENCE, RecordType

_KIND_OF_STYLE = {
    "date": "date",
    "month": "date",
    "timestamp": "date",
    "time": "time",
    "truthy": "flag",
    "values": "text",
    "whole_number": "text",
}


def findings(mapping: Mapping, record_type: RecordType) -> list[Finding]:
    """Return the findings: everything in `mapping` that does not fit the record type."""
    return [
        *_unknown_fields(mapping, record_type),
        *_unfit_styles(mapping, record_type),
        *_fields_given_twice(mapping),
        *_unknown_columns(mapping),
        *_reference(mapping, record_type),
    ]


def fields_given(mapping: Mapping) -> tuple[str, ...]:
    """Return the names of the fields that the mapping can fill, in order of the file."""
    rules = (name for rule in mapping.where for name in rule.gives)
    columns = (name for _, name in _fields_of_columns(mapping))
    return tuple(dict.fromkeys((*columns, *mapping.constants, *rules)))


def _fields_of_columns(mapping: Mapping) -> Iterator[tuple[YamlPath, str]]:
    for title, column in mapping.columns.items():
        for setting, name in column.targets.items():
            yield ("columns", title) if setting == "field" else ("columns", title, setting), name


def _fields_named(mapping: Mapping) -> Iterator[tuple[YamlPath, str]]:
    yield from _fields_of_columns(mapping)
    for section in ("constants", "coding_systems", "explanations"):
        for name in getattr(mapping, section):
            yield (section, name), name
    for number, rule in enumerate(mapping.where):
        for name in rule.gives:
            yield ("where", number, "gives", name), name


def _unknown_fields(mapping: Mapping, record_type: RecordType) -> Iterator[Finding]:
    known = {f.name for f in record_type.fields}
    for place, name in _fields_named(mapping):
        if name not in known:
            accepted = ", ".join(f.name for f in record_type.fields)
            message = f"{name!r} is not a field of {record_type.dataset}; accepted: {accepted}"
            yield Finding(place, message)


def _unfit_styles(mapping: Mapping, record_type: RecordType) -> Iterator[Finding]:
    kinds = {f.name: f.kind for f in record_type.fields}
    for title, column in mapping.columns.items():
        for style, kind in _KIND_OF_STYLE.items():
            for setting, name in column.targets.items():
                wanted = "time" if setting == "time_field" else kind
                if getattr(column, style) and kinds.get(name, wanted) != wanted:
                    message = f"{style} is for a {wanted}; {name!r} is a {kinds[name]}"
                    yield Finding(("columns", title, style), message)


def _fields_given_twice(mapping: Mapping) -> Iterator[Finding]:
    seen: dict[str, YamlPath] = {}
    for place, name in _fields_of_columns(mapping):
        if name in seen:
            other = seen[name][1]
            yield Finding(place, f"{name!r} is already given by the column {other!r}")
        seen[name] = place
    for name in mapping.constants:
        if name in seen:
            message = f"{name!r} is already given by the column {seen[name][1]!r}"
            yield Finding(("constants", name), message)


def _unknown_columns(mapping: Mapping) -> Iterator[Finding]:
    accepted = ", ".join(sorted(mapping.columns_read))
    named: list[tuple[YamlPath, str]] = [
        (("optional", i), c) for i, c in enumerate(mapping.optional)
    ]
    named += [(("aliases", c), c) for c in mapping.aliases]
    for place, title in named:
        if title not in mapping.columns_read:
            message = f"{title!r} is not a column of `columns` or `where`; accepted: {accepted}"
            yield Finding(place, message)


def _reference(mapping: Mapping, record_type: RecordType) -> Iterator[Finding]:
    """Yield a finding if `supply-row` names a reference to another record, such as a victim's crime."""
    if mapping.reference == "supply-row" and len(record_type.identity) != 1:
        message = f"{record_type.dataset} is not identified by one field"
        if record_type.has_record_reference:
            message += f"; {RECORD_REFERENCE} is filled without this setting"
        yield Finding(("reference",), message)
