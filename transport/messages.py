"""Messages to be written, and the names of message headers."""

from __future__ import annotations

from typing import NamedTuple

SUPPLY_HEADER = "supply"
MARKING_HEADER = "marking"
WRITER_HEADER = "writer"
ERASE_HEADER = "erase"
"""Marks a record that its supplier withdraws: it must be erased wherever it was released to."""
ROW_HEADER = "row"
"""On a record, the number of its row in the supplier's file, in decimal digits."""

Headers = list[tuple[str, str | bytes | None]]


class Output(NamedTuple):
    """One message to write.

    Without `timestamp_ms` the message has the time of writing. Without `value` it is a tombstone:
    it deletes the earlier message with the same key.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers | None = None
    timestamp_ms: int = 0
