"""The SQL that makes a table of the hub, and brings an earlier one to what its topic has now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from psycopg import sql

from connectors.hub.errors import HubError
from connectors.hub.source import ColumnChanges
from connectors.hub.tables import EPSG, RECORD_ID, RELEASED_AT, HubTable, Kind, Point

TYPES: Final[dict[Kind, str]] = {
    "text": "text",
    "texts": "text[]",
    "flag": "boolean",
    "count": "integer",
    "number": "double precision",
    "date": "date",
    "time": "time without time zone",
    "instant": "timestamp without time zone",
}
"""The type of a column, as PostgreSQL itself writes it."""

POINT: Final = f"geometry(Point,{EPSG})"
_LONGEST_NAME: Final = 63


def named(table: HubTable) -> sql.Identifier:
    """Return the name of a table, with its schema.

    Raises:
        HubError: PostgreSQL would shorten it, and could take it for another one.
    """
    for name in (table.schema, table.name):
        if len(name.encode()) > _LONGEST_NAME:
            raise HubError(
                f"{name}: the name has {len(name.encode())} bytes; accepted: {_LONGEST_NAME}"
            )
    return sql.Identifier(table.schema, table.name)


def column_types(table: HubTable) -> dict[str, str]:
    """Return the type of each column by its name, as PostgreSQL writes it."""
    columns = {column.name: TYPES[column.kind] for column in table.columns}
    return columns | {point.name: POINT for point in table.points}


def changed(table: HubTable, known: Mapping[str, str]) -> Iterator[sql.Composed]:
    """Yield the statements that bring a table to its columns; `known` are the types of those it has, if any.

    Rows of a table with a column of another type are dropped: their topic is read again.
    """
    changes = ColumnChanges.between(known, column_types(table))
    if known and not changes.retyped:
        yield from _altered(table, changes)
        return
    if known:
        yield dropped(table.schema, table.name)
    yield from _created(table)


def emptied(table: HubTable) -> sql.Composed:
    """Return the statement that deletes all rows at once. Grants and views stay."""
    return sql.SQL("TRUNCATE {}").format(named(table))


def dropped(schema: str, name: str) -> sql.Composed:
    """Return the statement that drops a table, with the views of others that show it."""
    return sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(sql.Identifier(schema, name))


def comments(table: HubTable) -> Iterator[sql.Composed]:
    """Yield the statements that explain a table and its columns."""
    of_table = sql.SQL("COMMENT ON TABLE {} IS {}")
    yield of_table.format(named(table), sql.Literal(table.doc))
    of_column = sql.SQL("COMMENT ON COLUMN {} IS {}")
    for column in table.columns:
        name = sql.Identifier(table.schema, table.name, column.name)
        yield of_column.format(name, sql.Literal(column.doc))


def _created(table: HubTable) -> Iterator[sql.Composed]:
    yield sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(table.schema))
    points = {point.name: point for point in table.points}
    columns = [column(name, of, points.get(name)) for name, of in column_types(table).items()]
    key = sql.SQL("PRIMARY KEY ({})").format(sql.Identifier(RECORD_ID))
    form = sql.SQL("CREATE TABLE {} ({})")
    yield form.format(named(table), sql.SQL(", ").join([*columns, key]))
    # Rows come in the order of their release, so a few blocks tell which have expired.
    index = sql.SQL("CREATE INDEX ON {} USING brin ({}) WITH (autosummarize = on)")
    yield index.format(named(table), sql.Identifier(RELEASED_AT))
    yield from (_point_index(table, point) for point in table.points)


def _altered(table: HubTable, changes: ColumnChanges) -> Iterator[sql.Composed]:
    # With CASCADE: a point goes with its coordinates, and the views of others with what they show.
    drop = sql.SQL("ALTER TABLE {} DROP COLUMN IF EXISTS {} CASCADE")
    for name in changes.dropped:
        yield drop.format(named(table), sql.Identifier(name))
    types, points = column_types(table), {point.name: point for point in table.points}
    add = sql.SQL("ALTER TABLE {} ADD COLUMN {}")
    for name in changes.added:
        yield add.format(named(table), column(name, types[name], points.get(name)))
    yield from (_point_index(table, points[name]) for name in changes.added if name in points)


def column(name: str, of: str, point: Point | None = None) -> sql.Composed:
    """Return a column for a statement. The database computes a point from its coordinates."""
    typed = sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(of))
    if name == RECORD_ID:
        # Of digests nobody needs the order of a language, which takes longer to compare.
        return typed + sql.SQL(' COLLATE "C"')
    if point is None:
        return typed
    form = sql.SQL("{} GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint({}, {}), {})) STORED")
    easting, northing = sql.Identifier(point.easting), sql.Identifier(point.northing)
    return form.format(typed, easting, northing, sql.Literal(EPSG))


def _point_index(table: HubTable, point: Point) -> sql.Composed:
    form = sql.SQL("CREATE INDEX ON {} USING gist ({})")
    return form.format(named(table), sql.Identifier(point.name))
