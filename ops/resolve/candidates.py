"""Read the originals that a digest can come from: one agency's own, in topics or in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from connectors.mappings.mapping import Mapping as Columns
from connectors.publishing.supply import identify_supply
from connectors.sources.formats import open_table
from connectors.sources.table import Row, rows_of
from schemas.catalogue import Catalogue
from streams.decision import Steps
from streams.runtime.intake import intake_of
from streams.sanitising.pipeline import DatasetFlow
from streams.steps.decode import Undecodable
from transport.reader import read_all


class Candidate(NamedTuple):
    """A record as it was supplied, and the steps for it."""

    steps: Steps
    given: Mapping[str, Any]
    supply: str | None


def from_topic(
    client: Mapping[str, Any], topic: str, partitions: int, flow: DatasetFlow
) -> Iterator[Candidate]:
    """Yield the records that an intake topic still has; bytes that cannot be decoded are skipped.

    Raises:
        ReadError: the topic could not be read to its end.
    """
    for message in read_all(client, topic, partitions):
        intake = intake_of(message)
        try:
            given = flow.decode.read(intake.value)
        except Undecodable:
            continue
        yield Candidate(flow.steps, given, intake.supply_id)


def from_file(
    file: Path, columns: Columns, agency: str, catalogue: Catalogue, steps: Steps
) -> Iterator[Candidate]:
    """Yield the records of a file, as the agency supplied it.

    Raises:
        SourceError: the file does not match the mapping.
    """
    record_type = catalogue.record_type(columns.dataset)
    with open_table(file, columns) as source:
        supply, convert = identify_supply(file, columns, agency, record_type, source.header)
        for row in rows_of(source, file):
            record = convert(row.cells, row.number).record if isinstance(row, Row) else None
            if record is not None:
                yield Candidate(steps, record, supply)
