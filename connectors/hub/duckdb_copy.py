"""Copies of tables of the embedded hub, in files of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from connectors.hub.changes import instant
from connectors.hub.copies import Rows
from connectors.hub.duckdb_types import comments, quoted, text
from connectors.hub.spatial import FILE_FORMAT
from connectors.hub.supplied import ABOUT
from connectors.hub.tables import RELEASED_AT, AnyTable, HubTable, SourceTable


class DuckDbCopier:
    """Copies tables to files. It has a connection of its own, so that the sink goes on meanwhile."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        """Take a connection to the hub's file, after `DuckDbStore.prepare`."""
        self._database = database

    def copy(self, file: Path, tables: Sequence[AnyTable], now_ms: int) -> Rows:
        """Write a file with the rows of some tables as they are at one moment; return their numbers.

        Rows whose retention has passed at `now_ms` (UTC, since 1970) are left out. A source that has supplied
        no table yet has none in the copy.
        """
        for left in (file, file.with_name(f"{file.name}.wal")):
            left.unlink(missing_ok=True)
        self._database.execute(
            f"ATTACH {text(str(file))} AS copy (STORAGE_VERSION '{FILE_FORMAT}')"
        )
        try:
            self._database.begin()
            rows = {table.topic.name: self._copied(table, now_ms) for table in tables}
            self._database.commit()
        except BaseException:
            self._database.rollback()
            raise
        finally:
            self._database.execute("DETACH copy")
        return rows

    def _copied(self, table: AnyTable, now_ms: int) -> dict[str, int]:
        """Copy a table; return the number of its rows by supplier."""
        agency = table.topic.agency
        if isinstance(table, SourceTable):
            return {str(agency): rows for rows in self._copied_whole(table)}
        until = instant(now_ms - table.topic.retention_ms)
        rows = self._copied_as(table.schema, table.name, f"WHERE {RELEASED_AT} > ?", [until])
        self._comment(table)
        return {agency: rows} if agency is not None else self._by_supplier(table)

    def _by_supplier(self, table: HubTable) -> dict[str, int]:
        copied = f"copy.{quoted(table.schema, table.name)}"
        found = self._database.execute(f"SELECT source_agency, count(*) FROM {copied} GROUP BY ALL")
        return {str(agency): int(rows) for agency, rows in found.fetchall()}

    def _copied_whole(self, table: SourceTable) -> Iterator[int]:
        """Yield the number of rows of a source's table; none if there is no table."""
        for name in (table.name, f"{table.name}{ABOUT}"):
            found = self._database.execute(
                "SELECT comment FROM duckdb_tables() WHERE (schema_name, table_name) = (?, ?) "
                "AND database_name = current_database()",
                [table.schema, name],
            ).fetchone()
            if found is None:
                return
            rows = self._copied_as(table.schema, name, "", [])
            self._comment_as(table.schema, name, found[0])
            if name == table.name:
                yield rows

    def _copied_as(self, schema: str, name: str, condition: str, values: list[object]) -> int:
        self._database.execute(f'CREATE SCHEMA IF NOT EXISTS copy."{schema}"')
        own = quoted(schema, name)
        found = self._database.execute(
            f"CREATE TABLE copy.{own} AS SELECT * FROM {own} {condition}", values
        ).fetchone()
        assert found is not None
        return int(found[0])

    def _comment(self, table: HubTable) -> None:
        name = f"copy.{quoted(table.schema, table.name)}"
        for statement in comments(name, table.doc, table.columns):
            self._database.execute(statement)

    def _comment_as(self, schema: str, name: str, doc: str) -> None:
        own = f"copy.{quoted(schema, name)}"
        self._database.execute(f"COMMENT ON TABLE {own} IS {text(doc)}")
        found = self._database.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE (schema_name, table_name) = (?, ?) "
            "AND database_name = current_database() AND comment IS NOT NULL",
            [schema, name],
        )
        for column, of in found.fetchall():
            self._database.execute(f'COMMENT ON COLUMN {own}."{column}" IS {text(of)}')
