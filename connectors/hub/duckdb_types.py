"""The hub's tables in DuckDB: types, names, comments, and columns of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from connectors.hub.tables import EPSG, Column, Kind, Point

POINT: Final = f"GEOMETRY('EPSG:{EPSG}')"
_TYPES: Final[dict[Kind, str]] = {
    "text": "VARCHAR",
    "texts": "VARCHAR[]",
    "flag": "BOOLEAN",
    "count": "INTEGER",
    "total": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "time": "TIME",
    "instant": "TIMESTAMP",
    "facts": "VARCHAR",
}
_ARROW: Final[dict[Kind, pa.DataType]] = {
    "text": pa.string(),
    "texts": pa.list_(pa.string()),
    "flag": pa.bool_(),
    "count": pa.int32(),
    "total": pa.int64(),
    "number": pa.float64(),
    "date": pa.date32(),
    "time": pa.time32("ms"),
    "instant": pa.timestamp("ms"),
    "facts": pa.string(),
}


def typed(columns: Sequence[Column], points: Sequence[Point]) -> Iterator[tuple[str, str]]:
    """Yield name and type of each column, points last."""
    for column in columns:
        yield column.name, _TYPES[column.kind]
    for point in points:
        yield point.name, POINT


def arrow(columns: Sequence[Column], values: Mapping[str, Sequence[Any]]) -> pa.Table:
    """Return values by column."""
    return pa.table({c.name: pa.array(values[c.name], _ARROW[c.kind]) for c in columns})


def with_points(points: Sequence[Point]) -> str:
    """Return what a query selects, so that its rows have their points, too."""
    made = (f", ST_Point({each.easting}, {each.northing}) AS {each.name}" for each in points)
    return "*" + "".join(made)


def comments(name: str, doc: str, columns: Sequence[Column]) -> Iterator[str]:
    """Yield the statements that comment a table with a quoted name, and its columns."""
    yield f"COMMENT ON TABLE {name} IS {text(doc)}"
    for column in columns:
        yield f'COMMENT ON COLUMN {name}."{column.name}" IS {text(column.doc)}'


def quoted(schema: str, name: str) -> str:
    """Return the quoted name of a table."""
    return f'"{schema}"."{name}"'


def text(value: str) -> str:
    """Return a literal."""
    return "'" + value.replace("'", "''") + "'"
