"""Sanitises a file as the worker would sanitise its records: no broker, no Java."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from connectors.mapping import Mapping
from connectors.sources.formats import open_table
from connectors.sources.table import HIDDEN, Hidden, Row, Table, Unreadable, rows_of
from connectors.supply import identified
from ops.offline.csv_output import Writer, cell, instant_cell, private_csv, sorted_csv
from ops.offline.steps import Steps, steps_for
from ops.offline.summary import Summary
from sanitiser.gazetteer import Gazetteer
from sanitiser.policy import Scrub
from sanitiser.postcodes import PostcodeIndex
from sanitiser.premises import withheld_premises
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue
from schemas.derive import release_schema, utc_field_name
from schemas.london import london_time
from schemas.record_type import RecordType

AGENCY = "file"
"""Who supplied a record, where the command is not told."""
REJECT_COLUMNS = ("row", "sheet", "line", "field", "reason", "given", "accepted")
_SHOWN_EVERY = 500

Cell = Callable[[Any], str]
Progress = Callable[[int, int, int], None]
"""Is told the bytes read, the bytes of the file and the rows read."""


@dataclass(frozen=True, slots=True)
class Order:
    """A file to sanitise for one profile's readers, and where the outcome goes."""

    file: Path
    mapping: Mapping
    profile: str
    out: Path
    rejects: Path | None
    index: PostcodeIndex
    key: ReferenceKey
    catalogue: Catalogue
    agency: str = AGENCY
    gazetteer: Gazetteer | None = None
    premises: Scrub = withheld_premises

    @property
    def record_type(self) -> RecordType:
        """The type of the file's records."""
        return self.catalogue.record_type(self.mapping.dataset)


class _Read(NamedTuple):
    """A row of the file with the record it holds; `record` is None where it is out of scope."""

    row: Row
    record: dict[str, Any] | None
    out_of_scope: str | None
    identity: tuple[str, ...] | None


def sanitise_file(order: Order, progress: Progress = lambda *_: None) -> Summary:
    """Write the released form of a file's records, and of the others what is wrong with them.

    Raises:
        SourceError: the file is not what the mapping says; nothing is left behind.
    """
    columns = released_columns(order.record_type, order.profile)
    names = [name for name, _ in columns]
    steps = steps_for(
        order.mapping.dataset, order.profile,
        agency=order.agency, index=order.index, key=order.key, catalogue=order.catalogue,
        gazetteer=order.gazetteer, premises=order.premises,
    )  # fmt: skip
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
        pass_.run(progress)
    return summary


def released_columns(record_type: RecordType, profile: str) -> list[tuple[str, Cell]]:
    """The columns of a release as a file, each with how its values become cells."""
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
    out: Writer
    rejects: Writer | None

    def run(self, progress: Progress) -> None:
        now = london_time(datetime.now(UTC))
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
        _, convert = identified(
            order.file,
            order.mapping,
            order.agency,
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
        done = self.steps(record, now)
        self.summary.add(done)
        if not done.faults:
            self.summary.repeats.add(read.identity, read.row.number)
        if done.released is not None:
            self.out.writerow([shown(done.released[name]) for name, shown in self.columns])
        for fault in done.faults:
            told = (fault.field, fault.reason, fault.given or "", fault.accepted)
            self._reject(read.row, *told)

    def _reject(self, row: Row | Unreadable, *told: str) -> None:
        if self.rejects is not None:
            sheet = self.source.contents.sheets[row.sheet - 1] if row.sheet else ""
            self.rejects.writerow([str(row.number), sheet, str(row.line), *told])
