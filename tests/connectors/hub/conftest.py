"""A store with the tables of the first example protocol."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.hub.changes import Changes
from connectors.hub.duckdb_store import DuckDbStore, Source
from connectors.hub.tables import HubTable, tables_of
from isp.agreement.protocol import Protocol
from isp.agreement.topics import topics
from schemas.catalogue import Catalogue

NOW_MS = 1_793_000_000_000
PLACE = {"location_easting": 375_000, "location_northing": 165_000}


@dataclass
class Bench:
    """A store, and what it is made from."""

    file: Path
    tables: tuple[HubTable, ...]
    store: DuckDbStore

    @property
    def source(self) -> Source:
        """The broker that the tables are read from."""
        ids = {table.topic.name: f"id-{table.topic.name}" for table in self.tables}
        return Source("cluster", "banes", ids)

    def table(self, profile: str, dataset: str) -> HubTable:
        """Return the table of a dataset in a profile."""
        wanted = profile, dataset
        return next(t for t in self.tables if (t.topic.profile, t.topic.dataset) == wanted)

    def write(self, table: HubTable, *records: dict[str, Any], at_ms: int = NOW_MS) -> None:
        """Write records as one batch, whose last offset is their number."""
        changes = Changes(table)
        for record in records:
            changes.put(record["record_id"], full(table, record), at_ms)
        self.store.write([changes], {(table.topic.name, 0): len(records)}, at_ms)

    def rows(self, table: HubTable, columns: str) -> list[tuple[Any, ...]]:
        """Return some columns of a table, by record id."""
        query = f"SELECT {columns} FROM {table.schema}.{table.name} ORDER BY record_id"
        return self.store.query(query)

    def again(self) -> None:
        """Close the store, as if the process ended, and open it again."""
        self.store.close()
        self.store = DuckDbStore(self.file)


def full(table: HubTable, record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as it is decoded: each field of the schema has a value, or None."""
    empty: dict[str, Any] = {
        f["name"]: [] if f["name"] == "caveats" else None for f in table.topic.schema["fields"]
    }
    return empty | {"source_agency": "police"} | record


@pytest.fixture
def bench(protocol: Protocol, catalogue: Catalogue, tmp_path: Path) -> Iterator[Bench]:
    file = tmp_path / "hub" / "hub.duckdb"
    made = Bench(file, tables_of(topics(protocol, catalogue)), DuckDbStore(file))
    made.store.prepare(made.source, made.tables, NOW_MS)
    yield made
    made.store.close()
