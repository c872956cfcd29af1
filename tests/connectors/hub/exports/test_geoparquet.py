"""A GeoParquet file passes the validator of the format, and its texts are as they were released."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geoparquet_validator
import pyarrow.parquet as pq
import pytest
from pyproj import CRS

from connectors.hub.exports.export import Export
from connectors.hub.exports.geoparquet import write_geoparquet
from connectors.hub.tables import HubTable
from tests.connectors.hub.exports.conftest import HOSTILE, INCIDENT, MakeExport

NO_STATISTICS = "/conf/distribution/geospatial-statistics"
"""The one fault of a file without any point: there is nothing to have statistics of."""


def validated(file: Path, *accepted: str) -> dict[str, Any]:
    """Return the metadata of a file in which the validator finds no other fault than accepted ones."""
    found = geoparquet_validator.failed(geoparquet_validator.check(str(file)))
    assert found == list(accepted)
    geo: dict[str, Any] = json.loads(pq.read_schema(file).metadata[b"geo"])
    return geo


def test_the_validator_finds_no_fault_and_the_grid_is_epsg_27700(
    hostile: Export, tmp_path: Path
) -> None:
    file = tmp_path / "export.parquet"
    write_geoparquet(file, hostile)
    geo = validated(file)
    assert geo["version"] == "1.1.0"
    column = geo["columns"][geo["primary_column"]]
    assert CRS.from_json_dict(column["crs"]).to_epsg() == 27_700
    assert column["geometry_types"] == ["Point"]
    assert column["bbox"] == [375_000, 165_000, 375_000, 165_000]


def test_its_values_have_their_types_and_its_texts_are_unchanged(
    hostile: Export, tmp_path: Path
) -> None:
    file = tmp_path / "export.parquet"
    write_geoparquet(file, hostile)
    table = pq.read_table(file)
    assert table.column("location_address").to_pylist() == list(HOSTILE.values())
    row = table.to_pylist()[0]
    for name in ("incident_date", "incident_time", "incident_utc", "domestic", "caveats"):
        assert row[name] == INCIDENT[name]
    assert table.schema.field("incident_type").metadata[b"description"] == b"Type of incident"


def test_its_description_is_json(hostile: Export, tmp_path: Path) -> None:
    file = tmp_path / "export.parquet"
    write_geoparquet(file, hostile)
    assert json.loads(pq.read_schema(file).metadata[b"ipu"]) == hostile.about.document()


@pytest.mark.parametrize("records", [(), ({"incident_type": "Theft"},), (INCIDENT, {})])
def test_rows_and_points_may_be_absent(
    export_of: MakeExport, incidents: HubTable, tmp_path: Path, records: tuple[Any, ...]
) -> None:
    file = tmp_path / "export.parquet"
    write_geoparquet(file, export_of(incidents, *records))
    accepted = () if INCIDENT in records else (NO_STATISTICS,)
    column = validated(file, *accepted)["columns"]["location_point"]
    assert column["geometry_types"] == (["Point"] if INCIDENT in records else [])
    boxes = pq.read_table(file).column("location_point_bbox").to_pylist()
    assert [box is None for box in boxes] == [record is not INCIDENT for record in records]


def test_a_table_without_points_is_a_plain_parquet_file(
    export_of: MakeExport, pointless: HubTable, tmp_path: Path
) -> None:
    file = tmp_path / "export.parquet"
    write_geoparquet(file, export_of(pointless, {}))
    metadata = pq.read_schema(file).metadata
    assert b"geo" not in metadata
    assert b"ipu" in metadata
