"""Sanitise a file as the worker would sanitise its records, without broker and Java."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from connectors.mappings.mapping import Mapping
from connectors.publishing.supply import identify_supply
from connectors.sources.formats import open_table
from connectors.sources.table import HIDDEN, Hidden, Row, Table, Unreadable, rows_of
from offline.csv_output import Rows, Writer, cell, instant_cell, private_csv, sorted_csv
from offline.steps import AGENCY, Agreed, steps_for
from offline.summary import RowPlaces, Summary
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.reference_lists import NO_LISTS, ReferenceLists
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue
from schemas.derive import release_schema, utc_field_name
from schemas.london import london_time
from schemas.record_type import RecordType
from streams.decision import Steps, unprocessable
from streams.steps.step import Work

REJECT_COLUMNS = ("row", "sheet", "line", "field", "reason", "given", "accepted")
_SHOWN_EVERY = 500

Cell = Callable[[Any], str]
Progress = Callable[[int, int, int], None]
"""Takes the bytes read, the bytes of the file and the rows read."""


@dataclass(frozen=True, slots=True)
class Order:
    """A file to sanitise for the readers of one profile, and the paths of the outputs."""

    file: Path
    mapping: Mapping
    profile: str
    out: Path
    rejects: Path | None
    index: PostcodeIndex
    key: ReferenceKey
    catalogue: Catalogue
    agency: str = AGENCY
    agreed: Agreed | None = None
    lists: ReferenceLists = NO_LISTS

    @property
    def supplier(self) -> str:
        """Return the agency that supplied the file: the protocol's, if there is a protocol."""
        return self.agreed.supply.agency if self.agreed else self.agency

    def steps(self) -> Steps:
        """Return the worker's steps for the file's records, with empty state."""
        return steps_for(
            self.mapping.dataset, self.profile,
            agency=self.agency, index=self.index, key=self.key, catalogue=self.catalogue,
            agreed=self.agreed, lists=self.lists,
        )  # fmt: skip

    @property
    def record_type(self) -> RecordType:
        """Return the type of the file's records."""
        return self.catalogue.record_type(self.mapping.dataset)


class _Read(NamedTuple):
    """A row of the file with its record; `record` is None if it is out of scope."""

    row: Row
    record: dict[str, Any] | None
    out_of_scope: str | None
    identity: tuple[str, ...] | None


def sanitise_file(
    order: Order, progress: Progress = lambda *_: None, at: datetime | None = None
) -> Summary:
    """Write the releases of a file's records, and the faults of the rejected ones.

    The output is what readers would have at the end: the last record of each reference, without
    releases that a correction takes back. `at` is the instant of the supply; default: now.

    Raises:
        SourceError: the file does not match the mapping; no output is left behind.
        RecogniserMissing: the protocol allows scrubbed texts, and the extra for them is not
            installed.
    """
    columns = released_columns(order.record_type, order.profile)
    names = [name for name, _ in columns]
    steps = order.steps()
    summary = Summary(order.index.metadata.k)
    with ExitStack() as opened:
        source = opened.enter_context(open_table(order.file, order.mapping))
        out = opened.enter_context(sorted_csv(order.out, names))
        rejects = (
            opened.enter_context(private_csv(order.rejects, REJECT_COLUMNS))
            if order.rejects
            else None
        )
        summary.contents = source.contents
        pass_ = _Pass(order, source, steps, summary, columns, out, rejects)
        pass_.run(london_time(at or datetime.now(UTC)), progress)
    return summary


def decided(steps: Steps, record: dict[str, Any], now: datetime, row: int) -> Work:
    """Return the outcome of a row's record; a record that makes a step raise is rejected."""
    try:
        return steps.decide(record, now)
    except Exception as error:  # noqa: BLE001 - one record must never stop the file
        work = Work(now, record)
        work.faults = (unprocessable(error, f"row {row}"),)
        return work


def released_columns(record_type: RecordType, profile: str) -> list[tuple[str, Cell]]:
    """Return the columns of a release in a file, each with the function that writes its cells."""
    instants = {utc_field_name(e.time) for e in record_type.events if e.time}
    names = [f["name"] for f in release_schema(record_type, profile)["fields"]]
    return [(name, instant_cell if name in instants else cell) for name in names]


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass through the file."""

    order: Order
    source: Table
    steps: Steps
    summary: Summary
    columns: Sequence[tuple[str, Cell]]
    out: Rows
    rejects: Writer | None

    def run(self, now: datetime, progress: Progress) -> None:
        for read in self._rows():
            number = read.row.number if isinstance(read, _Read) else read.number
            if number % _SHOWN_EVERY == 0:
                progress(self.source.consumed, self.source.size, number)
            if isinstance(read, Unreadable):
                self.summary.add_unreadable(read)
                self._reject(read, "", "unreadable-row", "", read.reason)
            elif isinstance(read, Hidden):
                self.summary.out_of_scope[HIDDEN] += 1
            elif read.record is None:
                self.summary.out_of_scope[read.out_of_scope or ""] += 1
            else:
                self._take(read, read.record, now)
        progress(self.source.size, self.source.size, self.summary.records)

    def _rows(self) -> Iterator[_Read | Unreadable | Hidden]:
        order, source = self.order, self.source
        _, convert = identify_supply(
            order.file,
            order.mapping,
            order.supplier,
            order.record_type,
            source.header,
            source.contents,
        )
        for row in rows_of(source, order.file):
            if isinstance(row, Row):
                converted = convert(row.cells, row.number)
                yield _Read(row, converted.record, converted.out_of_scope, converted.identity)
            else:
                yield row

    def _take(self, read: _Read, record: dict[str, Any], now: datetime) -> None:
        outcome = decided(self.steps, record, now, read.row.number)
        self.summary.add(outcome)
        if not outcome.faults:
            self.summary.repeats.add(read.identity, read.row.number)
        for release in outcome.releases:
            row = [shown(release.record[name]) for name, shown in self.columns]
            places = RowPlaces.of(outcome.locations.values())
            self.summary.add_row(places, self.out.put(row, places.note))
        for gone in outcome.taken_back:
            self.summary.drop_row(self.out.remove(gone.record_id))
        for fault in outcome.faults:
            told = (fault.field, fault.reason, fault.given or "", fault.accepted)
            self._reject(read.row, *told)

    def _reject(self, row: Row | Unreadable, *told: str) -> None:
        if self.rejects is not None:
            sheet = self.source.contents.sheets[row.sheet - 1] if row.sheet else ""
            self.rejects.writerow([str(row.number), sheet, str(row.line), *told])
