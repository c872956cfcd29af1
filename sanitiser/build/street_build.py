"""Build a list of streets: OS Open Names, OS Open Roads, data.police.uk, or any CSV of names and points."""

from __future__ import annotations

import csv
import re
import sqlite3
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from sanitiser.address.street_names import key_of_name
from sanitiser.build.folders import new_folder
from sanitiser.build.reference_sources import BadReference, open_text
from sanitiser.places.coordinates import to_national_grid
from sanitiser.places.streets import TILE_M, TILES_EAST, TILES_NORTH, Points
from sanitiser.text.word_lists import Built, lines_of

FindPostcode = Callable[[str], tuple[int, int] | None]
"""Returns the point of a postcode in metres; None if it is unknown."""

_EAST, _NORTH = 700_000, 1_300_000
_OPEN_NAMES_COLUMNS: Final = 34
_OPEN_NAMES: Final = {"name": 2, "type": 7, "easting": 8, "northing": 9}
_OF_STREETS: Final = frozenset({"named road", "section of named road"})
"""Types of OS Open Names that are streets. A numbered road (A367) is no street's name."""
_POLICE: Final = "On or near "
_ROAD_NUMBER: Final = re.compile(r"[abm]\d{1,4}m?")
_CAPITAL_S: Final = re.compile(r"(?<=['’])S\b")
"""data.police.uk publishes Queen'S Road."""
_SPACING_M: Final = 100.0
"""Points of one road in OS Open Roads nearer than this to the last one are left out."""
_ENVELOPE_BYTES: Final = (0, 32, 48, 48, 64)
_ROADS_ACCEPTED: Final = "accepted: OS Open Roads with a table road_link (name_1, geometry)"
_LINE_STRING: Final = 2
_DIMENSIONS: Final = (2, 3, 3, 4)
"""Values of a vertex by the thousands of its geometry's type: XY, XYZ, XYM, XYZM."""


class _Row(NamedTuple):
    name: str
    easting: int
    northing: int


def build_streets(
    out: Path, sources: Sequence[Path], find_postcode: FindPostcode = lambda _postcode: None
) -> Built:
    """Write the streets of `sources` to the folder `out`; an earlier list is replaced at the end.

    A source is OS Open Names as published (CSV without header), OS Open Roads (GeoPackage), a release of
    data.police.uk (`Location`, `Longitude`, `Latitude`), or a CSV (also .gz, .xz) with `name` and a point:
    `easting` and `northing`, `longitude` and `latitude`, or `postcode`. Of a column `LOCAL_TYPE`, or else
    `type`, only streets are taken.

    Raises:
        BadReference: names file, line, field, value and what is accepted.
    """
    kept, left_out = Counter[str](), Counter[str]()
    rows = set[tuple[str, str, int, int]]()
    for source in sources:
        for row in _rows(source, find_postcode):
            key = None if isinstance(row, str) else key_of_name(row.name)
            if isinstance(row, str):
                left_out[row] += 1
            elif key is None or key in _no_streets() or _ROAD_NUMBER.fullmatch(key):
                left_out["no name of a street"] += 1
            else:
                kept["points"] += 1
                rows.add((key, row.name, row.easting, row.northing))
    if not rows:
        raise BadReference(
            f"{', '.join(map(str, sources))}: no street; an empty list would withhold all streets"
        )
    _write(out, _points(rows))
    kept["streets"] = len({key for key, *_ in rows})
    return Built(kept, left_out)


@cache
def _no_streets() -> frozenset[str]:
    """Return what data.police.uk says instead of a street, and names that cannot be one."""
    return frozenset(key for line in lines_of("no_streets.txt") if (key := key_of_name(line)))


def _rows(path: Path, find_postcode: FindPostcode) -> Iterator[_Row | str]:
    """Yield the streets of a file; for what is left out, the reason."""
    if path.suffix == ".gpkg":
        yield from _open_roads(path)
        return
    with open_text(path) as stream:
        reader = csv.reader(stream)
        first = next(reader, [])
        columns = _columns(path, first)
        if columns is _OPEN_NAMES:
            yield _row(path, 1, first, columns, find_postcode)
        for cells in reader:
            yield _row(path, reader.line_num, cells, columns, find_postcode)


def _columns(path: Path, first: list[str]) -> Mapping[str, int]:
    if (
        len(first) == _OPEN_NAMES_COLUMNS
        and first[_OPEN_NAMES["easting"]].replace(".", "").isdigit()
    ):
        return _OPEN_NAMES
    titles = [title.strip().casefold() for title in first]
    found = {title: at for at, title in enumerate(titles)}
    if "location" in found and "name" not in found:
        found["name"] = found["location"]
    points = (("easting", "northing"), ("longitude", "latitude"), ("postcode",))
    held = next((point for point in points if all(name in found for name in point)), None)
    if "name" not in found or held is None:
        accepted = "name (or Location), and easting, northing, or longitude, latitude, or postcode"
        raise BadReference(f"{path}, line 1: columns {', '.join(titles)}; accepted: {accepted}")
    return {name: found[name] for name in ("name", *held, "type", "local_type") if name in found}


