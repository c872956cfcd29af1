"""A workbook has typed cells, no formula, and its marking on the first sheet and on each page."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pyarrow as pa
import pytest

from connectors.hub.errors import HubError
from connectors.hub.exports import workbook as workbooks
from connectors.hub.exports.export import Export
from connectors.hub.exports.texts import shown
from connectors.hub.exports.workbook import ABOUT, DATA, LONGEST_TEXT, write_workbook
from connectors.hub.tables import HubTable
from tests.connectors.hub.exports.conftest import HOSTILE, INCIDENT, MakeExport


def opened(export: Export, folder: Path) -> Any:
    file = folder / "export.xlsx"
    write_workbook(file, export)
    assert [path.name for path in folder.iterdir() if path.suffix == ".xlsx"] == [file.name]
    return openpyxl.load_workbook(file)


def cells(sheet: Any, column: str) -> list[Any]:
    """Return the cells below a heading."""
    names = [cell.value for cell in sheet[1]]
    return [row[names.index(column)] for row in sheet.iter_rows(min_row=2)]


def test_each_text_is_a_text_and_never_a_formula_or_an_error(
    hostile: Export, tmp_path: Path
) -> None:
    found = cells(opened(hostile, tmp_path)[DATA], "location_address")
    # A workbook has line ends of one kind.
    assert [cell.value for cell in found] == [shown(text) for text in HOSTILE.values()]
    assert {cell.data_type for cell in found} == {"s"}


def test_a_text_that_begins_like_a_formula_stays_a_text_when_it_is_edited(
    hostile: Export, tmp_path: Path
) -> None:
    found = cells(opened(hostile, tmp_path)[DATA], "location_address")
    quoted = {cell.value for cell in found if cell.quotePrefix}
    assert {HOSTILE[name] for name in ("command", "at", "plus", "minus")} <= quoted


def test_dates_times_flags_and_numbers_have_their_types(hostile: Export, tmp_path: Path) -> None:
    sheet = opened(hostile, tmp_path)[DATA]
    first = {
        name: cells(sheet, name)[0]
        for name in ("incident_date", "incident_time", "incident_utc", "domestic")
    }
    assert first["incident_date"].is_date
    assert first["incident_date"].value.date() == INCIDENT["incident_date"]
    assert first["incident_time"].value == time(22, 41)
    assert first["incident_utc"].value == datetime(2026, 10, 30, 22, 41)
    assert first["domestic"].value is False
    assert cells(sheet, "location_easting")[0].value == 375_000
    assert sheet.freeze_panes == "A2"


def test_the_marking_is_on_the_first_sheet_and_on_each_page(
    hostile: Export, tmp_path: Path
) -> None:
    workbook = opened(hostile, tmp_path)
    assert workbook.sheetnames == [ABOUT, DATA]
    assert [cell.value for cell in workbook[ABOUT][1]] == ["marking", "RESTRICTED"]
    for sheet in workbook:
        assert sheet.oddHeader.center.text == "RESTRICTED"
        assert sheet.oddFooter.center.text == "RESTRICTED"
    told = " ".join(str(cell.value) for row in workbook[ABOUT] for cell in row)
    assert "several homes" in told
    assert "not open to this party" in told


def test_a_day_that_excel_cannot_number_is_a_text(
    export_of: MakeExport, incidents: HubTable, tmp_path: Path
) -> None:
    export = export_of(incidents, {**INCIDENT, "incident_date": date(1899, 12, 30)})
    assert cells(opened(export, tmp_path)[DATA], "incident_date")[0].value == "1899-12-30"


def test_more_rows_than_a_sheet_has_are_refused(
    hostile: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, "MOST_ROWS", len(HOSTILE))
    with pytest.raises(HubError, match=r"has room for 14 records; there are 15: choose fewer"):
        write_workbook(tmp_path / "export.xlsx", hostile)
    monkeypatch.setattr(workbooks, "MOST_ROWS", len(HOSTILE) + 1)
    write_workbook(tmp_path / "export.xlsx", hostile)


def test_a_text_that_is_too_long_for_a_cell_is_refused_and_not_cut(
    hostile: Export, tmp_path: Path
) -> None:
    name = "location_address"
    texts = pa.array(["x" * (LONGEST_TEXT + 1)] * len(HOSTILE))
    place = hostile.rows.schema.get_field_index(name)
    export = hostile._replace(rows=hostile.rows.set_column(place, name, texts))
    with pytest.raises(HubError, match="a text of location_address has 32,768"):
        write_workbook(tmp_path / "export.xlsx", export)


def test_a_text_that_a_spreadsheet_would_read_as_a_character_is_written_as_it_is(
    hostile: Export, tmp_path: Path
) -> None:
    name = "location_address"
    place = hostile.rows.schema.get_field_index(name)
    texts = pa.array(["safe_x202E_exe.txt", "a_x_b"] + ["x"] * (len(HOSTILE) - 2))
    export = hostile._replace(rows=hostile.rows.set_column(place, name, texts))
    write_workbook(tmp_path / "export.xlsx", export)
    with ZipFile(tmp_path / "export.xlsx") as book:
        content = "".join(
            book.read(n).decode() for n in book.namelist() if "xl/" in n and n.endswith(".xml")
        )
    # ECMA-376, 22.9.2.19: an underscore of the text itself is written as its code.
    assert "safe_x005F_x202E_exe.txt" in content
    assert "a_x_b" in content
