"""Publish a file as one supply, exactly once: crashes and repeated calls lose or double no record.

Records are sent in chunks. Each chunk is one Kafka transaction, with a supply record that says how
many rows of the file have been processed. The next publisher of the file reads that record, counts
the rows up to it without sending them, and continues with the row after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from connectors.account import Account, check_access
from connectors.errors import SourceError
from connectors.mappings.mapping import Mapping
from connectors.publishing.metadata import UNSTATED, Metadata
from connectors.publishing.pace import Chunk, Metronome, Pace
from connectors.publishing.supply import (
    Counts,
    Supply,
    erasure_id,
    event_dates,
    identify_supply,
    latest_of,
)
from connectors.registry import known_schemas
from connectors.sources.formats import open_table
from connectors.sources.table import (
    NOTHING_LEFT_OUT,
    Contents,
    Hidden,
    Row,
    Table,
    Unreadable,
    rows_of,
)
from connectors.topic_reader import end_offsets, read_until
from connectors.writer import TransactionalWriter
from schemas.catalogue import Catalogue
from schemas.derive import intake_schema
from schemas.london import london_today
from schemas.wire import WireError
from transport.client_names import publishing_transaction
from transport.messages import ERASE_HEADER, ROW_HEADER, SUPPLY_HEADER, Headers, Output
from transport.reader import Offsets

SPARED = "not one of the rows to be erased"


class Erasure(NamedTuple):
    """An order to erase a file's records: those of `rows`, counted from 1, or all."""

    rows: frozenset[int] | None = None

    def spares(self, number: int) -> bool:
        """Return True if a row is not to be erased."""
        return self.rows is not None and number not in self.rows


@dataclass(frozen=True, slots=True)
class Job:
    """One file to supply or, with an `erasure`, to erase.

    `supplier` is a post with its `contact`, not a person (guidance 3.4). They are used unless the
    supplier's `metadata` name others.
    """

    file: Path
    mapping: Mapping
    account: Account
    catalogue: Catalogue
    contact: str = ""
    agency_name: str = ""
    supplier: str = ""
    metadata: Metadata = UNSTATED
    erasure: Erasure | None = None

    @property
    def transactional_id(self) -> str:
        """Return the transactional id.

        All publishers of an agency and dataset share it, so one runs at a time.
        """
        return publishing_transaction(self.account.principal, self.mapping.dataset)


class Progress(NamedTuple):
    """The progress of a supply; bytes are those of the file on disk."""

    bytes_read: int
    bytes_total: int
    rows_read: int
    records: int


@dataclass(frozen=True, slots=True)
class Published:
    """The counts of the whole supply, and of the records sent by this call (`sent`)."""

    supply_id: str
    rows_read: int
    records: int
    sent: int
    unreadable: int
    already_supplied: bool
    resumed_after: int
    out_of_scope: ReadOnly[str, int]
    undeclared_columns: tuple[str, ...]
    caveats: tuple[str, ...]
    receipts_from: Offsets = field(repr=False)
    metadata_renewed: bool = False
    contents: Contents = NOTHING_LEFT_OUT
    unreadable_rows: tuple[str, ...] = ()


def publish(
    job: Job, pace: Pace | None = None, progress: Callable[[Progress], None] = lambda _: None
) -> Published:
    """Supply a file, or the rest of it after an interrupted call.

    A complete supply sends no record.

    Raises:
        SourceError: the file does not match the mapping; nothing more was sent.
        NotApplied: the partnership lacks a schema.
        PublishError: see `connectors.errors`; publishing again continues where this call ended.
    """
    stamp = _stamp(job.file)
    record_type = job.catalogue.record_type(job.mapping.dataset)
    with open_table(job.file, job.mapping) as source:
        agency, header, contents = job.account.agency, source.header, source.contents
        identifier, converter = identify_supply(
            job.file, job.mapping, agency, record_type, header, contents
        )
        if job.erasure is not None:
            # The erased records have the references of the supply, so its id is taken first.
            identifier = erasure_id(identifier, job.erasure.rows)
        supply = Supply(
            identifier, job.account.agency, job.contact, job.mapping, converter, london_today(),
            source.description, job.agency_name, job.supplier, job.metadata, job.erasure is not None,
            source.contents,
        )  # fmt: skip
        topics = _Topics(job, identifier)
        before = topics.newest()
        if before is not None and before["complete"] and supply.renewed(before) is None:
            return _already(before, source.contents)
        # Receipts of an earlier attempt are before the end, so then all receipts are read.
        receipts_from = {} if before else end_offsets(job.account, topics.receipts)
        writer = TransactionalWriter(job.account, job.transactional_id, topics.intake)
        # Only now an earlier writer's open transaction is resolved.
        before = topics.newest()
        if before is not None and before["complete"]:
            return _renewed(supply, before, topics, writer)
        dates = event_dates(record_type)
        run = _Run(supply, source, topics, writer, pace or Pace(), dates, job.file, job.erasure)
        check = _unchanged(job.file, stamp)
        return run.run(before, progress, check, {} if before else receipts_from)


