"""Publish a whole table of one aggregate source (guidance 3.3), with its metadata.

Only the broker's ACLs decide who may write and read a source's topic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from connectors.account import Account, check_access
from connectors.publishing.metadata import TableMetadata, load_metadata
from connectors.publishing.table_file import TableFile, read_table
from connectors.publishing.table_parts import WHOLE, in_parts, joined
from connectors.registry import known_schemas
from connectors.topic_reader import end_offsets, read_until
from connectors.writer import TransactionalWriter
from isp.agreement.topics import MAXIMUM_INTAKE_BYTES
from schemas.aggregates import AggregateSource
from schemas.catalogue import Catalogue
from schemas.marked import marked
from schemas.wire import WireError
from transport.client_names import table_transaction
from transport.messages import MARKING_HEADER, Headers, Output

_FRAME_BYTES = 1_024
"""The most bytes that a message's key, header and frame need."""


@dataclass(frozen=True, slots=True)
class TableJob:
    """One table to publish; `supplier` and `contact` are used unless the metadata name others."""

    file: Path
    source: AggregateSource
    account: Account
    catalogue: Catalogue
    agency_name: str
    supplier: str = ""
    contact: str = ""
    metadata: Path | None = None


class PublishedTable(NamedTuple):
    """The newest table in the topic; `sent` is false if it was there before."""

    record: dict[str, Any]
    sent: bool


def publish_table(job: TableJob, today: date) -> PublishedTable:
    """Publish a table, unless the newest of its source is the same; `today` is in Europe/London.

    If metadata are given and state something new, the table is sent again with them.

    Raises:
        SourceError: the file is not a table, or is too large.
        MetadataError: the metadata file cannot be used.
        NotApplied: the partnership lacks the schema.
        PublishError: see `connectors.errors`; an incompletely written table is never readable.
    """
    table = read_table(job.file)
    record = _record(job, table, today)
    account = job.account
    topic = account.names.aggregate(job.source.id)
    check_access(account, [topic])
    schema = marked(job.catalogue.system["aggregate"], job.source.marking)
    encode = known_schemas(account, job.catalogue).encoder(topic, schema)
    name = table_transaction(account.principal, job.source.id)
    # The writer is made first: it aborts an earlier one's open transaction before the topic is read.
    writer = TransactionalWriter(account, name, topic)
    newest = newest_table(account, job.source.id, job.catalogue)
    if newest is not None and _states_nothing_new(job, record, newest):
        return PublishedTable(newest, sent=False)
    marking: Headers = [(MARKING_HEADER, job.source.marking.encode())]
    values = list(map(encode, in_parts(record, fits=_fits(encode(record)))))
    writer.write([Output(topic, table.sha256.encode(), value, [*marking]) for value in values])
    return PublishedTable(record, sent=True)


def newest_table(account: Account, source: str, catalogue: Catalogue) -> dict[str, Any] | None:
    """Return the newest table of a source as system/aggregate.avsc has it, or None.

    Read as the account.

    Raises:
        AccessDeniedError: the broker does not let this party read the source.
        PublishError: see `connectors.account.check_access`.
    """
    topic = account.names.aggregate(source)
    check_access(account, [topic])
    newest = None
    for table in _tables(account, topic, catalogue):
        if table["source"] == source:
            newest = table
    return newest


def _tables(account: Account, topic: str, catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    return joined(_messages(account, topic, catalogue))


def _messages(account: Account, topic: str, catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    known = known_schemas(account, catalogue)
    for value in read_until(account, topic, end_offsets(account, topic)):
        try:
            yield known.decode(value, catalogue.system["aggregate"])
        except WireError:
            continue  # another tool of the agency may have written to its own topic


def _fits(value: bytes) -> bool:
    return len(value) <= MAXIMUM_INTAKE_BYTES - _FRAME_BYTES


def _record(job: TableJob, table: TableFile, today: date) -> dict[str, Any]:
    """Return the table as system/aggregate.avsc has it; the duties are the schema's own words."""
    source = job.source
    stated = TableMetadata()
    if job.metadata is not None:
        of = f"the table {job.file.name}"
        stated = load_metadata(job.metadata, TableMetadata, table.fields, of)
    supplier = (stated.supplier or job.supplier, stated.contact or job.contact)
    return {
        "source": source.id,
        "title": source.title,
        "guidance": source.guidance,
        "marking": source.marking,
        "agency": job.agency_name,
        "contact": ", ".join(part for part in supplier if part),
        **stated.period.ends,
        "file_format": table.read_as,
        "records": table.records,
        "supplied_on": today.isoformat(),
        "fields": list(table.fields),
        "explanations": stated.explanations,
        "coding_systems": stated.coding_systems,
        "geocoding": stated.geocoding,
        "caveats": [*stated.caveats, *table.caveats],
        "sha256": table.sha256,
        "table": table.content,
        **WHOLE,
    }


def _states_nothing_new(
    job: TableJob, record: Mapping[str, Any], newest: Mapping[str, Any]
) -> bool:
    if job.metadata is None:
        return bool(record["sha256"] == newest["sha256"])
    return all(newest[name] == value for name, value in record.items() if name != "supplied_on")
