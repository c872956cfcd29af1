"""A table that needs no processing, as it is stored: named and typed columns, and its metadata.

Guidance 4.4: data that "may not require any data cleaning or geocoding" can be "channelled into the hub
direct from their source".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import numpy as np

from connectors.errors import SourceError
from connectors.hub.tables import Column, Kind, Point, SourceTable, columns_of
from connectors.publishing.table_file import opened
from connectors.sources.table import Row
from sanitiser.places.coordinates import to_national_grid_many

ABOUT: Final = "__about"
"""Ends the name of the table with a source's metadata: one row, as system/aggregate.avsc has it."""

_NOT_METADATA: Final = frozenset({"table", "parts", "part"})
_MOST_COLUMNS: Final = 500
_RESERVED: Final = (
    # The point that is added, and the names of PostgreSQL's own columns.
    "point", "point_easting", "point_northing",
    "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid",
)  # fmt: skip
_WORKBOOK: Final = b"PK\x03\x04"
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?")
_EAST, _NORTH = ("easting", "northing"), ("longitude", "latitude")
_GRID_METRES: Final = (700_000, 1_300_000)
"""The extent of the British National Grid, east and north, in metres."""


class Part(NamedTuple):
    """One table to store: its columns, and their values by name, as many in each."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    points: tuple[Point, ...]
    values: Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Supplied:
    """A source's table with its metadata: two parts, replaced together.

    `digest` is the same only for the same content and metadata.
    """

    place: SourceTable
    digest: str
    parts: tuple[Part, ...]


def digest_of(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record of system/aggregate.avsc, in hexadecimal."""
    about = {name: value for name, value in record.items() if name not in _NOT_METADATA}
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()


def supplied(place: SourceTable, record: Mapping[str, Any], folder: Path) -> Supplied:
    """Return a record of system/aggregate.avsc as it is stored. `folder` may hold it for a moment.

    A column is typed if each of its values is: whole numbers and decimals without leading zeros, dates in ISO
    8601. So codes such as 007 remain text. Columns `easting` and `northing` (metres, EPSG:27700), or
    `longitude` and `latitude` (degrees, WGS84), become points.

    Raises:
        SourceError: the content is no table that can be read.
    """
    header, rows = _read(record["table"], folder)
    if len(header) > _MOST_COLUMNS:
        raise SourceError(f"{place.source}: {len(header)} columns; accepted: {_MOST_COLUMNS}")
    said = {name: _clean(value) for name, value in record.items() if name != "table"}
    columns, values = _columns(header, rows, said["explanations"])
    columns, values, points = _with_grid(columns, values)
    doc = f"{place.topic.marking}. {said['title']} (guidance {said['guidance']})"
    about, facts = _about(place, said)
    parts = (
        Part(place.name, doc, columns, points, values),
        Part(f"{place.name}{ABOUT}", f"{doc}: its metadata (guidance 3.4)", about, (), facts),
    )
    return Supplied(place, digest_of(record), parts)


def _about(
    place: SourceTable, record: Mapping[str, Any]
) -> tuple[tuple[Column, ...], dict[str, list[Any]]]:
    fields = [f for f in place.topic.schema["fields"] if f["name"] not in _NOT_METADATA]
    columns = tuple(columns_of(fields))
    # The source's marking is declared here. What the message says of itself counts for nothing.
    told = {**record, "marking": place.topic.marking}
    values = {c.name: [_fact(c, told[c.name])] for c in columns}
    return columns, values


def _fact(column: Column, value: Any) -> Any:
    if column.kind == "facts" and value is not None:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value


