"""A GeoPackage is read by GDAL and SQLite, with its metadata, words and style."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyogrio
import pytest

from connectors.hub.exports.export import Export
from connectors.hub.exports.geopackage import write_geopackage
from connectors.hub.exports.texts import shown
from connectors.hub.tables import HubTable
from tests.connectors.hub.exports.conftest import HOSTILE, INCIDENT, MakeExport
from tests.connectors.hub.exports.test_supplies import supplied

LAYER = "police_incident"


@pytest.fixture
def written(hostile: Export, tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    file = folder / "export.gpkg"
    write_geopackage(file, hostile)
    return file


def asked(file: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as database:
        return database.execute(query).fetchall()


def test_gdal_reads_its_points_on_the_british_grid_and_every_row(written: Path) -> None:
    info = pyogrio.read_info(written, layer=LAYER)
    assert info["crs"] == "EPSG:27700"
    assert info["geometry_type"] == "Point"
    assert info["geometry_name"] == "location_point"
    assert info["features"] == len(HOSTILE)
    assert info["total_bounds"] == (375_000, 165_000, 375_000, 165_000)
    _, table = pyogrio.read_arrow(written, layer=LAYER)
    assert table.column("location_address").to_pylist() == [shown(t) for t in HOSTILE.values()]
    first = table.to_pylist()[0]
    assert first["domestic"] is False
    assert first["incident_date"] == INCIDENT["incident_date"]
    assert first["incident_time"] == "22:41:00"
    assert first["caveats"] == "incident_time: as given"


def test_sqlite_finds_it_whole_without_a_log_beside_it(written: Path) -> None:
    assert asked(written, "PRAGMA integrity_check") == [("ok",)]
    assert asked(written, "PRAGMA application_id") == [(int.from_bytes(b"GPKG"),)]
    assert asked(written, "PRAGMA journal_mode") == [("delete",)]
    assert asked(written, "PRAGMA foreign_key_check") == []
    assert asked(written, "SELECT count(*) FROM rtree_police_incident_location_point") == [
        (len(HOSTILE),)
    ]
    assert list(written.parent.iterdir()) == [written]


def test_its_metadata_have_the_description_as_well_formed_xml(
    written: Path, hostile: Export
) -> None:
    found = asked(written, "SELECT metadata FROM gpkg_metadata")
    assert [ElementTree.fromstring(text).tag for (text,) in found] == [
        "GDALMultiDomainMetadata"
    ] * 2
    metadata = pyogrio.read_info(written, layer=LAYER)["layer_metadata"]
    assert hostile.about.facts().items() <= metadata.items()
    assert "several homes" in metadata["caveat"]
    assert "not open to this party" in metadata["supplies"]
    contents = asked(written, "SELECT description FROM gpkg_contents WHERE data_type = 'features'")
    assert contents[0][0].startswith("RESTRICTED. ")


def test_its_metadata_have_the_suppliers_ones(
    export_of: MakeExport, incidents: HubTable, tmp_path: Path
) -> None:
    statements = supplied("police", ("s", "2026-11-01", False))
    export = export_of(incidents, INCIDENT, statements=statements)
    file = tmp_path / "export.gpkg"
    write_geopackage(file, export)
    metadata = pyogrio.read_info(file, layer=LAYER)["layer_metadata"]
    assert {name for name, text in export.about.rows() if text} <= metadata.keys()
    assert metadata["supply of police, caveats"] == "Control room figures"


def test_its_columns_have_the_guidances_words(written: Path) -> None:
    words = dict(asked(written, "SELECT column_name, description FROM gpkg_data_columns"))
    assert words["incident_type"] == "Type of incident"
    columns = {name for _, name, *_ in asked(written, f"PRAGMA table_info({LAYER})")}
    assert words.keys() == columns - {"fid"}
    assert (None, "gpkg_schema") in asked(
        written, "SELECT column_name, extension_name FROM gpkg_extensions"
    )


def test_its_style_is_the_default_and_draws_points_by_their_type_without_labels(
    written: Path,
) -> None:
    ((table, geometry, default, qml),) = asked(
        written,
        "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles",
    )
    assert (table, geometry, default) == (LAYER, "location_point", 1)
    style = ElementTree.fromstring(qml)
    assert style.get("labelsEnabled") == "0"
    renderer = style.find("renderer-v2")
    assert renderer is not None
    assert renderer.get("attr") == "incident_type"
    values = [category.get("value") for category in renderer.iter("category")]
    assert values == ["ASB nuisance", ""]
    symbols = {symbol.get("name") for symbol in renderer.iter("symbol")}
    assert {category.get("symbol") for category in renderer.iter("category")} == symbols


def test_a_table_without_points_is_a_layer_of_attributes(
    export_of: MakeExport, pointless: HubTable, tmp_path: Path
) -> None:
    file = tmp_path / "export.gpkg"
    write_geopackage(file, export_of(pointless, {}, {}))
    info = pyogrio.read_info(file)
    assert (info["geometry_type"], info["crs"], info["features"]) == (None, None, 2)
    assert pyogrio.list_layers(file).tolist() == [[pointless.name, None]]
    assert info["layer_metadata"]["marking"] == "RESTRICTED"


def test_an_export_without_rows_is_a_layer_without_features(
    export_of: MakeExport, incidents: HubTable, tmp_path: Path
) -> None:
    file = tmp_path / "export.gpkg"
    write_geopackage(file, export_of(incidents, INCIDENT, where="false"))
    assert pyogrio.read_info(file, layer=LAYER)["features"] == 0


def test_a_record_without_a_point_is_a_feature_without_a_geometry(
    export_of: MakeExport, incidents: HubTable, tmp_path: Path
) -> None:
    file = tmp_path / "export.gpkg"
    write_geopackage(file, export_of(incidents, INCIDENT, {"incident_type": "Theft"}))
    _, table = pyogrio.read_arrow(file, layer=LAYER)
    geometries = table.column(pyogrio.read_info(file, layer=LAYER)["geometry_name"]).to_pylist()
    assert [geometry is None for geometry in geometries] == [False, True]
