"""What every store of the hub can have: a party writes the metadata of its supplies itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Final

LONGEST_KEY: Final = 1_000
"""Bytes of the key of a record. PostgreSQL indexes no text of more than about 2,700."""

_ALWAYS: Final = frozenset({type(None), bool, int, date, time, datetime})
"""Types all of whose values every store can have."""


def is_key(key: str) -> bool:
    """Return True if each store can have a record with this key."""
    return "\0" not in key and len(key.encode()) <= LONGEST_KEY


def is_storable(value: Any) -> bool:
    """Return True if each store can have a value, with all that is in it: PostgreSQL has no NUL in a text."""
    # Most values of a record are of these types, for which a match by class is slow.
    if isinstance(value, str):
        return "\0" not in value
    if type(value) in _ALWAYS:
        return True
    match value:
        case float():
            return math.isfinite(value)
        case Mapping():
            return all(map(is_storable, value)) and all(map(is_storable, value.values()))
        case list() | tuple():
            return all(map(is_storable, value))
    return True
