"""Find the columns of a file of events: the plain layout, or that of a release."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from offline.detect.errors import DetectError
from schemas.catalogue import Catalogue
from schemas.derive import release_schema
from schemas.record_type import RecordType

PLAIN: Final = ("id", "easting", "northing", "date")
"""Columns of the plain layout. `count`, `type` and `source_agency` may be there too."""
_SHOWN = 24
_ACCEPTED = (
    "the columns id, easting, northing, date and, if wanted, count; "
    "or a release with record_id, a place and the date of an event"
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The positions of columns in a row, from 0; None if the file has no such column.

    In a release a row without a day or a point is no event; in the plain layout it is a fault. `until` is the
    last day of a range.
    """

    titles: tuple[str, ...]
    is_release: bool
    id: int
    easting: int
    northing: int
    day: int
    count: int | None = None
    until: int | None = None
    type: int | None = None
    agency: int | None = None


def layout_of(
    header: Sequence[str], file: Path, catalogue: Catalogue, types: str | None = None
) -> Layout:
    """Return the layout of a file by its header. Upper and lower case are the same.

    `types` is the title of the column with the types, by default that of the layout.

    Raises:
        DetectError: the header is of no layout, or names a column twice.
    """
    titles = tuple(title.strip().casefold() for title in header)
    twice = sorted(title for title, times in Counter(titles).items() if title and times > 1)
    if twice:
        message = f"{file}:1: the header names a column twice: {', '.join(map(repr, twice))}"
        raise DetectError(f"{message}; accepted: each column once")
    found = _plain(titles) if set(PLAIN) <= set(titles) else _released_as(titles, catalogue)
    if found is None:
        raise DetectError(f"{file}:1: the header is {_listed(header)}; accepted: {_ACCEPTED}")
    if types is None:
        return found
    if types.casefold() not in titles:
        message = f"{file}:1: no column {types!r} with types; accepted: {_listed(header)}"
        raise DetectError(message)
    return replace(found, type=titles.index(types.casefold()))


def _plain(titles: tuple[str, ...]) -> Layout:
    name, easting, northing, day = map(titles.index, PLAIN)
    return Layout(
        titles=titles, is_release=False, id=name, easting=easting, northing=northing, day=day,
        count=_at(titles, "count"), type=_at(titles, "type"), agency=_at(titles, "source_agency"),
    )  # fmt: skip


def _released_as(titles: tuple[str, ...], catalogue: Catalogue) -> Layout | None:
    """Return the layout of the record type that has most of the columns."""
    layouts = [
        (_shared(titles, record_type), layout)
        for record_type in catalogue.record_types.values()
        for layout in _layouts(titles, record_type)
    ]
    return max(layouts, key=lambda each: each[0])[1] if layouts else None


def _layouts(titles: tuple[str, ...], record_type: RecordType) -> Iterator[Layout]:
    rule = record_type.problem
    if rule is None:
        return
    event = record_type.events[0]
    needed = ("record_id", f"{rule.place}easting", f"{rule.place}northing", event.date)
    if set(needed) <= set(titles):
        name, easting, northing, day = map(titles.index, needed)
        yield Layout(
            titles=titles, is_release=True, id=name, easting=easting, northing=northing, day=day,
            until=_at(titles, event.until), type=_at(titles, rule.type),
            agency=_at(titles, "source_agency"),
        )  # fmt: skip


def _shared(titles: tuple[str, ...], record_type: RecordType) -> int:
    released = (release_schema(record_type, profile) for profile in record_type.profiles)
    return max(len({f["name"] for f in each["fields"]} & set(titles)) for each in released)


def _listed(header: Sequence[str]) -> str:
    return ", ".join(map(repr, header[:_SHOWN]))


def _at(titles: tuple[str, ...], title: str | None) -> int | None:
    return titles.index(title) if title in titles else None
