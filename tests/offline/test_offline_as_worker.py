"""`ipu sanitise` writes what readers of the worker's releases would hold, corrections and all."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random
from secrets import token_bytes
from typing import Any, NamedTuple

import pytest

from connectors.mappings.mapping_file import identity_mapping
from connectors.publishing.supply import identify_supply
from connectors.sources.formats import open_table
from connectors.sources.table import Row
from connectors.spreadsheet import unguarded
from demo.generator.csv_files import write_csv
from demo.generator.datasets import GENERATORS
from demo.generator.district import Point
from isp.agreement.officer import Officer
from isp.agreement.protocol import Agreement, Neighbour, Opening, Protocol
from isp.agreement.protocol_file import load_protocol
from offline.csv_output import cell
from offline.risk.intruder import play
from offline.run import Order, sanitise_file
from offline.steps import Agreed
from offline.summary import Summary
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.references import KEY_BYTES, ReferenceKey
from schemas.catalogue import SCHEMA_FOLDER, Catalogue, load_catalogue
from schemas.record_type import PERSONAL
from tests.streams.partnership import KEY, NAMES, POSTCODES, Partnership, small_index
from transport.messages import Output

CATALOGUE = load_catalogue()
AT = datetime(2026, 2, 2, 10, 20, tzinfo=UTC)
DAY = AT.date()
RECORDS, CORRECTIONS = 50, 30
BROKEN, FAR, MOVED = 0.1, 0.1, 0.6
NOWHERE = {f"location_{part}": "" for part in ("address", "postcode", "easting", "northing")}
AT_SEA = NOWHERE | {"location_easting": "100000", "location_northing": "900000"}


def bordered(catalogue: Catalogue) -> Protocol:
    """Return a protocol with every dataset open, and one postcode in a neighbour's area."""
    protocol = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", catalogue)
    openings = tuple(
        Opening.model_validate(
            {"dataset": r.dataset, "requirement": "a test", "from": DAY, "until": DAY}
        )
        for r in catalogue
        if not r.core
    )
    agreement = Agreement(
        protocol="Its own, section 6", agreed_on=DAY, until=DAY,
        liaison_officer=Officer(post="Liaison Officer", contact="liaison@neighbour.example"),
    )  # fmt: skip
    neighbour = Neighbour(
        short_name="wiltshire", name="A neighbour", area=("E06000023",), conditions="Section 6",
        agreement=agreement,
    )  # fmt: skip
    area = (*protocol.partnership.area, "E09000033")
    own = protocol.partnership.model_copy(update={"margin_metres": 50, "area": area})
    return protocol.model_copy(
        update={"openings": openings, "neighbours": (neighbour,), "partnership": own}
    )


