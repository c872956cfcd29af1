"""Canonical Base64: each value has exactly one text, so each changed character is found."""

from __future__ import annotations

import base64


def encoded(value: bytes) -> str:
    """Return the canonical Base64 text of some bytes."""
    return base64.b64encode(value).decode("ascii")


def decoded(text: str, length: int) -> bytes:
    """Return the `length` bytes of a canonical Base64 text.

    Raises:
        ValueError: the text has another length, or is not canonical.
    """
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        value = b""
    # The last character has unused bits, which the decoder ignores.
    if len(value) != length or encoded(value) != text:
        raise ValueError(f"accepted: {length} bytes in base64")
    return value
