"""Writes into a protocol's file which protocol it follows; every other line stays as it is."""

from __future__ import annotations

import re

from schemas.protocol import ProtocolError

_WRITTEN = re.compile(r"(number|follows)\s*:")
_FIRST = re.compile(r"[a-z_]+\s*:")


def succession_lines(number: int, digest: str) -> list[str]:
    """The lines by which a protocol follows number `number` of that digest."""
    # Quoted, since YAML takes some hexadecimal for a number.
    return [f"number: {number + 1}", f'follows: "{digest}"']


def followed(text: str, number: int, digest: str) -> str:
    """The text of a protocol that follows number `number` of that digest.

    Raises:
        ProtocolError: the file has no field at the beginning of a line, so the lines go in by hand.
    """
    lines = [line for line in text.splitlines() if not _WRITTEN.match(line)]
    first = next((i for i, line in enumerate(lines) if _FIRST.match(line)), None)
    written = succession_lines(number, digest)
    if first is None:
        message = "no field stands at the beginning of a line; put these two in by hand:"
        raise ProtocolError("\n".join([message, *written]))
    return "\n".join([*lines[:first], *written, *lines[first:], ""])
