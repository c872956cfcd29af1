"""Write an export as a ZIP archive: a CSV table, its description, and a page to read first.

A CSV file has no place for its description, and lines of comments break readers. So the table has a
description as the W3C's "CSV on the Web" says (https://www.w3.org/TR/tabular-data-primer/).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import time
from pathlib import Path
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

from connectors.hub.exports.export import Export
from connectors.hub.exports.texts import BETWEEN, shown_rows
from connectors.hub.tables import Column, Kind
from connectors.spreadsheet import guarded

TABLE: Final = "data.csv"
DESCRIPTION: Final = "data.csv-metadata.json"
README: Final = "README.txt"

_GUARDED: Final = (
    "A cell that a spreadsheet would read as a formula begins with an apostrophe that is not a part of its "
    "text."
)
_TYPES: Final[dict[Kind, Any]] = {
    "text": "string",
    "texts": "string",
    "flag": {"base": "boolean", "format": "true|false"},
    "count": "integer",
    "total": "integer",
    "number": "double",
    "date": "date",
    "time": "time",
    "instant": "dateTime",
    "facts": "json",
}


def write_csv_archive(file: Path, export: Export) -> None:
    """Write an archive. Points are in it as the columns of their coordinates."""
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        with _text(archive, README) as readme:
            readme.writelines(_page(export))
        with _text(archive, DESCRIPTION) as description:
            json.dump(_described(export), description, ensure_ascii=False, indent=2)
        with _text(archive, TABLE) as table:
            _write_table(table, export)


@contextmanager
def _text(archive: ZipFile, name: str) -> Iterator[IO[str]]:
    with (
        archive.open(name, "w", force_zip64=True) as raw,
        io.TextIOWrapper(raw, encoding="utf-8", newline="") as stream,
    ):
        yield stream


def _write_table(stream: IO[str], export: Export) -> None:
    columns = export.about.table.columns
    rows = shown_rows(export.rows)
    writer = csv.writer(stream)
    writer.writerow([column.name for column in columns])
    for batch in rows.to_batches():
        cells = (_cells(batch.column(column.name).to_pylist()) for column in columns)
        writer.writerows(zip(*cells, strict=True))


def _cells(values: Iterable[Any]) -> Iterator[str]:
    return map(_cell, values)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return guarded(value)
        case time():
            return value.isoformat(timespec="seconds")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _described(export: Export) -> dict[str, Any]:
    about = export.about
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": TABLE,
        "dc:title": about.title,
        "dc:rights": about.marking,
        "rdfs:comment": _GUARDED,
        "dialect": {"encoding": "utf-8", "header": True, "delimiter": ",", "quoteChar": '"'},
        "tableSchema": {
            "columns": [_column(column) for column in about.table.columns],
            "primaryKey": "record_id",
        },
        "notes": [about.document()],
    }


def _column(column: Column) -> dict[str, Any]:
    described = {
        "name": column.name,
        "titles": column.name,
        "dc:description": column.doc,
        "datatype": _TYPES[column.kind],
    }
    return described | ({"separator": BETWEEN} if column.kind == "texts" else {})


def _page(export: Export) -> Iterator[str]:
    about = export.about
    yield f"{about.marking}\r\n\r\n{TABLE}: {about.title}\r\n{_GUARDED}\r\n\r\n"
    for name, text in about.rows():
        indented = text.replace("\n", "\r\n    ")
        yield f"{name}: {indented}\r\n"
