"""An example record of each type in the supplier's form, made from the declaration."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.codes import CodeList
from schemas.record_type import Field, RecordType

Value = str | int | float | bool

_OF_NAME: Mapping[str, Value] = {
    # The worked example of the guidance (Appendix 1).
    "address": "5 Acacia Avenue, SW1A 1AA",
    "postcode": "SW1A 1AA",
    "easting": 654321.0,
    "northing": 123456.0,
    "age": 34,
    "date_of_birth": "1991-05-17",
}
_OF_KIND: Mapping[str, Value] = {
    "flag": False,
    "date": "2026-03-14",
    "time": "21:30",
    "count": 2,
    "number": 1.0,
}
_LATER = ("_to_date", "discharge_date", "release_date")


def example(record_type: RecordType, code_lists: Mapping[str, CodeList]) -> dict[str, Value]:
    """Return a record with the guidance's datafields and its identity filled; a JSON line of a supply."""
    shown = {*record_type.required, *record_type.identity}
    return {
        field.name: _value(field, code_lists)
        for field in record_type.fields
        if not field.marked or field.name in shown
    }


def _value(field: Field, code_lists: Mapping[str, CodeList]) -> Value:
    listed = next((t.code_list for t in field.treatments.values() if t.code_list), None)
    if listed is not None:
        return _code(code_lists[listed])
    part = field.name.removeprefix(field.place or "")
    for name, value in _OF_NAME.items():
        if part == name or part.endswith(f"_{name}"):
            return value
    if field.name.endswith(_LATER):
        return "2026-03-15"
    if field.kind in _OF_KIND:
        return _OF_KIND[field.kind]
    return "ABC/26/000123" if field.name.endswith(("_reference", "_number")) else "…"


def _code(code_list: CodeList) -> str:
    """Return the first spelling of the first code; for a list without codes, a value of its form."""
    for code, spellings in code_list.spellings.items():
        return spellings[0] if spellings else code
    return "38"
