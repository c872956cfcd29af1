"""A copy has what its party may read, replaces the one before, and is written when it is due."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from connectors.hub.copies import Copies, CopyFolder, readable
from connectors.hub.duckdb_store import DuckDbStore
from connectors.hub.tables import tables_of
from isp.agreement.access import rules
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol import Protocol, ProtocolError
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import stored
from schemas.catalogue import SCHEMA_FOLDER, Catalogue
from schemas.london import london_today
from tests.connectors.hub.conftest import NOW_MS, Bench

DAY_MS = 86_400_000


class Written:
    """A store that notes which copies it writes."""

    def __init__(self) -> None:
        self.files: list[str] = []

    def copy(self, file: Path, tables: object, now_ms: int) -> None:
        file.write_bytes(b"")
        self.files.append(file.name)


def copies_in(folder: CopyFolder, store: Written, bench: Bench, now_s: float) -> Copies:
    own = dict.fromkeys(("council", "police"), bench.tables)
    return Copies(folder, store, own, (time(6), time(18)), lambda: now_s)


@pytest.fixture
def folder(tmp_path: Path) -> CopyFolder:
    made = CopyFolder(tmp_path / "copies")
    made.make()
    return made


def test_a_party_has_the_tables_that_the_brokers_rules_let_it_read(catalogue: Catalogue) -> None:
    protocol = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", catalogue)
    closed = closed_datasets(protocol, catalogue, london_today())
    tables = tables_of(stored(protocol, catalogue, closed))
    allowed = rules(protocol, closed)
    for party in protocol.parties:
        own = {table.topic.name for table in readable(protocol, closed, party.id, tables)}
        for table in tables:
            names = {(r.principal, r.operation) for r in allowed if r.name == table.topic.name}
            assert ((f"banes.{party.id}", "read") in names) is (table.topic.name in own)


def test_an_unknown_party_is_refused(protocol: Protocol, bench: Bench) -> None:
    with pytest.raises(ProtocolError, match="accepted"):
        readable(protocol, frozenset(), "nobody", bench.tables)


def test_a_copy_has_the_rows_and_points_of_its_tables_alone(bench: Bench, tmp_path: Path) -> None:
    table = bench.table("central", "police-incident")
    place = {"location_easting": 375_000, "location_northing": 165_000}
    bench.write(table, {"record_id": "a" * 32, **place})
    file = tmp_path / "council.duckdb"
    bench.store.copy(file, (table,), NOW_MS)
    with DuckDbStore(file) as copy:
        assert copy.query("SELECT schema_name, table_name FROM duckdb_tables()") == [
            ("central", "police_incident")
        ]
        point = (
            "SELECT ST_AsText(location_point), ST_CRS(location_point) FROM central.police_incident"
        )
        assert copy.query(point) == [("POINT (375000 165000)", "EPSG:27700")]
        comment = "SELECT comment FROM duckdb_tables()"
        assert copy.query(comment) == [(table.doc,)]
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".draft"] == []


def test_a_copy_leaves_out_rows_whose_retention_has_passed(bench: Bench, tmp_path: Path) -> None:
    table = bench.table("central", "police-incident")
    bench.write(table, {"record_id": "a" * 32})
    bench.write(table, {"record_id": "b" * 32}, at_ms=NOW_MS + DAY_MS)
    file = tmp_path / "council.duckdb"
    bench.store.copy(file, (table,), NOW_MS + table.topic.retention_ms)
    with DuckDbStore(file) as copy:
        assert copy.query("SELECT record_id FROM central.police_incident") == [("b" * 32,)]


def test_each_party_gets_a_copy_at_first_and_at_each_time(folder: CopyFolder, bench: Bench) -> None:
    now_s, store = datetime.now(UTC).timestamp(), Written()
    copies = copies_in(folder, store, bench, now_s)
    assert [copies.turn(), copies.turn(), copies.turn()] == [True, True, False]
    assert store.files == ["council.duckdb", "police.duckdb"]
    later = copies_in(folder, store, bench, now_s + 86_400)
    assert [later.turn(), later.turn()] == [True, True]


def test_a_copy_that_is_asked_for_is_written_at_once_and_an_unknown_partys_is_not(
    folder: CopyFolder, bench: Bench
) -> None:
    store = Written()
    copies = copies_in(folder, store, bench, datetime.now(UTC).timestamp())
    while copies.turn():
        pass
    folder.ask("police")
    folder.ask("nobody")
    assert [copies.turn(), copies.turn()] == [True, False]
    assert store.files[2:] == ["police.duckdb"]
    assert folder.asked() == set()


def test_the_copy_of_a_party_that_receives_nothing_any_more_is_deleted(
    folder: CopyFolder, bench: Bench
) -> None:
    folder.file("former").write_bytes(b"")
    copies_in(folder, Written(), bench, datetime.now(UTC).timestamp())
    assert not folder.file("former").exists()
