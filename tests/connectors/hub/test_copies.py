"""A copy has what its party may read, replaces the one before, and is written when it is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from connectors.hub.copies import Copies, CopyFolder, Rows, readable
from connectors.hub.duckdb_copy import DuckDbCopier
from connectors.hub.duckdb_store import DuckDbStore
from connectors.hub.tables import AnyTable, source_tables, tables_of
from isp.agreement.access import rules
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol import Protocol, ProtocolError
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import stored
from isp.audit.errors import AuditError
from schemas.catalogue import SCHEMA_FOLDER, Catalogue
from schemas.london import london_today
from tests.connectors.hub.conftest import NOW_MS, Bench

DAY_MS = 86_400_000


class Written:
    """Copies nothing, and notes for whom; the audit refuses the first `refusals` entries."""

    def __init__(self, refusals: int = 0) -> None:
        self.parties: list[str] = []
        self.refusals = refusals

    def copy(self, file: Path, tables: Sequence[AnyTable], now_ms: int) -> Rows:
        file.write_bytes(b"")
        return {table.topic.name: {"police": 7} for table in tables}

    def audited(self, party: str, tables: Sequence[AnyTable], rows: Rows) -> None:
        if self.refusals:
            self.refusals -= 1
            raise AuditError("the broker does not answer")
        assert rows == {table.topic.name: {"police": 7} for table in tables}
        self.parties.append(party)


def copies_in(folder: CopyFolder, store: Written, bench: Bench, now_s: float) -> Copies:
    own = dict.fromkeys(("council", "police"), bench.tables)
    return Copies(folder, store, store.audited, own, (time(6), time(18)), lambda: now_s)


@pytest.fixture
def folder(tmp_path: Path) -> CopyFolder:
    made = CopyFolder(tmp_path / "copies")
    made.make()
    return made


def test_a_party_has_the_tables_that_the_brokers_rules_let_it_read(catalogue: Catalogue) -> None:
    protocol = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", catalogue)
    closed = closed_datasets(protocol, catalogue, london_today())
    topics = stored(protocol, catalogue, closed)
    tables: list[AnyTable] = [*tables_of(topics), *source_tables(topics, protocol.prefix)]
    assert {table.schema for table in tables} > {"central", "supplies", "aggregate"}
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
    rows = DuckDbCopier(bench.store.beside()).copy(file, (table,), NOW_MS)
    assert rows == {table.topic.name: {"police": 1}}
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
    DuckDbCopier(bench.store.beside()).copy(file, (table,), NOW_MS + table.topic.retention_ms)
    with DuckDbStore(file) as copy:
        assert copy.query("SELECT record_id FROM central.police_incident") == [("b" * 32,)]


def test_each_party_gets_a_copy_at_first_and_at_each_time(folder: CopyFolder, bench: Bench) -> None:
    now_s, store = datetime.now(UTC).timestamp(), Written()
    copies = copies_in(folder, store, bench, now_s)
    assert [copies.turn(), copies.turn(), copies.turn()] == [True, True, False]
    assert store.parties == ["council", "police"]
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
    assert store.parties[2:] == ["police"]
    assert folder.asked() == set()


def test_the_copy_of_a_party_that_receives_nothing_any_more_is_deleted(
    folder: CopyFolder, bench: Bench
) -> None:
    folder.file("former").write_bytes(b"")
    copies_in(folder, Written(), bench, datetime.now(UTC).timestamp())
    assert not folder.file("former").exists()


def test_without_an_entry_in_the_audit_there_is_no_copy_until_it_is_tried_again(
    folder: CopyFolder, bench: Bench
) -> None:
    now, store = [datetime.now(UTC).timestamp()], Written(refusals=1)
    own = {"council": bench.tables}
    copies = Copies(folder, store, store.audited, own, (time(6),), lambda: now[0])
    assert copies.turn() is False
    assert not folder.file("council").exists()
    assert not folder.draft("council").exists()
    assert copies.turn() is False
    now[0] += 60
    assert copies.turn() is True
    assert folder.file("council").exists()


def test_a_copy_that_is_asked_for_while_one_is_written_is_written_after_it(
    folder: CopyFolder, bench: Bench
) -> None:
    class Slow(Written):
        def copy(self, file: Path, tables: Sequence[AnyTable], now_ms: int) -> Rows:
            if not self.parties:
                folder.ask("council")
            return super().copy(file, tables, now_ms)

    store = Slow()
    own = {"council": bench.tables}
    now = datetime.now(UTC).timestamp()
    copies = Copies(folder, store, store.audited, own, (time(6),), lambda: now)
    folder.ask("council")
    assert copies.turn() is True
    assert folder.is_asked("council")
    assert copies.turn() is True
    assert not folder.is_asked("council")


def test_what_a_killed_reader_left_beside_a_copy_is_deleted(
    folder: CopyFolder, bench: Bench
) -> None:
    spilt = folder.file("council").with_suffix(".duckdb.tmp")
    spilt.mkdir()
    (spilt / "rows").write_bytes(b"rows")
    copies_in(folder, Written(), bench, datetime.now(UTC).timestamp())
    assert not spilt.exists()
