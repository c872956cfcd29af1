"""A table in messages: one where it fits, else its metadata in the first and slices in the others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

WHOLE = {"parts": 1, "part": 0}
SLICE_BYTES = 60_000
"""Largest slice, which leaves room for what identifies the table."""

_LISTS: dict[str, Any] = {
    "fields": [], "explanations": {}, "coding_systems": {}, "geocoding": "", "caveats": [],
}  # fmt: skip

Record = dict[str, Any]


def in_parts(record: Record, *, fits: bool) -> Iterator[Record]:
    """Return the messages of a table, `record` itself where it fits into one."""
    if fits:
        yield record
        return
    table = record["table"]
    slices = [table[at : at + SLICE_BYTES] for at in range(0, len(table), SLICE_BYTES)]
    parts = len(slices) + 1
    yield {**record, "table": b"", "parts": parts}
    for part, content in enumerate(slices, start=1):
        yield {**record, **_LISTS, "table": content, "parts": parts, "part": part}


def joined(records: Iterable[Record]) -> Iterator[Record]:
    """Return each table that is there whole, in order; parts that lack others are left out."""
    parts: list[Record] = []
    for record in records:
        if record["part"] == 0:
            parts = []
        elif not parts or record["sha256"] != parts[0]["sha256"] or record["part"] != len(parts):
            parts = []
            continue
        parts.append(record)
        if len(parts) == record["parts"]:
            table = b"".join(part["table"] for part in parts)
            if hashlib.sha256(table).hexdigest() == record["sha256"]:
                yield {**parts[0], **WHOLE, "table": table}
            parts = []
