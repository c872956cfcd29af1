"""The embedded hub: a DuckDB file with a table for each dataset and profile.

A batch of changes and the offsets of its messages are one transaction. So each message counts once, also if
the process is killed. One process has the file; DuckDB lets no other open it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from connectors.hub.changes import Changes, instant
from connectors.hub.duckdb_copy import DuckDbCopier
from connectors.hub.duckdb_sources import DuckDbSources
from connectors.hub.duckdb_types import arrow, comments, quoted, typed, with_points
from connectors.hub.errors import HubError
from connectors.hub.source import ColumnChanges, Source, Stored, trusted
from connectors.hub.spatial import FILE_FORMAT, SETTINGS, spatial_extension
from connectors.hub.tables import OWN_SCHEMA, RELEASED_AT, SOURCES, HubTable
from transport.assigned_reader import Places

_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    **SETTINGS,
    "storage_compatibility_version": FILE_FORMAT,
    # A checkpoint with every batch would cost more than the batch.
    "checkpoint_threshold": "256MB",
}
_OWN_TABLES: Final = f"""
    CREATE SCHEMA IF NOT EXISTS {OWN_SCHEMA};
    CREATE TABLE IF NOT EXISTS {OWN_SCHEMA}.source (
        cluster VARCHAR NOT NULL, prefix VARCHAR NOT NULL, current_at TIMESTAMP NOT NULL
    );
    CREATE TABLE IF NOT EXISTS {OWN_SCHEMA}.topics (topic VARCHAR PRIMARY KEY, topic_id VARCHAR NOT NULL);
    CREATE TABLE IF NOT EXISTS {OWN_SCHEMA}.offsets (
        topic VARCHAR NOT NULL, topic_partition INTEGER NOT NULL, next_offset BIGINT NOT NULL,
        PRIMARY KEY (topic, topic_partition)
    );
