"""Messages that are written, and the headers that messages have."""

from __future__ import annotations

from typing import NamedTuple

SUPPLY_HEADER = "supply"
MARKING_HEADER = "marking"
WRITER_HEADER = "writer"
ERASE_HEADER = "erase"
"""On a record that its supplier wants back from wherever it went."""
ROW_HEADER = "row"
"""On a record, the number of its row in the supplier's file, in decimal digits."""

Headers = list[tuple[str, str | bytes | None]]


class Output(NamedTuple):
    """One message to write; without a `timestamp_ms` the time of writing stands.

    Without a `value` it takes back what stands under the key (a tombstone).
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers | None = None
    timestamp_ms: int = 0
