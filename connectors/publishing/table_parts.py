"""Split a table into messages: one if it fits, else metadata first and then slices."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

WHOLE = {"parts": 1, "part": 0}
SLICE_BYTES = 60_000
"""Largest slice. It leaves room for the fields that identify the table."""

_LISTS: dict[str, Any] = {
    "fields": [], "explanations": {}, "coding_systems": {}, "geocoding": "", "caveats": [],
}  # fmt: skip

Record = dict[str, Any]


def in_parts(record: Record, *, fits: bool) -> Iterator[Record]:
    """Yield the messages of a table; only `record` itself if the table `fits` into one."""
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
    """Yield each complete table, in order; incomplete ones are left out."""
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