def _read(content: bytes, folder: Path) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return header and rows. A row that does not match the header is left out."""
    with TemporaryDirectory(dir=folder) as private:
        file = Path(private) / ("table.xlsx" if content.startswith(_WORKBOOK) else "table.csv")
        file.write_bytes(content)
        with opened(file, content) as table:
            return table.header, [row.cells for row in table if isinstance(row, Row)]


def _columns(
    header: Sequence[str], rows: Sequence[Sequence[str]], explanations: Mapping[str, str]
) -> tuple[tuple[Column, ...], dict[str, list[Any]]]:
    columns, values = [], {}
    for number, (title, name) in enumerate(zip(header, _names(header), strict=True)):
        cells = [_visible(row[number]) for row in rows]
        kind = _kind([cell for cell in cells if cell])
        told = explanations.get(title, "")
        columns.append(Column(name, kind, _visible(f"{title}: {told}" if told else title)))
        values[name] = [_value(kind, cell) for cell in cells]
    return tuple(columns), values


def _clean(value: Any) -> Any:
    """Return what a supplier says of its table, without the character that no database stores."""
    match value:
        case str():
            return _visible(value)
        case Mapping():
            return {_visible(name): _clean(each) for name, each in value.items()}
        case list() | tuple():
            return [_clean(each) for each in value]
    return value


def _visible(text: str) -> str:
    # No database stores this character in a text.
    return text.strip().replace("\0", "")


def _names(header: Iterable[str]) -> Iterator[str]:
    """Yield a name for each title: small letters, digits and underscores, each name once."""
    used = dict.fromkeys(_RESERVED, 1)
    for title in header:
        base = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:50] or "column"
        base = base if base[0].isalpha() else f"column_{base}"
        name = base
        while name in used:
            used[base] += 1
            name = f"{base}_{used[base]}"
        used[name] = 1
        yield name


def _kind(cells: Iterable[str]) -> Kind:
    """Return the kind that each value has."""
    given = list(cells)
    if not given:
        return "text"
    for kind, matches in (("total", _WHOLE), ("number", _DECIMAL)):
        if all(matches.fullmatch(cell) for cell in given):
            return kind  # type: ignore[return-value]
    return "date" if all(map(_is_date, given)) else "text"


def _is_date(cell: str) -> bool:
    try:
        return date.fromisoformat(cell).isoformat() == cell
    except ValueError:
        return False


def _value(kind: Kind, cell: str) -> Any:
    if not cell:
        return None
    match kind:
        case "total":
            return int(cell)
        case "number":
            return float(cell)
        case "date":
            return date.fromisoformat(cell)
    return cell


def _with_grid(
    columns: tuple[Column, ...], values: dict[str, list[Any]]
) -> tuple[tuple[Column, ...], dict[str, list[Any]], tuple[Point, ...]]:
    """Add a point, and its coordinates in metres where only degrees are given."""
    numbers = {c.name for c in columns if c.kind in {"total", "number"}}
    if numbers.issuperset(_EAST):
        grid = [values[name] for name in _EAST]
    elif numbers.issuperset(_NORTH):
        grid = _converted(*(values[name] for name in _NORTH))
    else:
        return columns, values, ()
    places = [_on_grid(*each) for each in zip(*grid, strict=True)]
    docs = ("Easting of the point, metres, EPSG:27700", "Northing of the point, metres, EPSG:27700")
    names = ("point_easting", "point_northing")
    added = tuple(Column(name, "number", doc) for name, doc in zip(names, docs, strict=True))
    of_points = {name: [place[axis] for place in places] for axis, name in enumerate(names)}
    return (*columns, *added), {**values, **of_points}, (Point("point", *names),)


def _converted(longitudes: list[Any], latitudes: list[Any]) -> list[list[Any]]:
    degrees = [np.array(each, dtype=float) for each in (longitudes, latitudes)]
    return [list(axis) for axis in to_national_grid_many(*degrees)]


def _on_grid(easting: float | None, northing: float | None) -> tuple[float | None, float | None]:
    """Return a point, or none if it is not on the grid. A point of NaN is on no grid."""
    if easting is None or northing is None:
        return None, None
    east, north = _GRID_METRES
    is_on_grid = 0 <= easting <= east and 0 <= northing <= north
    return (float(easting), float(northing)) if is_on_grid else (None, None)
