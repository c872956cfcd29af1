"""An archive has a table that spreadsheets and programs read, and its description beside it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from connectors.hub.exports.csv_archive import DESCRIPTION, README, TABLE, write_csv_archive
from connectors.hub.exports.export import Export
from connectors.hub.exports.texts import shown
from connectors.hub.tables import HubTable
from connectors.spreadsheet import unguarded
from tests.connectors.hub.exports.conftest import HOSTILE, INCIDENT, MakeExport


@pytest.fixture
def written(hostile: Export, tmp_path: Path) -> ZipFile:
    file = tmp_path / "export.zip"
    write_csv_archive(file, hostile)
    return ZipFile(file)


def rows(archive: ZipFile) -> list[dict[str, str]]:
    text = archive.read(TABLE).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def description(archive: ZipFile) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(archive.read(DESCRIPTION))
    return found


def test_it_has_a_page_a_description_and_a_table_and_is_whole(written: ZipFile) -> None:
    assert written.namelist() == [README, DESCRIPTION, TABLE]
    assert written.testzip() is None


def test_no_cell_is_a_formula_and_each_text_can_be_read_back(written: ZipFile) -> None:
    found = [row["location_address"] for row in rows(written)]
    assert [unguarded(cell) for cell in found] == [shown(text) for text in HOSTILE.values()]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in found)


def test_values_are_written_as_their_description_says(written: ZipFile) -> None:
    row = rows(written)[0]
    assert row["incident_date"] == "2026-10-30"
    assert row["incident_time"] == "22:41:00"
    assert row["incident_utc"] == "2026-10-30T22:41:00+00:00"
    assert row["domestic"] == "false"
    assert row["location_easting"] == "375000"
    assert row["incident_date_to"] == ""
    assert row["caveats"] == "incident_time: as given"


def test_its_description_is_csv_on_the_web(written: ZipFile, hostile: Export) -> None:
    found = description(written)
    assert found["@context"][0] == "http://www.w3.org/ns/csvw"
    assert found["url"] == TABLE
    assert found["dc:rights"] == "RESTRICTED"
    columns = found["tableSchema"]["columns"]
    assert [column["name"] for column in columns] == list(rows(written)[0])
    types = {column["name"]: column["datatype"] for column in columns}
    assert types["incident_date"] == "date"
    assert types["location_easting"] == "integer"
    assert [column["name"] for column in columns if "separator" in column] == ["caveats"]
    assert found["notes"] == [hostile.about.document()]


def test_its_page_begins_with_the_marking_and_has_the_caveats(written: ZipFile) -> None:
    page = written.read(README).decode("utf-8")
    assert page.startswith("RESTRICTED\r\n")
    for text in ("apostrophe", "several homes", "not open to this party", "delete_file_by: "):
        assert text in page


def test_an_export_without_rows_has_the_header(
    export_of: MakeExport, incidents: HubTable, tmp_path: Path
) -> None:
    file = tmp_path / "export.zip"
    write_csv_archive(file, export_of(incidents, INCIDENT, where="false"))
    with ZipFile(file) as archive:
        assert archive.read(TABLE).decode().startswith("record_id,source_agency,")
        assert rows(archive) == []
