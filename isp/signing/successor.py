"""Edits of a protocol's file: the lines that name the protocol it follows; no other line changes."""

from __future__ import annotations

import io
import re

from isp.agreement.protocol import ProtocolError

_WRITTEN = re.compile(r"(number|follows)\s*:")
_END = re.compile(r"[\r\n]+\Z")
_FIRST = re.compile(r"[a-z_]+\s*:")


def succession_lines(number: int, digest: str) -> list[str]:
    """Return the lines of a protocol that follows number `number` with this digest."""
    # Quoted, because YAML reads some hexadecimal texts as numbers.
    return [f"number: {number + 1}", f'follows: "{digest}"']


def followed(text: str, number: int, digest: str) -> str:
    """Return the text of a protocol, changed to follow number `number` with this digest.

    Raises:
        ProtocolError: no field is at the beginning of a line; the user must add the lines by hand.
    """
    # Each line keeps its line end, of Windows or Unix.
    found = list(io.StringIO(text, newline=""))
    lines = [line for line in found if not _WRITTEN.match(line)]
    first = next((i for i, line in enumerate(lines) if _FIRST.match(line)), None)
    written = succession_lines(number, digest)
    if first is None:
        message = "the file has no field at the beginning of a line; add these two lines by hand:"
        raise ProtocolError("\n".join([message, *written]))
    end = _END.search(found[0])
    made = [line + (end[0] if end else "\n") for line in written]
    return "".join([*lines[:first], *made, *lines[first:]])
