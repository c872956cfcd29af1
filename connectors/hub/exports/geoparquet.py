"""Write an export as GeoParquet 1.1: points as Well-Known Binary, with EPSG:27700 as PROJJSON.

Source: https://geoparquet.org/releases/v1.1.0/. A table without points is a Parquet file without the key
`geo`, which must name a column of points. The description is JSON under the key `ipu` of the file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyproj import CRS

from connectors.hub.exports.export import Export
from connectors.hub.tables import EPSG, Point

KEY: Final = "ipu"
"""The name of the description among the file's metadata."""

_VERSION: Final = "1.1.0"
_CORNERS: Final = ("xmin", "ymin", "xmax", "ymax")


def write_geoparquet(file: Path, export: Export) -> None:
    """Write a file. Texts are in it as they were released."""
    described = {KEY: _json(export.about.document())}
    points = export.about.table.points
    rows = _with_words(export)
    if points:
        described["geo"] = _json(_geo(rows, points))
    for point in points:
        rows = rows.append_column(_box_name(point), _boxes(rows, point))
    pq.write_table(rows.replace_schema_metadata(described), file, compression="zstd")


def _with_words(export: Export) -> pa.Table:
    """Return the rows, whose columns have the guidance's words as their description."""
    words = {column.name: column.doc for column in export.about.columns()}
    fields = [
        field.with_metadata({"description": words[field.name]}) for field in export.rows.schema
    ]
    return pa.Table.from_arrays(export.rows.columns, schema=pa.schema(fields))


def _geo(rows: pa.Table, points: tuple[Point, ...]) -> dict[str, Any]:
    system = CRS.from_epsg(EPSG).to_json_dict()
    columns = {
        point.name: {
            "encoding": "WKB",
            "crs": system,
            "covering": {"bbox": {corner: [_box_name(point), corner] for corner in _CORNERS}},
            **_extent(rows, point),
        }
        for point in points
    }
    return {"version": _VERSION, "primary_column": points[0].name, "columns": columns}


def _extent(rows: pa.Table, point: Point) -> dict[str, Any]:
    """Return the types of geometry that a column has, and its bounds in metres; without a point, none."""
    present = rows.filter(pc.is_valid(rows.column(point.name)))
    if not present.num_rows:
        return {"geometry_types": []}
    x, y = (pc.min_max(present.column(each)).as_py() for each in (point.easting, point.northing))
    return {"geometry_types": ["Point"], "bbox": [x["min"], y["min"], x["max"], y["max"]]}


def _box_name(point: Point) -> str:
    return f"{point.name}_bbox"


def _boxes(rows: pa.Table, point: Point) -> pa.Array:
    """Return the bounds of each point, by whose statistics a reader leaves out parts of the file."""
    x, y = (
        rows.column(each).cast(pa.float64()).combine_chunks()
        for each in (point.easting, point.northing)
    )
    absent = pc.is_null(rows.column(point.name).combine_chunks())
    return pa.StructArray.from_arrays([x, y, x, y], names=list(_CORNERS), mask=absent)


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)
