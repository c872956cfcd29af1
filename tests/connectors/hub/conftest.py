"""A DuckDB store with the tables of the first example protocol."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.hub.duckdb_store import DuckDbStore
from connectors.hub.tables import HubTable, tables_of
from isp.agreement.protocol import Protocol
from isp.agreement.topics import topics
from schemas.catalogue import Catalogue
from tests.connectors.hub.store_bench import DAY_MS, NOW_MS, PLACE, StoreBench, full

__all__ = ["DAY_MS", "NOW_MS", "PLACE", "Bench", "bench", "full"]


@dataclass
class Bench(StoreBench):
    """A DuckDB store, and what it is made from."""

    file: Path
    tables: tuple[HubTable, ...]
    store: DuckDbStore

    @property
    def any_store(self) -> DuckDbStore:
        """The store."""
        return self.store

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        return self.store.query(statement)

    def again(self) -> None:
        """Close the store, as if the process ended, and open it again."""
        self.store.close()
        self.store = DuckDbStore(self.file)


@pytest.fixture
def bench(protocol: Protocol, catalogue: Catalogue, tmp_path: Path) -> Iterator[Bench]:
    file = tmp_path / "hub" / "hub.duckdb"
    made = Bench(file, tables_of(topics(protocol, catalogue)), DuckDbStore(file))
    made.prepare()
    yield made
    made.store.close()
