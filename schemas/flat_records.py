"""Encode flat Avro records: each field is a simple value, which may be null, or a list of simple values.

Every release is such a record. `fastavro` searches the branch of a union for each value. Here each field has
its own function, chosen once. `fastavro` encodes a record with a value that is not exactly of its declared
type. So both accept the same records and write the same bytes (docs/adr/0038).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import date, time
from functools import lru_cache
from typing import Any, Final

Write = Callable[[Any], bytes]
"""A function from a field's value to its bytes; it raises one of `UNLIKE` for a value of another type."""
UNLIKE: Final = (AttributeError, LookupError, TypeError, ValueError)

_NULL: Final = b"\0"
_END: Final = b"\0"
_SECOND_BRANCH: Final = b"\2"
_SEVEN_BITS: Final = 0x7F
_CONTINUED: Final = 0x80
_CACHED: Final = 4_096
"""Largest number of distinct days, times or coordinates whose bytes are cached."""
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DOUBLE: Final = struct.Struct("<d")


def flat_encoder(schema: Mapping[str, Any], header: bytes) -> Callable[[Any], bytes] | None:
    """Return a function from a record to `header` and the record's bytes, or None if the schema is not flat.

    The function raises one of `UNLIKE` for a record with a value that is not exactly of its declared type.
    """
    if schema.get("type") != "record":
        return None
    fields = [(field["name"], _writer(field["type"])) for field in schema["fields"]]
    known = [(name, write) for name, write in fields if write is not None]
    if len(known) < len(fields):
        return None

    def encode(record: Any) -> bytes:
        return header + b"".join([write(record[name]) for name, write in known])

    return encode


def _writer(declared: Any) -> Write | None:
    """Return the function of a type, or None for a type that only `fastavro` encodes."""
    match declared:
        case ["null", "string"]:
            return _text_or_null
        case ["null", of]:
            return _of_writer(_or_null, of)
        case {"type": "array", "items": items}:
            return _of_writer(_list_of, items)
        case {"type": str(name), "logicalType": str(logical)}:
            return _LOGICAL.get((name, logical))
        case {"type": str(name)} | str(name):
            return _SIMPLE.get(name)
    return None


def _of_writer(build: Callable[[Write], Write], declared: Any) -> Write | None:
    write = _writer(declared)
    return None if write is None else build(write)


def _number(value: int) -> bytes:
    """Return an integer in Avro's zigzag encoding, seven bits per byte, the lowest bits first."""
    left = value << 1 if value >= 0 else ~(value << 1)
    out = bytearray()
    while left > _SEVEN_BITS:
        out.append(left & _SEVEN_BITS | _CONTINUED)
        left >>= 7
    out.append(left)
    return bytes(out)


_LENGTHS: Final = tuple(_number(length) for length in range(256))
_TEXT_LENGTHS: Final = tuple(_SECOND_BRANCH + length for length in _LENGTHS)


def _text(value: str) -> bytes:
    data = value.encode()
    length = len(data)
    return (_LENGTHS[length] if length < len(_LENGTHS) else _number(length)) + data


def _text_or_null(value: str | None) -> bytes:
    # The same as `_or_null(_text)` in one call: most fields of a release are such.
    if value is None:
        return _NULL
    data = value.encode()
    length = len(data)
    if length < len(_TEXT_LENGTHS):
        return _TEXT_LENGTHS[length] + data
    return _SECOND_BRANCH + _number(length) + data


def _or_null(write: Write) -> Write:
    return lambda value: _NULL if value is None else _SECOND_BRANCH + write(value)


def _list_of(write: Write) -> Write:
    def write_list(value: Any) -> bytes:
        if value.__class__ is not list:
            raise TypeError
        if not value:
            return _END
        return b"".join([_number(len(value)), *[write(item) for item in value], _END])

    return write_list


def _flag(value: Any) -> bytes:
    if value is True:
        return b"\1"
    if value is False:
        return b"\0"
    raise TypeError


_kept_number = lru_cache(maxsize=_CACHED)(_number)


def _int(value: Any) -> bytes:
    if value.__class__ is int and -(2**31) <= value < 2**31:
        return _kept_number(value)
    raise TypeError


def _long(value: Any) -> bytes:
    if value.__class__ is int and -(2**63) <= value < 2**63:
        return _number(value)
    raise TypeError


def _double(value: Any) -> bytes:
    if value.__class__ is float:
        return _DOUBLE.pack(value)
    raise TypeError


@lru_cache(maxsize=_CACHED)
def _day(value: Any) -> bytes:
    if value.__class__ is date:
        return _number(value.toordinal() - _EPOCH_DAY)
    raise TypeError


@lru_cache(maxsize=_CACHED)
def _clock(value: Any) -> bytes:
    # Times of different zones can be equal, and would have one entry in the cache.
    if value.__class__ is time and value.tzinfo is None:
        seconds = (value.hour * 60 + value.minute) * 60 + value.second
        return _number(seconds * 1000 + value.microsecond // 1000)
    raise TypeError


_SIMPLE: Final[Mapping[str, Write]] = {
    "boolean": _flag,
    "int": _int,
    "long": _long,
    "double": _double,
    "string": _text,
}
# An instant is given in milliseconds since 1970 UTC, as the steps have it; a `datetime` is left to fastavro.
_LOGICAL: Final[Mapping[tuple[str, str], Write]] = {
    ("int", "date"): _day,
    ("int", "time-millis"): _clock,
    ("long", "timestamp-millis"): _long,
}
