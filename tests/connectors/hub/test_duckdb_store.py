"""The embedded hub keeps each record once, corrects it, forgets it, and goes on where it ended."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from connectors.hub.changes import Changes
from connectors.hub.duckdb_store import DuckDbStore, Source
from connectors.hub.errors import HubError
from connectors.hub.tables import table_of
from tests.connectors.hub.conftest import NOW_MS, PLACE, Bench, full

DAY_MS = 86_400_000


def test_a_record_has_its_values_types_and_a_point_on_the_british_grid(bench: Bench) -> None:
    table = bench.table("central", "police-incident")
    bench.write(table, {
        "record_id": "a" * 32, "incident_date": date(2026, 11, 29), "incident_time": time(22, 41),
        "domestic": False, "incident_utc": datetime(2026, 11, 29, 22, 41, tzinfo=UTC),
        "caveats": ["incident_type: other"], **PLACE,
    })  # fmt: skip
    names = "incident_date, incident_time, domestic, incident_utc, caveats, location_easting"
    assert bench.rows(table, names) == [(
        date(2026, 11, 29), time(22, 41), False, datetime(2026, 11, 29, 22, 41),
        ["incident_type: other"], 375_000,
    )]  # fmt: skip
    point = "ST_AsText(location_point), ST_CRS(location_point)"
    assert bench.rows(table, point) == [("POINT (375000 165000)", "EPSG:27700")]


def test_a_record_without_a_place_has_no_point(bench: Bench) -> None:
    table = bench.table("central", "police-incident")
    bench.write(table, {"record_id": "a" * 32})
    assert bench.rows(table, "location_point IS NULL, caveats") == [(True, [])]


def test_the_newest_version_of_a_record_counts_within_a_batch_and_after_it(bench: Bench) -> None:
    table = bench.table("central", "police-incident")
    of = {"record_id": "a" * 32}
    bench.write(table, {**of, "incident_type": "one"}, {**of, "incident_type": "two"})
    assert bench.rows(table, "incident_type") == [("two",)]
    bench.write(table, {**of, "incident_type": "three"})
    assert bench.rows(table, "incident_type") == [("three",)]


def test_a_record_that_was_taken_back_is_gone(bench: Bench) -> None:
    table = bench.table("central", "police-incident")
    bench.write(table, {"record_id": "a" * 32}, {"record_id": "b" * 32})
    gone = Changes(table)
    gone.remove("a" * 32)
    bench.store.write([gone], {}, NOW_MS)
    assert bench.rows(table, "record_id") == [("b" * 32,)]


def test_rows_and_offsets_are_kept_together(bench: Bench) -> None:
    table = bench.table("central", "police-incident")
    bench.write(table, {"record_id": "a" * 32})
    bench.again()
    bench.store.prepare(bench.source, bench.tables, NOW_MS)
    assert bench.store.offsets() == {(table.topic.name, 0): 1}
    assert bench.store.count(table) == 1


def test_a_batch_that_fails_changes_nothing(bench: Bench) -> None:
    table = bench.table("central", "police-incident")
    bench.write(table, {"record_id": "a" * 32, "incident_type": "one"})
    wrong = Changes(table)
    wrong.put("a" * 32, full(table, {"record_id": "a" * 32, "domestic": "no flag"}), NOW_MS)
    with pytest.raises(Exception, match="no flag"):
        bench.store.write([wrong], {(table.topic.name, 0): 9}, NOW_MS)
    assert bench.rows(table, "incident_type") == [("one",)]
    assert bench.store.offsets() == {(table.topic.name, 0): 1}


def test_a_row_is_deleted_when_its_retention_has_passed(bench: Bench) -> None:
    table = bench.table("central", "police-incident")
    bench.write(table, {"record_id": "a" * 32})
    bench.write(table, {"record_id": "b" * 32}, at_ms=NOW_MS + DAY_MS)
    assert bench.store.expire(NOW_MS + table.topic.retention_ms - 1) == 0
    assert bench.store.expire(NOW_MS + table.topic.retention_ms) == 1
    assert bench.rows(table, "record_id") == [("b" * 32,)]


def test_a_table_that_the_protocol_has_no_more_is_dropped(bench: Bench) -> None:
    table = bench.table("central", "police-incident")
    bench.write(table, {"record_id": "a" * 32})
    bench.tables = tuple(each for each in bench.tables if each is not table)
    bench.store.prepare(bench.source, bench.tables, NOW_MS)
    assert bench.store.offsets() == {}
    named = "WHERE schema_name = 'central' AND table_name = 'police_incident'"
    found = bench.store.query(f"SELECT count(*) FROM duckdb_tables() {named}")
    assert found == [(0,)]


def test_a_column_that_the_schema_gained_is_added_and_the_rows_stay(bench: Bench) -> None:
    table = bench.table("central", "police-incident")
    fields = table.topic.schema["fields"]
    fewer = {**table.topic.schema, "fields": [f for f in fields if f["name"] != "incident_type"]}
    older = table_of(replace(table.topic, schema=fewer))
    rest = tuple(each for each in bench.tables if each is not table)
    bench.store.prepare(bench.source, (older, *rest), NOW_MS)
    bench.write(older, {"record_id": "a" * 32})
    bench.store.prepare(bench.source, bench.tables, NOW_MS)
    assert bench.rows(table, "record_id, incident_type") == [("a" * 32, None)]
    bench.store.prepare(bench.source, (older, *rest), NOW_MS)
    assert bench.rows(table, "record_id") == [("a" * 32,)]


@pytest.mark.parametrize("change", ["made again", "silent for too long", "other types"])
def test_a_table_that_cannot_be_trusted_is_read_again(bench: Bench, change: str) -> None:
    table = bench.table("central", "police-incident")
    bench.write(table, {"record_id": "a" * 32})
    source, tables, now_ms = bench.source, bench.tables, NOW_MS
    if change == "made again":
        source = Source("cluster", "banes", {**source.topics, table.topic.name: "another"})
    elif change == "silent for too long":
        now_ms += table.topic.tombstones_ms
    else:
        fields = [
            {**f, "type": ["null", "int"]} if f["name"] == "incident_type" else f
            for f in table.topic.schema["fields"]
        ]
        changed = table_of(replace(table.topic, schema={**table.topic.schema, "fields": fields}))
        tables = tuple(changed if each is table else each for each in tables)
    bench.store.prepare(source, tables, now_ms)
    assert bench.store.count(table) == 0
    assert bench.store.offsets() == {}


def test_a_store_of_another_broker_is_refused(bench: Bench) -> None:
    with pytest.raises(HubError, match="given: broker other"):
        bench.store.prepare(Source("other", "banes", bench.source.topics), bench.tables, NOW_MS)


def test_the_file_is_its_owners_alone_and_one_process_has_it(bench: Bench) -> None:
    files = list(bench.file.parent.iterdir())
    assert files
    assert all(file.stat().st_mode & 0o077 == 0 for file in (*files, bench.file.parent))
    program = (
        "import sys, pathlib, connectors.hub.duckdb_store as hub\n"
        "hub.DuckDbStore(pathlib.Path(sys.argv[1]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(bench.file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "another process has it" in ended.stderr


def test_a_file_that_is_no_store_is_refused(bench: Bench) -> None:
    file = bench.file.with_name("other.duckdb")
    file.write_text("no database at all, but long enough to be read as the header of one" * 99)
    with pytest.raises(HubError, match="cannot be opened as a DuckDB file"):
        DuckDbStore(file)
