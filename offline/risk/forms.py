"""Check each cell of a release against the closed form of its column.

The forms are written here again, and not taken from the code that makes the releases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, time
from typing import Final

from offline.risk.finding import Hit
from offline.risk.residual import forms_within
from schemas.derive import release_schema, utc_field_name
from schemas.record_type import RecordType

ATTACK: Final = "forms"
DIGEST: Final = re.compile(r"[0-9a-f]{32}")
BANDS: Final = ("0-9", "10-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65+")
_CAVEAT: Final = re.compile(r"([a-z][a-z0-9_]*):([a-z][a-z0-9]*(?:[-_][a-z0-9]+)*)")
_LONGEST_REASON: Final = 60
_BETWEEN: Final = ";"
_OLDEST: Final = 130

Fits = Callable[[str], bool]


def forms(
    rows: Sequence[Mapping[str, str]],
    record_type: RecordType,
    profile: str,
    agency: str,
    districts: Collection[str],
    caveats: Collection[str],
) -> Iterator[Hit]:
    """Yield a hit for each cell that has not the form of its column.

    `agency` is the supplier, `districts` are the GSS codes of the index, and `caveats` those that the
    originals give.
    """
    if not rows:
        return
    tests = dict(_tests(record_type, profile, agency, districts))
    declared = frozenset(f["name"] for f in release_schema(record_type, profile)["fields"])
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        if row["record_id"] in seen:
            yield Hit(ATTACK, "record_id", "the id of another row", number)
        seen.add(row["record_id"])
        for name, (fits, reason) in tests.items():
            if row.get(name) and not fits(row[name]):
                yield Hit(ATTACK, name, reason, number)
        for caveat in filter(None, row.get("caveats", "").split(_BETWEEN)):
            if not _is_caveat(caveat, declared, caveats):
                yield Hit(ATTACK, "caveats", "is no caveat on a field of the release", number)
            elif not row.get(caveat.partition(":")[0]):
                yield Hit(ATTACK, "caveats", "is a caveat on an empty field", number)


def _is_caveat(caveat: str, declared: Collection[str], known: Collection[str]) -> bool:
    found = _CAVEAT.fullmatch(caveat)
    if found is None or found[1] not in declared or len(found[2]) > _LONGEST_REASON:
        return False
    return caveat in known and not list(forms_within(caveat))


def _tests(
    record_type: RecordType, profile: str, agency: str, districts: Collection[str]
) -> Iterator[tuple[str, tuple[Fits, str]]]:
    yield "record_id", (_is_digest, "is no digest")
    yield "source_agency", (lambda cell: cell == agency, "is not the supplier")
    for prefix in record_type.released_places(profile):
        yield f"{prefix}district", (lambda cell: cell in districts, "is no code of a district")
    for field in record_type.released(profile):
        if field.name == "source_agency":
            continue
        test = _OF_ACTION.get(field.treatments[profile].action)
        test = test or (_OF_KIND.get(field.kind) if field.kind != "text" else None)
        if test is not None:
            yield field.name, test
        if field.treatments[profile].action == "age":
            yield f"{field.name}_band", _OF_ACTION["band"]
    for event in record_type.events:
        if event.time:
            yield utc_field_name(event.time), (_is_instant, "is no instant")


def _is_digest(cell: str) -> bool:
    return bool(DIGEST.fullmatch(cell))


def _is_date(cell: str) -> bool:
    return _reads(date.fromisoformat, cell) or bool(re.fullmatch(r"\d{4}-(?:\d\d|W\d\d)", cell))


def _is_time(cell: str) -> bool:
    return bool(re.fullmatch(r"\d\d:\d\d(?::\d\d)?", cell)) and _reads(time.fromisoformat, cell)


def _is_hour(cell: str) -> bool:
    return bool(re.fullmatch(r"(?:[01]\d|2[0-3])(?::00){1,2}", cell))


def _is_instant(cell: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", cell))


def _is_rounded(cell: str) -> bool:
    return bool(re.fullmatch(r"-?(?:0|[1-9]0*)", cell))


def _is_age(cell: str) -> bool:
    return cell.isdecimal() and int(cell) <= _OLDEST


def _is_metres(cell: str) -> bool:
    return bool(re.fullmatch(r"\d{1,7}", cell))


def _reads(read: Callable[[str], object], cell: str) -> bool:
    try:
        read(cell)
    except ValueError:
        return False
    return True


_OF_ACTION: Final[Mapping[str, tuple[Fits, str]]] = {
    "reference": (_is_digest, "is a reference in clear"),
    "hour": (_is_hour, "has more than the hour"),
    "rounded": (_is_rounded, "has more than one significant figure"),
    "band": (lambda cell: cell in BANDS, "is no band of ages"),
    "age": (_is_age, "is no age"),
    "easting": (_is_metres, "is no whole number of metres"),
    "northing": (_is_metres, "is no whole number of metres"),
}

_OF_KIND: Final[Mapping[str, tuple[Fits, str]]] = {
    "date": (_is_date, "is no date"),
    "time": (_is_time, "is no time"),
    "flag": (lambda cell: cell in {"true", "false"}, "is neither true nor false"),
    "count": (lambda cell: bool(re.fullmatch(r"-?\d{1,9}(?:\.\d+)?", cell)), "is no number"),
    "number": (lambda cell: bool(re.fullmatch(r"-?\d{1,9}(?:\.\d+)?", cell)), "is no number"),
}
