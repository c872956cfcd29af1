"""The contract of every store of the hub. The tests of each kind inherit it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from connectors.hub.changes import Changes
from connectors.hub.errors import HubError
from connectors.hub.source import Source
from connectors.hub.tables import HubTable, table_of
from tests.connectors.hub.store_bench import DAY_MS, NOW_MS, PLACE, StoreBench, full

ONE, OTHER = "a" * 32, "b" * 32


def incidents(bench: StoreBench) -> HubTable:
    return bench.table("central", "police-incident")


def without(table: HubTable, name: str) -> HubTable:
    """The table as it was before its schema had a field."""
    fields = [f for f in table.topic.schema["fields"] if f["name"] != name]
    return table_of(replace(table.topic, schema={**table.topic.schema, "fields": fields}))


class StorePromises:
    """The tests take a fixture `bench`, whose store is prepared."""

    def test_a_record_has_its_values_and_types(self, bench: StoreBench) -> None:
        table = incidents(bench)
        bench.write(table, {
            "record_id": ONE, "incident_date": date(2026, 11, 29), "incident_time": time(22, 41),
            "domestic": False, "incident_utc": datetime(2026, 11, 29, 22, 41, tzinfo=UTC),
            "caveats": ["incident_type: other", 'with "quotes", {braces} and \\'], **PLACE,
        })  # fmt: skip
        names = "incident_date, incident_time, domestic, incident_utc, caveats, location_easting"
        assert bench.rows(table, names) == [(
            date(2026, 11, 29), time(22, 41), False, datetime(2026, 11, 29, 22, 41),
            ["incident_type: other", 'with "quotes", {braces} and \\'], 375_000,
        )]  # fmt: skip

    def test_a_record_without_a_place_has_no_point(self, bench: StoreBench) -> None:
        table = incidents(bench)
        bench.write(table, {"record_id": ONE})
        assert bench.rows(table, "location_point IS NULL, caveats") == [(True, [])]

    def test_the_newest_version_of_a_record_counts_within_a_batch_and_after_it(
        self, bench: StoreBench
    ) -> None:
        table, of = incidents(bench), {"record_id": ONE}
        bench.write(table, {**of, "incident_type": "one"}, {**of, "incident_type": "two"})
        assert bench.rows(table, "incident_type") == [("two",)]
        bench.write(table, {**of, "incident_type": "three"})
        assert bench.rows(table, "incident_type") == [("three",)]

    def test_a_record_that_was_taken_back_is_gone(self, bench: StoreBench) -> None:
        table = incidents(bench)
        bench.write(table, {"record_id": ONE}, {"record_id": OTHER})
        gone = Changes(table)
        gone.remove(ONE)
        bench.any_store.write([gone], {}, NOW_MS)
        assert bench.rows(table, "record_id") == [(OTHER,)]

    def test_rows_and_offsets_are_kept_together(self, bench: StoreBench) -> None:
        table = incidents(bench)
        bench.write(table, {"record_id": ONE})
        bench.again()
        bench.prepare()
        assert bench.any_store.offsets() == {(table.topic.name, 0): 1}
        assert bench.count(table) == 1

    def test_a_batch_that_fails_changes_nothing(self, bench: StoreBench) -> None:
        table = incidents(bench)
        bench.write(table, {"record_id": ONE, "incident_type": "one"})
        wrong = Changes(table)
        wrong.put(ONE, full(table, {"record_id": ONE, "incident_date": "no date"}), NOW_MS)
        with pytest.raises(Exception, match=r"str|date"):
            bench.any_store.write([wrong], {(table.topic.name, 0): 9}, NOW_MS)
        assert bench.rows(table, "incident_type") == [("one",)]
        assert bench.any_store.offsets() == {(table.topic.name, 0): 1}

    def test_a_row_is_deleted_when_its_retention_has_passed(self, bench: StoreBench) -> None:
        table = incidents(bench)
        bench.write(table, {"record_id": ONE})
        bench.write(table, {"record_id": OTHER}, at_ms=NOW_MS + DAY_MS)
        assert bench.any_store.expire(NOW_MS + table.topic.retention_ms - 1) == 0
        assert bench.any_store.expire(NOW_MS + table.topic.retention_ms) == 1
        assert bench.rows(table, "record_id") == [(OTHER,)]

    def test_a_table_that_the_protocol_has_no_more_is_dropped(self, bench: StoreBench) -> None:
        table = incidents(bench)
        bench.write(table, {"record_id": ONE})
        bench.tables = tuple(each for each in bench.tables if each is not table)
        bench.prepare()
        assert bench.any_store.offsets() == {}
        named = "WHERE table_schema = 'central' AND table_name = 'police_incident'"
        assert bench.query(f"SELECT count(*) FROM information_schema.tables {named}") == [(0,)]

    def test_a_column_that_the_schema_gained_is_added_and_the_rows_stay(
        self, bench: StoreBench
    ) -> None:
        table, now = incidents(bench), bench.tables
        older = without(table, "incident_type")
        bench.tables = (older, *(each for each in now if each is not table))
        bench.prepare()
        bench.write(older, {"record_id": ONE})
        newer, bench.tables = bench.tables, now
        bench.prepare()
        assert bench.rows(table, "record_id, incident_type") == [(ONE, None)]
        bench.tables = newer
        bench.prepare()
        assert bench.rows(table, "record_id") == [(ONE,)]

    @pytest.mark.parametrize("change", ["made again", "silent for too long", "other types"])
    def test_a_table_that_cannot_be_trusted_is_read_again(
        self, bench: StoreBench, change: str
    ) -> None:
        table = incidents(bench)
        bench.write(table, {"record_id": ONE})
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
            schema = {**table.topic.schema, "fields": fields}
            changed = table_of(replace(table.topic, schema=schema))
            tables = tuple(changed if each is table else each for each in tables)
        bench.any_store.prepare(source, tables, now_ms)
        assert bench.count(table) == 0
        assert bench.any_store.offsets() == {}

    def test_a_store_of_another_broker_is_refused(self, bench: StoreBench) -> None:
        with pytest.raises(HubError, match="given: broker other"):
            other = Source("other", "banes", bench.source.topics)
            bench.any_store.prepare(other, bench.tables, NOW_MS)
