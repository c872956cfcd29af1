"""Write an export as an Excel workbook: a sheet with its description, and a sheet with its rows.

No cell is a formula: a text is stored as a text, also if it begins with a sign of a formula. The marking is
on top of the first sheet, and in the header and footer of each printed page.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font

from connectors.hub.errors import HubError
from connectors.hub.exports.export import Export
from connectors.hub.exports.texts import shown_rows
from connectors.spreadsheet import guarded

ABOUT: Final = "About"
DATA: Final = "Data"
MOST_ROWS: Final = 1_048_576
"""The most rows that a sheet has, the header among them."""
LONGEST_TEXT: Final = 32_767
"""The most characters that a cell has."""

_ENCODED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_FIRST_DAY: Final = date(1900, 3, 1)
"""Excel numbers earlier days otherwise than other programs, or not at all."""
_BOLD: Final = Font(bold=True)
_WIDE: Final = 24
_WRAPPED: Final = Alignment(wrap_text=True, vertical="top")


def write_workbook(file: Path, export: Export) -> None:
    """Write a workbook. Points are in it as the columns of their coordinates.

    Raises:
        HubError: a sheet has no room for the rows, or a cell for a text; the text says what to do.
    """
    rows = shown_rows(export.rows)
    _check_room(rows)
    workbook = Workbook(write_only=True)
    workbook.properties.title = export.about.title
    workbook.properties.keywords = export.about.marking
    workbook.properties.creator = export.about.origin.partnership
    with _drafts_in(file.parent):
        _write_about(workbook, export)
        _write_data(workbook, export, rows)
        workbook.save(file)


def _check_room(rows: pa.Table) -> None:
    """Check that a sheet has room for the rows, and a cell for each text: openpyxl would cut it."""
    if rows.num_rows >= MOST_ROWS:
        raise HubError(
            f"a sheet has room for {MOST_ROWS - 1:,} records; there are {rows.num_rows:,}: choose fewer "
            "with --where or --since, or another --format"
        )
    for field in rows.schema:
        if not pa.types.is_string(field.type):
            continue
        longest = pc.max(pc.utf8_length(rows.column(field.name))).as_py() or 0
        if longest > LONGEST_TEXT:
            raise HubError(
                f"a cell has room for {LONGEST_TEXT:,} characters; a text of {field.name} has {longest:,}: "
                "choose another --format"
            )


@contextmanager
def _drafts_in(folder: Path) -> Iterator[None]:
    """Have the drafts of sheets in a private folder: openpyxl has no other way to say where."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _sheet(workbook: Workbook, name: str, marking: str) -> Any:
    sheet = workbook.create_sheet(name)
    # A single ampersand begins a code of the header.
    text = marking.replace("&", "&&")
    for part in (sheet.HeaderFooter.oddHeader, sheet.HeaderFooter.oddFooter):
        part.center.text = text
    return sheet


def _write_about(workbook: Workbook, export: Export) -> None:
    sheet = _sheet(workbook, ABOUT, export.about.marking)
    sheet.column_dimensions["A"].width = 2 * _WIDE
    sheet.column_dimensions["B"].width = 4 * _WIDE
    for number, row in enumerate(export.about.rows()):
        if max(map(len, row)) > LONGEST_TEXT:
            raise HubError(
                f"a cell has room for {LONGEST_TEXT:,} characters; {row[0]} has more: choose another --format"
            )
        cells = [_text(sheet, value) for value in row]
        for cell in cells:
            cell.alignment = _WRAPPED
            if number == 0:
                cell.font = _BOLD
        sheet.append(cells)


def _write_data(workbook: Workbook, export: Export, rows: pa.Table) -> None:
    sheet = _sheet(workbook, DATA, export.about.marking)
    columns = export.about.table.columns
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.sheet_format.defaultColWidth = _WIDE
    header = [_text(sheet, column.name) for column in columns]
    for cell in header:
        cell.font = _BOLD
    sheet.append(header)
    for batch in rows.to_batches():
        values = (_cells(sheet, batch.column(column.name)) for column in columns)
        for row in zip(*values, strict=True):
            sheet.append(row)


def _cells(sheet: Any, values: pa.Array) -> Iterator[Any]:
    return (_cell(sheet, value) for value in values.to_pylist())


def _cell(sheet: Any, value: Any) -> Any:
    match value:
        # openpyxl takes texts with these beginnings for formulas, or for errors such as #N/A.
        case str() if value.startswith("#") or guarded(value) != value:
            return _text(sheet, value)
        case datetime():
            return value.replace(tzinfo=None)
        case date() if value < _FIRST_DAY:
            return value.isoformat()
        case float() if not math.isfinite(value):
            return str(value)
        case str():
            return _as_written(value)
    return value


def _as_written(text: str) -> str:
    """Return a text that a spreadsheet shows as it is: it would read `_x202E_` as a character."""
    return _ENCODED.sub("_x005F_", text)


def _text(sheet: Any, text: str) -> Cell:
    """Return a cell that is a text, and stays one if somebody edits it."""
    cell: Cell = WriteOnlyCell(sheet, _as_written(text))
    cell.data_type = "s"
    cell.quotePrefix = guarded(text) != text
    return cell
