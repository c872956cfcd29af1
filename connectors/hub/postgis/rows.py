"""The rows of changes on their way into a table: by binary COPY into a temporary one, and on at once."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Final

from psycopg import Cursor, sql

from connectors.hub.changes import Changes
from connectors.hub.postgis import ddl
from connectors.hub.tables import RECORD_ID, HubTable, Kind

_COPIED_AS: Final[dict[Kind, str]] = {
    "text": "text",
    "texts": "text[]",
    "flag": "bool",
    "count": "int4",
    "number": "float8",
    "date": "date",
    "time": "time",
    "instant": "timestamp",
}
"""The types of the binary COPY, which casts nothing."""


class Loader:
    """Brings the changes of one table into it, in the caller's transaction.

    The temporary table is that of the session: one in each transaction would grow the system's tables.
    """

    def __init__(self, table: HubTable, number: int) -> None:
        """Take the table, and a number that no other table of the session has."""
        self._table = table
        self._names = [column.name for column in table.columns]
        self._batch = sql.Identifier("pg_temp", f"batch_{number}")
        self._is_made = False

    def apply(self, cursor: Cursor[Any], changes: Changes) -> None:
        """Delete the records that are to go, and store the newest version of the others."""
        gone = [record_id for record_id, row in changes.rows.items() if row is None]
        if gone:
            delete = sql.SQL("DELETE FROM {} WHERE {} = ANY(%s)")
            cursor.execute(
                delete.format(ddl.named(self._table), sql.Identifier(RECORD_ID)), (gone,)
            )
        if len(gone) < len(changes.rows):
            self._make(cursor)
            copy_rows(cursor, changes, self._batch)
            cursor.execute(self._upsert)

    def _make(self, cursor: Cursor[Any]) -> None:
        if self._is_made:
            return
        columns = sql.SQL(", ").join(
            ddl.column(each.name, ddl.TYPES[each.kind]) for each in self._table.columns
        )
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(self._batch))
        make = sql.SQL("CREATE TABLE {} ({}) ON COMMIT DELETE ROWS")
        cursor.execute(make.format(self._batch, columns))
        self._is_made = True

    @property
    def _upsert(self) -> sql.Composed:
        columns = sql.SQL(", ").join(map(sql.Identifier, self._names))
        newer = sql.SQL(", ").join(
            sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name))
            for name in self._names
            if name != RECORD_ID
        )
        # In the order of the key: its index is then written page by page.
        form = sql.SQL(
            "INSERT INTO {} ({}) SELECT {} FROM {} ORDER BY {} ON CONFLICT ({}) DO UPDATE SET {}"
        )
        key = sql.Identifier(RECORD_ID)
        return form.format(ddl.named(self._table), columns, columns, self._batch, key, key, newer)


def copy_rows(cursor: Cursor[Any], changes: Changes, into: sql.Identifier) -> None:
    """Copy the rows of changes into a table that has their columns, in their order."""
    columns = changes.table.columns
    values = itemgetter(*(column.name for column in columns))
    with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(into)) as copy:
        copy.set_types([_COPIED_AS[column.kind] for column in columns])
        for row in changes.rows.values():
            if row is not None:
                copy.write_row(values(row))
