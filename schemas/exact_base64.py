"""Base64 in one spelling alone, so that a text that was changed in any character is another one."""

from __future__ import annotations

import base64


def encoded(value: bytes) -> str:
    """The one spelling of some bytes."""
    return base64.b64encode(value).decode("ascii")


def decoded(text: str, length: int) -> bytes:
    """The `length` bytes that a text spells; `ValueError` for another length or spelling."""
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        value = b""
    # The last character has bits to spare, which the decoder passes over.
    if len(value) != length or encoded(value) != text:
        raise ValueError(f"{length} bytes in base64 are accepted")
    return value
