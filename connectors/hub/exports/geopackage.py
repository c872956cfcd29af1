"""Write an export as a GeoPackage, which QGIS opens ready to use.

Source: OGC GeoPackage 1.4, written by GDAL. The layer has the first point of the table as its geometry, in
EPSG:27700; a table without points is a layer of attributes. Metadata are in `gpkg_metadata`, the datafields'
words in `gpkg_data_columns` (the extension Schema), and the style in `layer_styles`, as QGIS keeps it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyogrio

from connectors.hub.exports.export import Export
from connectors.hub.exports.qgis_style import style
from connectors.hub.exports.texts import shown, shown_rows
from connectors.hub.tables import EPSG

_DRIVER: Final = "GPKG"
_STYLES: Final = "layer_styles"
_SCHEMA_TABLES: Final = """
    CREATE TABLE gpkg_data_columns (
        table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
        mime_type TEXT, constraint_name TEXT,
        CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
        CONSTRAINT gdc_tn UNIQUE (table_name, name)
    );
    CREATE TABLE gpkg_data_column_constraints (
        constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
        min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
        CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value)
    );
"""
_EXTENSIONS: Final = """
    CREATE TABLE IF NOT EXISTS gpkg_extensions (
        table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
        scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name)
    );
"""
_DEFINITION: Final = "http://www.geopackage.org/spec121/#extension_schema"


def write_geopackage(file: Path, export: Export) -> None:
    """Write a file, whose name ends with .gpkg. Nothing else stays beside it."""
    table = export.about.table
    rows = _plain(shown_rows(export.rows))
    geometry = table.points[0].name if table.points else None
    rows = rows.drop_columns([point.name for point in table.points[1:]])
    facts = export.about.facts()
    pyogrio.write_arrow(
        rows,
        str(file),
        layer=table.name,
        driver=_DRIVER,
        geometry_name=geometry,
        geometry_type="Point" if geometry else None,
        crs=f"EPSG:{EPSG}" if geometry else None,
        dataset_metadata={"marking": facts["marking"], "content": facts["content"]},
        layer_metadata=_items(export),
        layer_options=_options(table.name, facts["content"], geometry),
    )
    if geometry:
        _write_style(file, export, geometry, rows)
    _write_columns(file, export, set(rows.column_names))


def _options(identifier: str, description: str, geometry: str | None) -> dict[str, str]:
    """Return GDAL's options of a layer."""
    options = {"IDENTIFIER": identifier, "DESCRIPTION": description}
    return options | ({"GEOMETRY_NAME": geometry} if geometry else {})


def _plain(rows: pa.Table) -> pa.Table:
    """Return rows without times of day, for which GeoPackage has no type: they are texts."""
    for place, field in enumerate(rows.schema):
        if pa.types.is_time(field.type):
            times = rows.column(place).cast(pa.time32("s"), safe=False).cast(pa.string())
            rows = rows.set_column(place, field.name, times)
    return rows


def _items(export: Export) -> dict[str, str]:
    """Return the description of an export as GDAL's metadata: a text for each name."""
    about: dict[str, str] = {}
    for name, text in export.about.rows():
        about[name] = f"{about[name]}\n{text}" if name in about else text
    return about


def _write_style(file: Path, export: Export, geometry: str, rows: pa.Table) -> None:
    """Write the style as a row of QGIS's table, by GDAL as QGIS does."""
    table = export.about.table
    row = {
        "f_table_catalog": "",
        "f_table_schema": "",
        "f_table_name": table.name,
        "f_geometry_column": geometry,
        "styleName": table.name,
        "styleQML": style(table, rows),
        "styleSLD": "",
        "useAsDefault": True,
        "description": export.about.marking,
        "owner": "",
        "ui": "",
        "update_time": datetime.now(UTC),
    }
    pyogrio.write_arrow(
        pa.Table.from_pylist([row]),
        str(file),
        layer=_STYLES,
        driver=_DRIVER,
        append=True,
        layer_options={"FID": "id"},
    )


def _write_columns(file: Path, export: Export, present: set[str]) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.executescript(_SCHEMA_TABLES + _EXTENSIONS)
        for name in ("gpkg_data_columns", "gpkg_data_column_constraints"):
            extension = (name, None, "gpkg_schema", _DEFINITION, "read-write")
            database.execute("INSERT INTO gpkg_extensions VALUES (?, ?, ?, ?, ?)", extension)
        database.executemany(
            "INSERT INTO gpkg_data_columns (table_name, column_name, description) VALUES (?, ?, ?)",
            _descriptions(export, present),
        )


def _descriptions(export: Export, present: set[str]) -> Iterator[tuple[Any, ...]]:
    for column in export.about.columns():
        if column.name in present:
            yield export.about.table.name, column.name, shown(column.doc)
