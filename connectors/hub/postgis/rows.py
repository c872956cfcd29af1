"""Rows on their way into a table: by binary COPY into a temporary one, and from there in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Final

from psycopg import Cursor, sql

from connectors.hub.changes import Changes
from connectors.hub.postgis.ddl import TYPES, Form
from connectors.hub.tables import Column, HubTable, Kind

_COPIED_AS: Final[dict[Kind, str]] = {
    "text": "text",
    "texts": "text[]",
    "flag": "bool",
    "count": "int4",
    "total": "int8",
    "number": "float8",
    "date": "date",
    "time": "time",
    "instant": "timestamp",
    "facts": "text",
}
"""The types of the binary COPY, which casts nothing."""


class Loader:
    """Brings the changes of one table into it, in the caller's transaction.

    The temporary table is that of the session: one in each transaction would grow the system's tables.
    """

    def __init__(self, table: HubTable, number: int) -> None:
        """Take the table, and a number that no other table of the session has."""
        self._form = Form.of(table)
        self._key = sql.Identifier(table.key)
        self._batch = sql.Identifier("pg_temp", f"batch_{number}")
        self._names = [column.name for column in table.columns]
        self._values = itemgetter(*self._names)
        self._is_made = False

    def apply(self, cursor: Cursor[Any], changes: Changes) -> None:
        """Delete the records that are to go, and store the newest version of the others."""
        gone = [key for key, row in changes.rows.items() if row is None]
        if gone:
            delete = sql.SQL("DELETE FROM {} WHERE {} = ANY(%s)")
            cursor.execute(delete.format(self._form.identifier, self._key), (gone,))
        if len(gone) < len(changes.rows):
            self._make(cursor)
            rows = (self._values(row) for row in changes.rows.values() if row is not None)
            copy_rows(cursor, self._batch, self._form.columns, rows)
            cursor.execute(self._upsert)

    def _make(self, cursor: Cursor[Any]) -> None:
        if not self._is_made:
            make_batch(cursor, self._batch, self._form.columns, "DELETE ROWS")
            self._is_made = True

    @property
    def _upsert(self) -> sql.Composed:
        newer = sql.SQL(", ").join(
            sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name))
            for name in self._names
            if name != self._form.key
        )
        # In the order of the key: its index is then written page by page.
        form = sql.SQL("{} ORDER BY {} ON CONFLICT ({}) DO UPDATE SET {}")
        return form.format(moved(self._batch, self._form), self._key, self._key, newer)


def make_batch(
    cursor: Cursor[Any], batch: sql.Identifier, columns: Sequence[Column], at_commit: str
) -> None:
    """Make the temporary table for rows on their way; at the commit it has `DELETE ROWS` or `DROP`."""
    made = (
        sql.SQL("{} {}").format(sql.Identifier(each.name), sql.SQL(_COPIED_AS[each.kind]))
        for each in columns
    )
    cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(batch))
    make = sql.SQL("CREATE TABLE {} ({}) ON COMMIT {}")
    cursor.execute(make.format(batch, sql.SQL(", ").join(made), sql.SQL(at_commit)))


def copy_rows(
    cursor: Cursor[Any],
    into: sql.Identifier,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Copy rows into a table that has these columns, in this order."""
    with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(into)) as copy:
        copy.set_types([_COPIED_AS[column.kind] for column in columns])
        for row in rows:
            copy.write_row(row)


def moved(batch: sql.Identifier, form: Form) -> sql.Composed:
    """Return the statement that inserts all rows of a batch into their table."""
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in form.columns)
    insert = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}")
    return insert.format(
        form.identifier, names, sql.SQL(", ").join(map(_stored, form.columns)), batch
    )


def _stored(column: Column) -> sql.Composed:
    """Return the expression for a column of a batch as its table has it."""
    name = sql.Identifier(column.name)
    if TYPES[column.kind] == "jsonb":
        return sql.SQL("{}::jsonb").format(name)
    return sql.Composed([name])
