"""A store of the hub with the tables of the first example protocol, and records to write."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from connectors.hub.changes import Changes
from connectors.hub.source import Source
from connectors.hub.tables import HubTable
from ops.hub import HubStore

NOW_MS = 1_793_000_000_000
DAY_MS = 86_400_000
PLACE = {"location_easting": 375_000, "location_northing": 165_000}


class StoreBench(ABC):
    """A store of any kind, and what it is made from."""

    tables: tuple[HubTable, ...]

    @property
    @abstractmethod
    def any_store(self) -> HubStore:
        """The store."""

    @abstractmethod
    def again(self) -> None:
        """Close the store, as if the process ended, and open it again."""

    @abstractmethod
    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement of the store's SQL."""

    @property
    def source(self) -> Source:
        """The broker that the tables are read from."""
        ids = {table.topic.name: f"id-{table.topic.name}" for table in self.tables}
        return Source("cluster", "banes", ids)

    def prepare(self, now_ms: int = NOW_MS) -> None:
        """Prepare the store for the tables."""
        self.any_store.prepare(self.source, self.tables, now_ms)

    def table(self, profile: str, dataset: str) -> HubTable:
        """Return the table of a dataset in a profile."""
        wanted = profile, dataset
        return next(t for t in self.tables if (t.topic.profile, t.topic.dataset) == wanted)

    def write(self, table: HubTable, *records: dict[str, Any], at_ms: int = NOW_MS) -> None:
        """Write records as one batch, whose last offset is their number."""
        changes = Changes(table)
        for record in records:
            changes.put(record["record_id"], full(table, record), at_ms)
        self.any_store.write([changes], {(table.topic.name, 0): len(records)}, at_ms)

    def rows(self, table: HubTable, columns: str) -> list[tuple[Any, ...]]:
        """Return some columns of a table, by record id."""
        return self.query(f"SELECT {columns} FROM {table.schema}.{table.name} ORDER BY record_id")

    def count(self, table: HubTable) -> int:
        """Return the number of rows of a table."""
        return int(self.query(f"SELECT count(*) FROM {table.schema}.{table.name}")[0][0])


def full(table: HubTable, record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as it is decoded: each field of the schema has a value, or None."""
    empty: dict[str, Any] = {
        f["name"]: [] if f["name"] == "caveats" else None for f in table.topic.schema["fields"]
    }
    return empty | {"source_agency": "police"} | record