class _Topics:
    """The topics of one supply, with the encoders of their values."""

    def __init__(self, job: Job, identifier: str) -> None:
        names, agency, dataset = job.account.names, job.account.agency, job.mapping.dataset
        self._account = job.account
        self._identifier = identifier
        self._erases = job.erasure is not None
        self.intake = names.intake(agency, dataset)
        self.supplies = names.supplies(agency, dataset)
        self.receipts = names.receipts(agency)
        check_access(job.account, (self.intake, self.supplies, self.receipts))
        self._known = known_schemas(job.account, job.catalogue)
        self._supply_schema = job.catalogue.system["supply"]
        schema = intake_schema(job.catalogue.record_type(dataset))
        self.encode_record = self._known.encoder(self.intake, schema)
        self._encode_supply = self._known.encoder(self.supplies, self._supply_schema)

    def newest(self) -> ReadOnly[str, Any] | None:
        """Return the newest committed record of this supply, or None."""
        ends = end_offsets(self._account, self.supplies)
        newest: ReadOnly[str, Any] | None = None
        for supply in self._supplies(ends):
            if supply["supply_id"] == self._identifier:
                newest = latest_of(newest, supply)
        return newest

    def _supplies(self, ends: Offsets) -> Iterable[dict[str, Any]]:
        for value in read_until(self._account, self.supplies, ends):
            try:
                yield self._known.decode(value, self._supply_schema)
            except WireError:
                continue  # another tool of the agency may have written to its own topic

    def intake_message(self, key: bytes | None, record: dict[str, Any], row: int) -> Output:
        """Return the message of one record, with its supply and its row in headers."""
        headers: Headers = [(SUPPLY_HEADER, self._identifier.encode()), (ROW_HEADER, b"%d" % row)]
        if self._erases:
            headers.append((ERASE_HEADER, b"1"))
        return Output(self.intake, key, self.encode_record(record), headers)

    def supply_message(self, record: dict[str, Any]) -> Output:
        """Return the message with the supply's own record."""
        return Output(self.supplies, self._identifier.encode(), self._encode_supply(record))


@dataclass(frozen=True, slots=True)
class _Run:
    """One pass through the file."""

    supply: Supply
    source: Table
    topics: _Topics
    writer: TransactionalWriter
    pace: Pace
    dates: tuple[str, ...]
    file: Path
    erasure: Erasure | None = None
    counts: Counts = field(default_factory=Counts)

    def run(
        self,
        before: ReadOnly[str, Any] | None,
        progress: Callable[[Progress], None],
        check: Callable[[], None],
        receipts_from: Offsets,
    ) -> Published:
        """Count the rows supplied before, and send the rest."""
        resume_after = before["rows_read"] if before else 0
        chunk, metronome = Chunk(self.pace), Metronome(self.pace.rate)
        for row in rows_of(self.source, self.file):
            message = self._take(row, send=row.number > resume_after)
            if row.number > resume_after:
                if message is not None:
                    metronome.wait()
                chunk.add(message)
            if chunk.is_due:
                check()
                self._write(chunk, complete=False)
                chunk = Chunk(self.pace)
                progress(self._progress())
        check()
        self._write(chunk, complete=True)
        progress(self._progress())
        return self._published(before, receipts_from)

    def _take(self, row: Row | Unreadable | Hidden, *, send: bool) -> Output | None:
        if isinstance(row, Unreadable):
            self.counts.add_unreadable(row)
            return None
        if isinstance(row, Hidden):
            self.counts.add_hidden()
            return None
        converted = self.supply.converter(row.cells, row.number)
        if self.erasure is not None and self.erasure.spares(row.number):
            converted = converted._replace(record=None, out_of_scope=SPARED)
        self.counts.add(converted, self.dates)
        if converted.record is None or not send:
            return None
        return self.topics.intake_message(converted.key, converted.record, row.number)

    def _write(self, chunk: Chunk, *, complete: bool) -> None:
        if chunk.rows or complete:
            record = self.supply.record(self.counts, complete=complete)
            before = self.counts.rows_read - chunk.rows

            def another_wrote() -> bool:
                newest = self.topics.newest()
                return newest is not None and newest["rows_read"] > before

            messages = [*chunk.messages, self.topics.supply_message(record)]
            self.writer.write(messages, another_wrote)

    def _progress(self) -> Progress:
        counts, source = self.counts, self.source
        return Progress(source.consumed, source.size, counts.rows_read, counts.records)

    def _published(self, before: ReadOnly[str, Any] | None, receipts_from: Offsets) -> Published:
        counts = self.counts
        return Published(
            supply_id=self.supply.supply_id,
            rows_read=counts.rows_read,
            records=counts.records,
            sent=counts.records - (before["records"] if before else 0),
            unreadable=counts.unreadable,
            already_supplied=False,
            resumed_after=before["rows_read"] if before else 0,
            out_of_scope=dict(counts.out_of_scope),
            undeclared_columns=self.supply.converter.undeclared,
            caveats=tuple(self.supply.caveats(counts, complete=True)),
            receipts_from=receipts_from,
            contents=self.supply.contents,
            unreadable_rows=tuple(counts.unreadable_named),
        )


def _renewed(
    supply: Supply, before: ReadOnly[str, Any], topics: _Topics, writer: TransactionalWriter
) -> Published:
    """Send a complete supply's metadata again if they state something new; send no record."""
    record = supply.renewed(before)
    if record is None:
        return _already(before, supply.contents)
    writer.write([topics.supply_message(record)])
    return replace(_already(record, supply.contents), metadata_renewed=True)


def _already(supply: ReadOnly[str, Any], contents: Contents) -> Published:
    out_of_scope = supply["out_of_scope"]
    return Published(
        supply_id=supply["supply_id"],
        rows_read=supply["rows_read"],
        records=supply["records"],
        sent=0,
        unreadable=supply["rows_read"] - supply["records"] - sum(out_of_scope.values()),
        already_supplied=True,
        resumed_after=supply["rows_read"],
        out_of_scope=out_of_scope,
        undeclared_columns=tuple(supply["undeclared_columns"]),
        caveats=tuple(supply["caveats"]),
        receipts_from={},
        contents=contents,
    )


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _unchanged(file: Path, stamp: tuple[int, int] | None) -> Callable[[], None]:
    def check() -> None:
        if _stamp(file) != stamp:
            message = f"{file}: the file was changed while it was read"
            raise SourceError(f"{message}; publish it again when it is complete")

    return check