"""


class DuckDbStore:
    """The file of an embedded hub; a context manager. Not safe for use by several threads."""

    def __init__(self, file: Path) -> None:
        """Open a file, or create it, for its owner alone.

        Raises:
            HubError: another process has the file, or it is no DuckDB file of this version.
        """
        self._file = file
        self._tables: dict[str, HubTable] = {}
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._database = _opened(file)

    def __enter__(self) -> DuckDbStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. What was written is in it."""
        self._database.close()

    def prepare(self, source: Source, tables: Sequence[HubTable], now_ms: int) -> None:
        """Create the tables of a partnership as its protocol has them now, at `now_ms` (UTC, since 1970).

        Columns that a schema has gained are added, and those that it has lost are dropped. A table that the
        protocol has no more is dropped. A table is emptied, and read again from its topic, if the type of a
        column changed, if its topic was made again, or if the store was not current for so long that the
        topic may have forgotten which records were taken back.

        Raises:
            HubError: the file has records of another broker or partnership.
        """
        self._tables = {table.topic.name: table for table in tables}
        with self._transaction():
            self._run(_OWN_TABLES)
            silent_ms = self._silence(source, now_ms)
            known = dict(self._run(f"SELECT topic, topic_id FROM {OWN_SCHEMA}.topics").fetchall())
            stay = trusted(tables, source, known, silent_ms)
            kept = {(table.schema, table.name) for table in tables if table.topic.name in stay}
            for schema, name in self._listed() - kept:
                self._drop(schema, name)
            for table in tables:
                self._create(table)
            self._forget_offsets()
            self._keep_topics(source)

    def offsets(self) -> Places:
        """Return the next offset to read, by topic and partition; a partition not read yet is absent."""
        rows = self._run(f"SELECT topic, topic_partition, next_offset FROM {OWN_SCHEMA}.offsets")
        return {(topic, partition): offset for topic, partition, offset in rows.fetchall()}

    def write(self, changes: Iterable[Changes], reached: Places, current_ms: int | None) -> None:
        """Apply changes and keep the offsets that were reached, in one transaction.

        The store is current at `current_ms` (UTC, since 1970): it has all that the topics have then. None if
        it is still behind.
        """
        with self._transaction():
            if current_ms is not None:
                self._run(f"UPDATE {OWN_SCHEMA}.source SET current_at = ?", instant(current_ms))
            for each in changes:
                self._apply(each)
            for place, offset in reached.items():
                self._run(
                    f"INSERT OR REPLACE INTO {OWN_SCHEMA}.offsets VALUES (?, ?, ?)", *place, offset
                )

    def expire(self, now_ms: int) -> int:
        """Delete the rows whose retention has passed at `now_ms` (UTC, since 1970); return their number."""
        with self._transaction():
            return sum(self._expired(table, now_ms) for table in self._tables.values())

    def count(self, table: HubTable) -> int:
        """Return the number of rows of a table."""
        found = self._run(f"SELECT count(*) FROM {_quoted(table)}").fetchone()
        assert found is not None
        return int(found[0])

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a statement of DuckDB's SQL."""
        return self._run(statement, *values).fetchall()

    def sources(self) -> DuckDbSources:
        """Return the store of the tables that need no processing, for another thread."""
        return DuckDbSources(self.beside())

    def copier(self) -> DuckDbCopier:
        """Return what copies tables for the parties, for another thread."""
        return DuckDbCopier(self.beside())

    def beside(self) -> duckdb.DuckDBPyConnection:
        """Return one more connection to the file, for another thread."""
        return self._database.cursor()

    def _expired(self, table: HubTable, now_ms: int) -> int:
        until = instant(now_ms - table.topic.retention_ms)
        condition = f"FROM {_quoted(table)} WHERE {RELEASED_AT} <= ?"
        # Most of the time there are none. A count writes nothing.
        found = self._run(f"SELECT count(*) {condition}", until).fetchone()
        if found is None or not found[0]:
            return 0
        self._run(f"DELETE {condition}", until)
        return int(found[0])

    def _apply(self, changes: Changes) -> None:
        table, key = _quoted(changes.table), changes.table.key
        changed = pa.table({key: pa.array(changes.rows, pa.string())})
        self._database.register("changed", changed)
        self._run(f"DELETE FROM {table} USING changed WHERE {table}.{key} = changed.{key}")
        self._database.register("present", arrow(changes.table.columns, changes.columns()))
        points = with_points(changes.table.points)
        self._run(f"INSERT INTO {table} BY NAME SELECT {points} FROM present")
        for name in ("changed", "present"):
            self._database.unregister(name)

    # Tables

    def _silence(self, source: Source, now_ms: int) -> float:
        """Return the milliseconds since the store was current; 0 if it is new."""
        row = self._run(f"SELECT cluster, prefix, current_at FROM {OWN_SCHEMA}.source").fetchone()
        if row is None:
            values = source.cluster, source.prefix, instant(now_ms)
            self._run(f"INSERT INTO {OWN_SCHEMA}.source VALUES (?, ?, ?)", *values)
            return 0
        remedy = "use another file, or delete this one: its records are read again"
        return Stored(*row).silence_ms(source, now_ms, str(self._file), remedy)

    def _keep_topics(self, source: Source) -> None:
        self._run(f"DELETE FROM {OWN_SCHEMA}.topics")
        for topic in self._tables:
            values = topic, source.topics[topic]
            self._run(f"INSERT INTO {OWN_SCHEMA}.topics VALUES (?, ?)", *values)

    def _listed(self) -> set[tuple[str, str]]:
        rows = self._run(
            "SELECT schema_name, table_name FROM duckdb_tables() "
            "WHERE NOT internal AND database_name = current_database()"
        ).fetchall()
        return {(schema, name) for schema, name in rows if schema not in {OWN_SCHEMA, SOURCES}}

    def _create(self, table: HubTable) -> None:
        wanted = dict(typed(table.columns, table.points))
        known = self._columns(table)
        if ColumnChanges.between(known, wanted).retyped:
            self._drop(table.schema, table.name)
            known = {}
        if not known:
            self._run(f'CREATE SCHEMA IF NOT EXISTS "{table.schema}"')
            columns = ", ".join(f'"{name}" {of}' for name, of in wanted.items())
            self._run(f"CREATE TABLE {_quoted(table)} ({columns})")
            known = wanted
        changes = ColumnChanges.between(known, wanted)
        for name in changes.added:
            self._run(f'ALTER TABLE {_quoted(table)} ADD COLUMN "{name}" {wanted[name]}')
        for name in changes.dropped:
            self._run(f'ALTER TABLE {_quoted(table)} DROP COLUMN "{name}"')
        for statement in comments(_quoted(table), table.doc, table.columns):
            self._run(statement)

    def _columns(self, table: HubTable) -> dict[str, str]:
        rows = self._run(
            "SELECT column_name, data_type FROM duckdb_columns() "
            "WHERE schema_name = ? AND table_name = ? AND database_name = current_database()",
            table.schema,
            table.name,
        )
        return dict(rows.fetchall())

    def _drop(self, schema: str, name: str) -> None:
        self._run(f"DROP TABLE {quoted(schema, name)}")

    def _forget_offsets(self) -> None:
        """Have the topics read from their beginnings whose tables are gone or new."""
        known = [topic for topic, table in self._tables.items() if self.count(table)]
        self._run(
            f"DELETE FROM {OWN_SCHEMA}.offsets WHERE NOT list_contains(?::VARCHAR[], topic)", known
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.begin()
        try:
            yield
        except BaseException:
            self._database.rollback()
            raise
        self._database.commit()

    def _run(self, statement: str, *values: Any) -> duckdb.DuckDBPyConnection:
        return self._database.execute(statement, list(values) or None)


def _opened(file: Path) -> duckdb.DuckDBPyConnection:
    # All files that the process writes from now on are its owner's alone: DuckDB makes more, at any time.
    os.umask(0o077)
    try:
        database = duckdb.connect(str(file), config=_SETTINGS)
        database.load_extension(str(spatial_extension()))
    except duckdb.Error as error:
        raise HubError(_not_opened(file, error)) from None
    return database


def _not_opened(file: Path, error: duckdb.Error) -> str:
    if "lock" in str(error).lower():
        return f"{file}: another process has it; accepted: one sink for each file"
    return f"{file}: cannot be opened as a DuckDB file: {type(error).__name__}; delete it: it is read again"


def _quoted(table: HubTable) -> str:
    return quoted(table.schema, table.name)
