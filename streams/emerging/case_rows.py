"""A case as bytes, in the row of the state. A process reads half a million of them when it starts."""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 - the name says whose it is
from sys import intern
from typing import Final

from detection.emerging.facts import Case, Stream

_NUMBERS: Final = Struct(">iiiqB")
_NO_MINUTE: Final = -(2**62)
_SEPARATOR: Final = "\x1f"


class RowError(ValueError):
    """A row was not written by this version of the layout."""


def case_bytes(case: Case) -> bytes:
    """Return a case as bytes."""
    minute = _NO_MINUTE if case.minute is None else case.minute
    numbers = _NUMBERS.pack(case.easting, case.northing, case.day, minute, case.hour_only)
    texts = (
        case.record, *case.stream, case.agency, case.type, case.street, case.postcode, case.district
    )  # fmt: skip
    # Released texts have no control characters; a separator in one would shift the others.
    return numbers + _SEPARATOR.join(t.replace(_SEPARATOR, " ") for t in texts).encode()


def read_case(row: bytes) -> Case:
    """Return the case of a row.

    Raises:
        RowError: the row is no case.
    """
    try:
        easting, northing, day, minute, hour_only = _NUMBERS.unpack_from(row)
        texts = row[_NUMBERS.size :].decode().split(_SEPARATOR)
        record, dataset, profile, agency, code, street, postcode, district = texts
    except (ValueError, StructError) as error:
        raise RowError("not a case") from error
    return Case(
        record, Stream(intern(dataset), intern(profile)), intern(agency), intern(code), easting,
        northing, day, None if minute == _NO_MINUTE else minute, bool(hour_only), intern(street),
        intern(postcode), intern(district),
    )  # fmt: skip
