"""Read a file of events: each with an id, a point in metres, a day and a count."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Final, NamedTuple

from connectors.errors import SourceError
from connectors.sources.content import COMPRESSED
from connectors.sources.csv_file import CsvFile
from connectors.sources.json_lines_file import JsonLinesFile
from connectors.sources.table import Hidden, Row, Table, Unreadable
from offline.detect.days import DAY_ACCEPTED, day_of
from offline.detect.errors import DetectError
from offline.detect.layout import Layout, layout_of
from schemas.catalogue import Catalogue

MOST_COUNTED: Final = 1_000_000
FURTHEST_M: Final = 1e9
_FAULTS_SHOWN = 20
_SHOWN_EVERY = 2_000
_LONGEST_SHOWN = 60
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_METRES = "a number of metres, such as 375000 or 375000.5"
_COUNT = f"a whole number from 0 to {MOST_COUNTED}"

NO_DAY, NO_POINT, RANGE, OTHER_TYPE, REPLACED = (
    "without a day", "without a point", "day is a range", "of another type", "replaced by a later row",
)  # fmt: skip
"""Reasons for a row that is left out."""

Progress = Callable[[int, int, str], None]
"""Takes the amount done, the total amount, and a note."""


class Event(NamedTuple):
    """A row of the file. `day` is None only for a site without events, which has no `cases`."""

    line: int
    id: str
    easting: float
    northing: float
    day: int | None
    cases: int
    agency: str = ""
    type: str = ""


@dataclass(slots=True)
class Events:
    """The events of a file, in its order.

    `rows` counts all rows, `left_out` those that are no event here, by reason. In a release the ids are those
    of records. `of_type` is the type or class of all events, None for all types.
    """

    file: Path
    is_release: bool
    has_types: bool
    events: list[Event] = field(default_factory=list)
    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    of_type: str | None = None


class _Fault(Exception):
    """A cell that is not accepted."""

    def __init__(self, column: int, value: str, accepted: str) -> None:
        super().__init__(column, value, accepted)
        self.column, self.value, self.accepted = column, value, accepted


def read_events(
    file: Path,
    catalogue: Catalogue,
    of_type: str | None = None,
    progress: Progress | None = None,
    types: str | None = None,
) -> Events:
    """Read the events of a CSV file, or of JSON lines by its suffix; plain, gzip or xz.

    `of_type` is a code, or a class of codes, of the events that are kept. `types` is the title of the column
    with the types, by default that of the layout.

    Raises:
        DetectError: the file cannot be read, has no rows or has bad ones.
    """
    try:
        with _opened(file) as source:
            layout = layout_of(source.header, file, catalogue, types)
            reading = _Reading(file, layout, of_type)
            for row in source:
                reading.take(row)
                if progress and reading.found.rows % _SHOWN_EVERY == 0:
                    progress(source.consumed, source.size, f"{reading.found.rows:,} rows")
            return reading.ended()
    except SourceError as error:
        raise DetectError(str(error)) from None


def _opened(file: Path) -> Table:
    suffix = file.suffix.lower()
    if suffix in COMPRESSED:
        suffix = file.with_suffix("").suffix.lower()
    return JsonLinesFile(file, ()) if suffix in {".jsonl", ".ndjson"} else CsvFile(file)


class _Reading:
    """One pass through the rows. Faults are gathered, so that all are named at once."""

    def __init__(self, file: Path, layout: Layout, of_type: str | None) -> None:
        self._file, self._layout, self._of_type = file, layout, of_type
        self._faults: list[str] = []
        self._of_record: dict[tuple[str, str], Event] = {}
        self.found = Events(file, layout.is_release, layout.type is not None, of_type=of_type)

    def take(self, row: Row | Unreadable | Hidden) -> None:
        """Read one row."""
        self.found.rows += 1
        if not isinstance(row, Row):
            reason = row.reason if isinstance(row, Unreadable) else "hidden"
            self._faults.append(f"{self._file}:{row.line}: the row cannot be read: {reason}")
            return
        try:
            self._add(row)
        except _Fault as fault:
            self._faults.append(self._told(row.line, fault))

    def ended(self) -> Events:
        """Return what was read.

        Raises:
            DetectError: rows were bad, or there was none.
        """
        if self._faults:
            raise DetectError("\n".join(self._first_faults()))
        if not self.found.rows:
            raise DetectError(f"{self._file}: has no rows; accepted: a file with at least one")
        self.found.events += self._of_record.values()
        return self.found

    def _add(self, row: Row) -> None:
        event = self._event(row)
        if isinstance(event, str):
            self.found.left_out[event] += 1
            return
        self.found.types[event.type] += event.cases
        if self._of_type is not None and not _is_of(event.type, self._of_type):
            self.found.left_out[OTHER_TYPE] += 1
        elif self._layout.is_release:
            key = event.agency, event.id
            if key in self._of_record:
                self.found.left_out[REPLACED] += 1
            self._of_record[key] = event
        else:
            self.found.events.append(event)

    def _event(self, row: Row) -> Event | str:
        """Return the event of a row, or the reason why it has none."""
        at, cells = self._layout, [cell.strip() for cell in row.cells]
        if not cells[at.id]:
            raise _Fault(at.id, "", "an id")
        count = 1 if at.count is None else _count(cells, at.count)
        why = _lacking(cells, at) if at.is_release else None
        if why:
            return why
        day = None if count == 0 and not cells[at.day] else _day(cells, at.day)
        return Event(
            row.line, cells[at.id], _metres(cells, at.easting), _metres(cells, at.northing),
            day, count, _cell(cells, at.agency), _cell(cells, at.type),
        )  # fmt: skip

    def _told(self, line: int, fault: _Fault) -> str:
        shown = fault.value[:_LONGEST_SHOWN] + "…" * (len(fault.value) > _LONGEST_SHOWN)
        title = self._layout.titles[fault.column]
        return f"{self._file}:{line}: {title}: {shown!r}; accepted: {fault.accepted}"

    def _first_faults(self) -> Iterator[str]:
        yield from self._faults[:_FAULTS_SHOWN]
        more = len(self._faults) - _FAULTS_SHOWN
        if more > 0:
            yield f"{self._file}: and {more:,} more bad rows"


def _lacking(cells: Sequence[str], at: Layout) -> str | None:
    """Return the reason why a released row has no single day or no point."""
    if not cells[at.day]:
        return NO_DAY
    if not cells[at.easting] or not cells[at.northing]:
        return NO_POINT
    if at.until is not None and cells[at.until] not in {"", cells[at.day]}:
        return RANGE
    return None


def _day(cells: Sequence[str], column: int) -> int:
    day = day_of(cells[column])
    if day is None:
        raise _Fault(column, cells[column], DAY_ACCEPTED)
    return day


def _metres(cells: Sequence[str], column: int) -> float:
    text = cells[column]
    number = float(text) if _NUMBER.fullmatch(text) else float("nan")
    if not isfinite(number) or abs(number) > FURTHEST_M:
        raise _Fault(column, text, _METRES)
    return number


def _count(cells: Sequence[str], column: int) -> int:
    text = cells[column].removesuffix(".0")  # as it is written from a column of floats
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_COUNTED))):
        raise _Fault(column, cells[column], _COUNT)
    if int(text) > MOST_COUNTED:
        raise _Fault(column, cells[column], _COUNT)
    return int(text)


def _cell(cells: Sequence[str], column: int | None) -> str:
    return "" if column is None else cells[column]


def _is_of(code: str, wanted: str) -> bool:
    """Return True if the code or its class is the wanted one."""
    return wanted in {code, code.partition("/")[0]}
