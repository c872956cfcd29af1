"""Rows of text as typed intake records, in the terms of `schemas.derive.intake_schema`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, time
from typing import Any

from schemas.record_type import RecordType

Record = dict[str, Any]

_READERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "flag": {"true": True, "false": False}.__getitem__,
    "count": int,
    "number": float,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}


def typed(rows: Iterable[Mapping[str, str]], record_type: RecordType) -> Iterator[Record]:
    """Read each value as its field's kind says: dates, times, floats, whole numbers, booleans.

    An empty value is None. One that cannot be read stays the text it is, as the schema allows, and
    names its branch, ``("string", text)``: fastavro would else try to read a date in it itself.
    """
    readers = {field.name: _READERS[field.kind] for field in record_type.fields}
    for row in rows:
        yield {name: _read(readers[name], value) for name, value in row.items()}


def _read(reader: Callable[[str], Any], value: str) -> Any:
    if not value:
        return None
    try:
        return reader(value)
    except (ValueError, KeyError):
        return ("string", value)
