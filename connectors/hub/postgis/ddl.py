"""The SQL that makes a table of the hub, and brings an earlier one to the columns that it has now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from psycopg import sql

from connectors.hub.errors import HubError
from connectors.hub.source import ColumnChanges
from connectors.hub.tables import EPSG, RELEASED_AT, Column, HubTable, Kind, Point

TYPES: Final[dict[Kind, str]] = {
    "text": "text",
    "texts": "text[]",
    "flag": "boolean",
    "count": "integer",
    "total": "bigint",
    "number": "double precision",
    "date": "date",
    "time": "time without time zone",
    "instant": "timestamp without time zone",
    "facts": "jsonb",
}
"""The type of a column, as PostgreSQL itself writes it."""

POINT: Final = f"geometry(Point,{EPSG})"
COLUMNS_OF: Final = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped
"""
"""The query for name and type of each column of a table, given its schema and name."""
_LONGEST_NAME: Final = 63


class Form(NamedTuple):
    """A table as the database is to have it. Without a `key` it has no primary key."""

    schema: str
    name: str
    doc: str
    columns: tuple[Column, ...]
    points: tuple[Point, ...]
    key: str | None = None

    @classmethod
    def of(cls, table: HubTable) -> Form:
        """Return the form of a table of a topic."""
        return cls(table.schema, table.name, table.doc, table.columns, table.points, table.key)

    @property
    def identifier(self) -> sql.Identifier:
        """Return the name of the table, with its schema.

        Raises:
            HubError: PostgreSQL would shorten it, and could take it for another one.
        """
        for name in (self.schema, self.name):
            if len(name.encode()) > _LONGEST_NAME:
                raise HubError(
                    f"{name}: the name has {len(name.encode())} bytes; accepted: {_LONGEST_NAME}"
                )
        return sql.Identifier(self.schema, self.name)

    @property
    def types(self) -> dict[str, str]:
        """Return the type of each column by its name, as PostgreSQL writes it."""
        columns = {column.name: TYPES[column.kind] for column in self.columns}
        return columns | {point.name: POINT for point in self.points}


def changed(form: Form, known: Mapping[str, str]) -> Iterator[sql.Composed]:
    """Yield the statements that bring a table to its form; `known` are the types of its columns, if any.

    Rows of a table with a column of another type are deleted: they are read again. Grants stay.
    """
    if not known:
        yield from _created(form)
        return
    changes = ColumnChanges.between(known, form.types)
    if changes.retyped:
        yield emptied(form)
    yield from _altered(form, {*changes.retyped, *changes.dropped}, known)


def emptied(form: Form) -> sql.Composed:
    """Return the statement that deletes all rows at once. Grants and views stay."""
    return sql.SQL("TRUNCATE {}").format(form.identifier)


def dropped(schema: str, name: str) -> sql.Composed:
    """Return the statement that drops a table, with the views of others that show it."""
    return sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(sql.Identifier(schema, name))


def comments(form: Form) -> sql.Composed:
    """Return the statements that explain a table and its columns, as one."""
    of_table = sql.SQL("COMMENT ON TABLE {} IS {}").format(form.identifier, sql.Literal(form.doc))
    of_column = sql.SQL("COMMENT ON COLUMN {} IS {}")
    of_columns = (
        of_column.format(sql.Identifier(form.schema, form.name, each.name), sql.Literal(each.doc))
        for each in form.columns
    )
    return sql.SQL("; ").join([of_table, *of_columns])


def _created(form: Form) -> Iterator[sql.Composed]:
    yield sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(form.schema))
    parts = [_column(form, name) for name in form.types]
    if form.key is not None:
        parts.append(sql.SQL("PRIMARY KEY ({})").format(sql.Identifier(form.key)))
    yield sql.SQL("CREATE TABLE {} ({})").format(form.identifier, sql.SQL(", ").join(parts))
    if RELEASED_AT in form.types:
        # Rows come in the order of their release, so a few blocks tell which have expired.
        index = sql.SQL("CREATE INDEX ON {} USING brin ({}) WITH (autosummarize = on)")
        yield index.format(form.identifier, sql.Identifier(RELEASED_AT))
    yield from (_point_index(form, point.name) for point in form.points)


def _altered(form: Form, going: set[str], known: Mapping[str, str]) -> Iterator[sql.Composed]:
    # The database drops a point with its coordinates.
    going |= {p.name for p in form.points if going & {p.easting, p.northing}}
    drop = sql.SQL("ALTER TABLE {} DROP COLUMN IF EXISTS {} CASCADE")
    for name in sorted(going):
        yield drop.format(form.identifier, sql.Identifier(name))
    coming = [name for name in form.types if name not in known or name in going]
    add = sql.SQL("ALTER TABLE {} ADD COLUMN {}")
    for name in coming:
        yield add.format(form.identifier, _column(form, name))
    points = {point.name for point in form.points}
    yield from (_point_index(form, name) for name in coming if name in points)


def _column(form: Form, name: str) -> sql.Composed:
    """Return a column for a statement. The database computes a point from its coordinates."""
    typed = sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(form.types[name]))
    if name == form.key:
        # Of digests nobody needs the order of a language, which takes longer to compare.
        return typed + sql.SQL(' COLLATE "C"')
    point = next((each for each in form.points if each.name == name), None)
    if point is None:
        return typed
    of_point = sql.SQL("{} GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint({}, {}), {})) STORED")
    easting, northing = sql.Identifier(point.easting), sql.Identifier(point.northing)
    return of_point.format(typed, easting, northing, sql.Literal(EPSG))


def _point_index(form: Form, name: str) -> sql.Composed:
    index = sql.SQL("CREATE INDEX ON {} USING gist ({})")
    return index.format(form.identifier, sql.Identifier(name))
