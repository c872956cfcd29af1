"""The preparation of a database before a sink stores: it gets the tables of the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg import Cursor, sql

from connectors.hub.changes import instant
from connectors.hub.errors import HubError
from connectors.hub.postgis import ddl
from connectors.hub.postgis.ddl import Form
from connectors.hub.postgis.migrations import migrate
from connectors.hub.source import Source, Stored, trusted
from connectors.hub.tables import HubTable


class _Known(NamedTuple):
    """The entry of a topic in the database: its id at that time, and its table."""

    topic_id: str
    schema: str
    name: str


class Preparation:
    """Brings a database to the tables of a protocol, in the caller's transaction."""

    def __init__(
        self, cursor: Cursor[Any], store: str, source: Source, tables: Sequence[HubTable]
    ) -> None:
        """Take the name of the database for messages, and what it is to have."""
        self._cursor = cursor
        self._store = store
        self._source = source
        self._tables = tables

    def run(self, now_ms: int) -> int:
        """Prepare the database at `now_ms` (UTC, since 1970); return the number of the sink that may store.

        Raises:
            HubError: the database has records of another broker or partnership, or a table of somebody else
                with the name of one of the hub's.
        """
        migrate(self._cursor, self._store)
        silent_ms = self._silence_ms(now_ms)
        known = self._known()
        ids = {topic: each.topic_id for topic, each in known.items()}
        trusted_topics = trusted(self._tables, self._source, ids, silent_ms)
        names = {(each.schema, each.name) for each in known.values()}
        self._drop_former(names)
        for table in self._tables:
            self._bring_up_to_date(
                table,
                is_own=(table.schema, table.name) in names,
                is_trusted=table.topic.name in trusted_topics,
            )
        self._forget_offsets()
        self._keep_topics()
        return self._next_epoch()

    def _silence_ms(self, now_ms: int) -> float:
        """Return the milliseconds since the store was current; 0 if it is new."""
        stored = "SELECT cluster, prefix, current_at FROM ipu.source"
        row = self._cursor.execute(stored).fetchone()
        if row is None:
            values = self._source.cluster, self._source.prefix, instant(now_ms)
            add = "INSERT INTO ipu.source (cluster, prefix, current_at) VALUES (%s, %s, %s)"
            self._cursor.execute(add, values)
            return 0
        remedy = "use another database: its records are read again"
        return Stored(*row).silence_ms(self._source, now_ms, self._store, remedy)

    def _known(self) -> dict[str, _Known]:
        rows = self._cursor.execute(
            "SELECT topic, topic_id, schema_name, table_name FROM ipu.topics"
        )
        return {topic: _Known(*rest) for topic, *rest in rows.fetchall()}

    def _drop_former(self, names: set[tuple[str, str]]) -> None:
        for schema, name in names - {(table.schema, table.name) for table in self._tables}:
            self._cursor.execute(ddl.dropped(schema, name))

    def _bring_up_to_date(self, table: HubTable, *, is_own: bool, is_trusted: bool) -> None:
        form = Form.of(table)
        known = dict(self._cursor.execute(ddl.COLUMNS_OF, (table.schema, table.name)).fetchall())
        if known and not is_own:
            raise HubError(
                f"{self._store}: has a table {table.schema}.{table.name} that is not the hub's; rename it, "
                "or use another database"
            )
        for statement in ddl.changed(form, known):
            self._cursor.execute(statement)
        if known and not is_trusted:
            self._cursor.execute(ddl.emptied(form))
        self._cursor.execute(ddl.comments(form))

    def _forget_offsets(self) -> None:
        """Have the topics read from their beginnings whose tables are emptied or new."""
        filled = [table.topic.name for table in self._tables if self._has_rows(table)]
        self._cursor.execute("DELETE FROM ipu.offsets WHERE topic <> ALL(%s)", (filled,))

    def _has_rows(self, table: HubTable) -> bool:
        query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(Form.of(table).identifier)
        return self._cursor.execute(query).fetchone() == (True,)

    def _keep_topics(self) -> None:
        self._cursor.execute("DELETE FROM ipu.topics")
        ids = self._source.topics
        rows = [(t.topic.name, ids[t.topic.name], t.schema, t.name) for t in self._tables]
        self._cursor.executemany("INSERT INTO ipu.topics VALUES (%s, %s, %s, %s)", rows)

    def _next_epoch(self) -> int:
        count = "UPDATE ipu.source SET epoch = epoch + 1 RETURNING epoch"
        found = self._cursor.execute(count).fetchone()
        assert found is not None
        return int(found[0])