PROTOCOL = bordered(CATALOGUE)
RELEASED = sorted(
    (s.agency, s.dataset, profile)
    for s in PROTOCOL.supplies
    for profile in PROTOCOL.profiles_of(s.dataset)
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    return small_index(tmp_path_factory.mktemp("index"))


def corrected(dataset: str, seed: int) -> Iterator[dict[str, str]]:
    """Yield made-up rows, then some again: with other values, excluded, broken or moved.

    A correction can move an event from any area to any other one, and out to sea.
    """
    record_type, rng = CATALOGUE.record_type(dataset), Random(seed)
    points = [Point(postcode, e, n) for postcode, e, n, _ in POSTCODES]
    made = islice(GENERATORS[dataset](RECORDS, seed, points), RECORDS)
    rows = [_moved(row, rng) for row in made]
    yield from rows
    free = [name for name in rows[0] if name not in record_type.identity]
    flags = [rule.flag for rule in record_type.excluded.values() if rule.flag in rows[0]]
    for row in rng.choices(rows, k=CORRECTIONS):
        names = rng.sample(free, k=min(len(free), rng.randint(0, 3)))
        other = rng.choice(rows)
        changed = {name: other[name] for name in names}
        changed |= {flag: rng.choice(["true", "false", ""]) for flag in flags}
        if rng.random() < BROKEN:
            changed[rng.choice(record_type.required)] = ""
        yield _moved(row | changed, rng)


def _moved(row: dict[str, str], rng: Random) -> dict[str, str]:
    """Move most rows to a postcode of any area, without a point, and a few to a point at sea."""
    if rng.random() < FAR:
        return row | {name: value for name, value in AT_SEA.items() if name in row}
    if rng.random() < MOVED and "location_postcode" in row:
        moved = row | {name: value for name, value in NOWHERE.items() if name in row}
        return moved | {"location_postcode": rng.choice(POSTCODES)[0]}
    return row


class Held(NamedTuple):
    """The releases that readers of a topic have at the end, and how many were written to it."""

    records: dict[str, dict[str, str]]
    written: int


def held_by_readers(order: Order, profile: str) -> Held:
    """Process the records of the file by the worker's pipeline, in several batches."""
    assert order.agreed is not None
    partnership = Partnership.of(PROTOCOL, CATALOGUE, order.index, KEY, AT)
    dataset, agency = order.record_type.dataset, order.supplier
    topic = NAMES.released(profile, dataset, None)
    intakes = [
        partnership.intake(dataset, record, at, agency)
        for at, record in enumerate(given_to_the_worker(order))
    ]
    held: dict[str, Output] = {}
    written = 0
    for batch in (intakes[at : at + 17] for at in range(0, len(intakes), 17)):
        result = partnership.process(*batch)
        partnership.pipeline.committed(result)
        # A batch's outputs are sorted by key; those of one key stay in the order of the records.
        for output in result.outputs:
            if output.topic != topic or output.key is None:
                continue
            if output.value is None:
                held.pop(output.key.decode(), None)
            else:
                held[output.key.decode()] = output
                written += 1
    records = {
        name: {field: as_cell(value) for field, value in partnership.schemas.read(output).items()}
        for name, output in held.items()
    }
    return Held(records, written)


def given_to_the_worker(order: Order) -> Iterator[dict[str, Any]]:
    with open_table(order.file, order.mapping) as source:
        _, convert = identify_supply(
            order.file, order.mapping, order.supplier, order.record_type, source.header
        )
        for row in source:
            record = convert(row.cells, row.number).record if isinstance(row, Row) else None
            if record is not None:
                yield record


def as_cell(value: Any) -> str:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else cell(value)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [{n: unguarded(c) for n, c in row.items()} for row in csv.DictReader(stream)]


def order_of(index: PostcodeIndex, folder: Path, agency: str, dataset: str, profile: str) -> Order:
    mapping = identity_mapping(CATALOGUE.record_type(dataset))
    agreed = Agreed.of(PROTOCOL, dataset, profile, agency)
    file, out = folder / "in.csv", folder / "out.csv"
    return Order(file, mapping, profile, out, None, index, KEY, CATALOGUE, agreed=agreed)


def sanitised(
    index: PostcodeIndex, folder: Path, agency: str, dataset: str, profile: str
) -> tuple[Order, Summary]:
    """Sanitise a file with corrections."""
    order = order_of(index, folder, agency, dataset, profile)
    write_csv(order.file, corrected(dataset, 5))
    return order, sanitise_file(order, at=AT)


def whole(summary: Summary) -> int:
    ended = summary.released + summary.replaced + summary.taken_back
    return ended + summary.rejected + summary.held + summary.excluded


@pytest.mark.parametrize(("agency", "dataset", "profile"), RELEASED)
def test_a_file_comes_out_as_readers_of_the_worker_hold_it_at_the_end(
    index: PostcodeIndex, tmp_path: Path, agency: str, dataset: str, profile: str
) -> None:
    order, summary = sanitised(index, tmp_path, agency, dataset, profile)
    readers = held_by_readers(order, profile)
    assert {row["record_id"]: row for row in rows(order.out)} == readers.records
    assert summary.released == len(readers.records)
    assert summary.released + summary.replaced + summary.taken_back == readers.written
    assert whole(summary) == summary.records == RECORDS + CORRECTIONS


@pytest.mark.parametrize(
    ("agency", "dataset", "profile"), [at for at in RELEASED if at[2] != PERSONAL]
)
def test_an_intruder_finds_nothing_in_a_file_with_corrections_either(
    index: PostcodeIndex, tmp_path: Path, agency: str, dataset: str, profile: str
) -> None:
    made, _ = sanitised(index, tmp_path, agency, dataset, profile)
    order = replace(made, key=ReferenceKey(token_bytes(KEY_BYTES)))
    summary = sanitise_file(order, at=AT)
    report = play(order.out, order, 4, heeded=profile == "second", at=AT)
    assert report.findings == []
    assert report.originals == report.rows == summary.released
    assert report.rows > 0


def test_the_files_compared_hold_every_kind_of_outcome(
    index: PostcodeIndex, tmp_path: Path
) -> None:
    """Check that the comparison above compares something."""
    order = order_of(index, tmp_path, "police", "police-incident", "second")
    write_csv(order.file, corrected("police-incident", 5))
    summary = sanitise_file(order, at=AT)
    assert min(summary.released, summary.replaced, summary.taken_back, summary.excluded) > 0
    assert min(summary.rejected, summary.held) > 0
    assert summary.withheld["event-outside-the-area"] > 0
    assert summary.withheld["event-in-the-area-of-wiltshire"] > 0


@pytest.mark.parametrize("where", ["BA1 1AB", "out at sea"], ids=["a neighbour's", "nobody's"])
def test_an_event_that_a_later_row_puts_elsewhere_is_not_in_the_file(
    index: PostcodeIndex, tmp_path: Path, where: str
) -> None:
    order = order_of(index, tmp_path, "police", "police-incident", "central")
    here = next(iter(corrected("police-incident", 5))) | NOWHERE | {"location_postcode": "SW1A 1AA"}
    elsewhere = here | (AT_SEA if where == "out at sea" else {"location_postcode": where})
    write_csv(order.file, iter([here, elsewhere]))
    summary = sanitise_file(order, at=AT)
    assert rows(order.out) == []
    assert (summary.released, summary.taken_back, summary.held) == (0, 1, 1)
    write_csv(order.file, iter([here, elsewhere, here]))
    assert sanitise_file(order, at=AT).released == len(rows(order.out)) == 1