def _row(
    path: Path, line: int, cells: list[str], columns: Mapping[str, int], find: FindPostcode
) -> _Row | str:
    if len(cells) <= max(columns.values()):
        raise BadReference(f"{path}, line {line}: {len(cells)} cells; the header has more")
    texts = {name: " ".join(cells[at].split()) for name, at in columns.items()}
    # With both, as in OS Open Names, TYPE is a wider group: transportNetwork.
    kind = texts.get("local_type", texts.get("type"))
    if kind is not None and kind.casefold() not in _OF_STREETS | {"street", "road"}:
        return "another kind than a street"
    name = _CAPITAL_S.sub("s", texts["name"].removeprefix(_POLICE))
    if "postcode" in texts and "easting" not in texts and "longitude" not in texts:
        at = find(texts["postcode"])
        return "unknown postcode" if at is None else _Row(name, *at)
    point = _metres(path, line, texts)
    return "no point" if point is None else _Row(name, *point)


def _metres(path: Path, line: int, texts: Mapping[str, str]) -> tuple[int, int] | None:
    """Return a row's point in metres; None if it has none, as 'No Location' of data.police.uk."""
    in_metres = "easting" in texts
    names = ("easting", "northing") if in_metres else ("longitude", "latitude")
    if not any(texts[name] for name in names):
        return None
    try:
        x, y = (float(texts[name]) for name in names)
        at = (x, y) if in_metres else to_national_grid(x, y)
    except ValueError:
        at = None
    if at is None or not _is_on_the_grid(*at):
        given = ", ".join(repr(texts[name]) for name in names)
        message = f"{', '.join(names)}: {given}; accepted: a point in Great Britain"
        raise BadReference(f"{path}, line {line}: {message}")
    return round(at[0]), round(at[1])


def _is_on_the_grid(east: float, north: float) -> bool:
    """Return True if a point, rounded to metres, is in a tile of the National Grid."""
    return 0 <= east < _EAST - 0.5 and 0 <= north < _NORTH - 0.5


def _open_roads(path: Path) -> Iterator[_Row | str]:
    """Yield points along each named link of OS Open Roads (table `road_link`, EPSG:27700)."""
    try:
        with closing(sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)) as database:
            for row, name, shape in database.execute(
                "SELECT rowid, name_1, geometry FROM road_link WHERE name_1 > ''"
            ):
                yield from ["no point"] if shape is None else _link(path, row, name, shape)
    except sqlite3.Error as error:
        raise BadReference(f"{path}: {error}; {_ROADS_ACCEPTED}") from None


def _link(path: Path, row: int, name: object, shape: object) -> Iterator[_Row]:
    """Yield points along a link of OS Open Roads."""
    where = f"{path}, road_link, row {row}"
    if not isinstance(name, str) or not isinstance(shape, bytes):
        raise BadReference(f"{where}: a name or geometry of another type; {_ROADS_ACCEPTED}")
    try:
        line = _vertices(shape)
    except (struct.error, IndexError) as error:
        raise BadReference(f"{where}, geometry: {error}; {_ROADS_ACCEPTED}") from None
    for east, north in line:
        if not _is_on_the_grid(east, north):
            message = f"{east}, {north}; accepted: a point in Great Britain (EPSG:27700)"
            raise BadReference(f"{where}, geometry: {message}")
    for east, north in _spaced(line):
        yield _Row(" ".join(name.split()), round(east), round(north))


def _vertices(blob: bytes) -> list[tuple[float, float]]:
    """Return the vertices of a line in GeoPackage's binary form (OGC 12-128r18, 2.1.3)."""
    body = 8 + _ENVELOPE_BYTES[blob[3] >> 1 & 0b111]
    order = "<" if blob[body] else ">"
    kind, number = struct.unpack_from(f"{order}II", blob, body + 1)
    if kind % 1000 != _LINE_STRING:
        raise struct.error(f"geometry of type {kind}")
    size = _DIMENSIONS[kind // 1000]
    values = struct.unpack_from(f"{order}{number * size}d", blob, body + 9)
    return list(zip(values[::size], values[1::size], strict=True))


def _spaced(line: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield points along a line, one at least every 100 metres."""
    last: tuple[float, float] | None = None
    for east, north in line:
        if last is not None:
            apart = float(np.hypot(east - last[0], north - last[1]))
            steps = int(apart // _SPACING_M)
            for step in range(1, steps + 1):
                share = step / (steps + 1)
                yield last[0] + (east - last[0]) * share, last[1] + (north - last[1]) * share
            if not steps and apart < _SPACING_M / 2:
                continue
        last = east, north
        yield last


def _points(rows: set[tuple[str, str, int, int]]) -> Points:
    names = sorted({(key, name) for key, name, _, _ in rows})
    at = {pair: position for position, pair in enumerate(names)}
    ordered = sorted((north // TILE_M * TILES_EAST + east // TILE_M, at[key, name], east, north)
                     for key, name, east, north in rows)  # fmt: skip
    tiles, name_at, east, north = (np.array(column) for column in zip(*ordered, strict=True))
    offsets = np.searchsorted(tiles, np.arange(TILES_EAST * TILES_NORTH + 1))
    return Points(
        np.array([key.encode() for key, _ in names]),
        np.array([name.encode() for _, name in names]),
        name_at.astype(np.int32),
        east.astype(np.int32),
        north.astype(np.int32),
        offsets.astype(np.int32),
    )


def _write(out: Path, points: Points) -> None:
    with new_folder(out) as draft:
        for name, array in points._asdict().items():
            np.save(draft / f"{name}.npy", array)
