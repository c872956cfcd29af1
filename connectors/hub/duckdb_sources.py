"""The tables that need no processing, in the embedded hub's file: each is replaced as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from connectors.hub.duckdb_types import arrow, comments, quoted, typed, with_points
from connectors.hub.errors import HubError
from connectors.hub.supplied import Part, Supplied
from connectors.hub.tables import OWN_SCHEMA, SOURCES

_OWN_TABLES = f"""
    CREATE TABLE IF NOT EXISTS {OWN_SCHEMA}.supplied (
        source VARCHAR NOT NULL, digest VARCHAR NOT NULL, table_name VARCHAR NOT NULL
    );
    CREATE SCHEMA IF NOT EXISTS "{SOURCES}";
"""


class DuckDbSources:
    """The tables of sources. It has a connection of its own, so that a thread of its own can use it."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        """Take a connection to the hub's file, after `DuckDbStore.prepare`."""
        self._database = database
        database.execute(_OWN_TABLES)

    def digests(self) -> Mapping[str, str]:
        """Return the digest of each table that is stored, by source."""
        found = self._database.execute(f"SELECT DISTINCT source, digest FROM {OWN_SCHEMA}.supplied")
        return dict(found.fetchall())

    def replace(self, table: Supplied) -> None:
        """Store a table and its metadata instead of the earlier ones of its source, at once.

        Raises:
            HubError: DuckDB refuses the table; the earlier one stays.
        """
        try:
            with self._transaction():
                self._store(table)
        except duckdb.Error as error:
            # DuckDB's own text can quote what is in the table.
            raise HubError(f"{table.place.source}: not stored: {type(error).__name__}") from None

    def withdraw(self, source: str) -> None:
        """Delete the table of a source and its metadata, at once."""
        with self._transaction():
            self._drop(source)

    def _store(self, table: Supplied) -> None:
        self._drop(table.place.source)
        for part in table.parts:
            self._create(part)
            values = [table.place.source, table.digest, part.name]
            self._database.execute(f"INSERT INTO {OWN_SCHEMA}.supplied VALUES (?, ?, ?)", values)

    def _create(self, part: Part) -> None:
        name = quoted(SOURCES, part.name)
        columns = ", ".join(f'"{n}" {of}' for n, of in typed(part.columns, part.points))
        self._database.execute(f"CREATE TABLE {name} ({columns})")
        self._database.register("supplied_rows", arrow(part.columns, part.values))
        self._database.execute(
            f"INSERT INTO {name} BY NAME SELECT {with_points(part.points)} FROM supplied_rows"
        )
        self._database.unregister("supplied_rows")
        for statement in comments(name, part.doc, part.columns):
            self._database.execute(statement)

    def _drop(self, source: str) -> None:
        of_source = f"FROM {OWN_SCHEMA}.supplied WHERE source = ?"
        for (name,) in self._database.execute(
            f"SELECT table_name {of_source}", [source]
        ).fetchall():
            self._database.execute(f"DROP TABLE IF EXISTS {quoted(SOURCES, name)}")
        self._database.execute(f"DELETE {of_source}", [source])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.begin()
        try:
            yield
        except BaseException:
            self._database.rollback()
            raise
        self._database.commit()
