"""Build a gazetteer from files of names and points: any CSV, or OS Open Names as published."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from sanitiser.address.words import words
from sanitiser.build.folders import new_folder
from sanitiser.build.reference_sources import BadReference, open_text
from sanitiser.places.gazetteer import NAME_BYTES, Entries, key_of
from sanitiser.text.word_lists import Built, kind_of_each_type

_HEADER: Final = ("name", "type", "easting", "northing")
_OPEN_NAMES: Final = {"name": 2, "type": 7, "easting": 8, "northing": 9}
_OPEN_NAMES_COLUMNS: Final = 34
_EAST, _NORTH = 700_000, 1_300_000


class _Row(NamedTuple):
    name: str
    type: str
    easting: int
    northing: int


@cache
def kinds() -> Mapping[str, str]:
    """Return the kind of each type that is released."""
    return kind_of_each_type("place_kinds.txt")


def build_gazetteer(out: Path, sources: Sequence[Path]) -> Built:
    """Write the named places of `sources` to the folder `out`.

    An earlier one is replaced at the end.

    A CSV file (also .gz, .xz) has a header with name, type, easting, northing among others, or is
    OS Open Names, which has no header.

    Raises:
        BadReference: names file, line, field and what is accepted.
    """
    kept, left_out = Counter[str](), Counter[str]()
    rows: dict[tuple[bytes, int, int], str] = {}
    for source in sources:
        for row in _rows(source):
            key, reason = key_of(row.name), _reason(row)
            if reason or key is None:
                left_out[reason or "name too long"] += 1
            else:
                rows[key, row.easting, row.northing] = row.name
                kept[kinds()[row.type.casefold()]] += 1
    _write(out, _entries(rows))
    return Built(kept, left_out)


def _reason(row: _Row) -> str | None:
    """Return the reason why a place is left out; "Manor Farm" is a home whatever its type says."""
    if row.type.casefold() not in kinds():
        return "kind not released"
    if not row.name.strip() or len(row.name.encode()) > NAME_BYTES:
        return "name too long" if row.name.strip() else "no name"
    last = row.name.casefold().split()[-1]
    if last in _homes():
        return "named like a home"
    return None


@cache
def _homes() -> frozenset[str]:
    public = {"ground", "grounds", "station", "centre", "center", "space", "allotments", "cemetery",
              "pavilion", "playground", "castle", "stadium", "lock", "marina", "wharf", "quay",
              "campus", "school", "college", "church", "market"}  # fmt: skip
    return words().building - public


def _rows(path: Path) -> Iterator[_Row]:
    with open_text(path) as stream:
        reader = csv.reader(stream)
        first = next(reader, [])
        columns = _columns(path, first)
        if columns is _OPEN_NAMES:
            yield _row(path, 1, first, columns)
        for cells in reader:
            yield _row(path, reader.line_num, cells, columns)


def _columns(path: Path, first: list[str]) -> Mapping[str, int]:
    if (
        len(first) == _OPEN_NAMES_COLUMNS
        and first[_OPEN_NAMES["easting"]].replace(".", "").isdigit()
    ):
        return _OPEN_NAMES
    titles = [title.strip().casefold() for title in first]
    missing = [name for name in _HEADER if name not in titles]
    if missing:
        message = (
            f"no column {', '.join(missing)}; accepted: {', '.join(_HEADER)}, or OS Open Names"
        )
        raise BadReference(f"{path}, line 1: {message}")
    return {name: titles.index(name) for name in _HEADER}


def _row(path: Path, line: int, cells: list[str], columns: Mapping[str, int]) -> _Row:
    if len(cells) <= max(columns.values()):
        raise BadReference(f"{path}, line {line}: {len(cells)} cells; the header has more")
    texts = {name: cells[at].strip() for name, at in columns.items()}
    try:
        east, north = (round(float(texts[name])) for name in ("easting", "northing"))
    except (ValueError, OverflowError):
        east = north = -1
    if not (0 <= east <= _EAST and 0 <= north <= _NORTH):
        given = f"{texts['easting']!r}, {texts['northing']!r}"
        message = f"easting, northing: {given}; accepted: metres, 0 to {_EAST}, 0 to {_NORTH}"
        raise BadReference(f"{path}, line {line}: {message}")
    return _Row(texts["name"], texts["type"], east, north)


def _entries(rows: Mapping[tuple[bytes, int, int], str]) -> Entries:
    ordered = sorted(rows)
    return Entries(
        np.array([key for key, _, _ in ordered], "S48"),
        np.array([rows[row].encode() for row in ordered], "S64"),
        np.array([east for _, east, _ in ordered], np.int32),
        np.array([north for _, _, north in ordered], np.int32),
    )


def _write(out: Path, entries: Entries) -> None:
    with new_folder(out) as draft:
        for name, array in entries._asdict().items():
            np.save(draft / f"{name}.npy", array)
