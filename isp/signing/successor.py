"""Writes into a protocol's file which protocol it follows; every other line stays as it is."""

from __future__ import annotations

import io
import re

from isp.agreement.protocol import ProtocolError

_WRITTEN = re.compile(r"(number|follows)\s*:")
_END = re.compile(r"[\r\n]+\Z")
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
    # Each line keeps its end, whichever of Windows' or Unix' it is.
    found = list(io.StringIO(text, newline=""))
    lines = [line for line in found if not _WRITTEN.match(line)]
    first = next((i for i, line in enumerate(lines) if _FIRST.match(line)), None)
    written = succession_lines(number, digest)
    if first is None:
        message = "no field stands at the beginning of a line; put these two in by hand:"
        raise ProtocolError("\n".join([message, *written]))
    end = _END.search(found[0])
    made = [line + (end[0] if end else "\n") for line in written]
    return "".join([*lines[:first], *made, *lines[first:]])
