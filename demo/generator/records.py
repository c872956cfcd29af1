"""Convert rows of text to typed intake records, as in `schemas.derive.intake_schema`."""

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
    """Convert each value by its field's kind: dates, times, floats, whole numbers, booleans.

    An empty value is None. A value that cannot be read stays a text, as the schema allows, and
    names its branch, ``("string", text)``, because fastavro would otherwise try to read a date in
    it.
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
