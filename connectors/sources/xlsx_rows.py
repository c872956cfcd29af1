"""The rows of one sheet with what the sheet says of their being shown, one at a time.

`openpyxl` knows hidden rows and columns only where it holds a whole sheet in memory. Its parser is
used here row by row, so that each row's own mark is seen while the row is read.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any, Final, NamedTuple

from openpyxl.worksheet._reader import COL_TAG, DATA_TAG, ROW_TAG, WorkSheetParser
from openpyxl.xml.functions import iterparse

from connectors.sources.xlsx_cell import cell_text

LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_384
"""Of any sheet, by ECMA-376."""
_TRUE: Final = frozenset({"1", "true"})


class SheetRow(NamedTuple):
    """A row that holds anything in a column that is shown: without empty cells at its end.

    `unseen` are the cells of hidden columns, by position.
    """

    line: int
    cells: list[str]
    hidden: bool
    unseen: dict[int, str]


class RowBeyondError(ValueError):
    """A row that no sheet can have."""


def sheet_rows(sheet: Any) -> Iterator[SheetRow]:
    """Read a sheet that was opened read-only; `ValueError` and others where it is damaged.

    Rows that show nothing are left out. A row or column of no height or width is hidden.
    """
    book = sheet.parent
    with sheet._get_source() as source:  # noqa: SLF001 - see the module's docstring
        parser = _Parser(
            source,
            sheet._shared_strings,  # noqa: SLF001
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
        )
        before = 0
        for line, cells in parser.parse():
            if line > LAST_ROW:
                raise RowBeyondError
            if line <= before:
                raise ValueError("rows out of order")
            before = line
            texts = [cell_text(cell) for cell in sheet._get_row(cells)]  # noqa: SLF001
            row = _seen(line, texts, parser)
            if row.cells:
                yield row


def _seen(line: int, texts: list[str], parser: _Parser) -> SheetRow:
    hidden = parser.hidden_columns
    shown = [text for at, text in enumerate(texts) if at not in hidden] if hidden else texts
    unseen = {at: text for at, text in enumerate(texts) if at in hidden} if hidden else {}
    while shown and not shown[-1].strip():
        shown.pop()
    return SheetRow(line, shown, parser.row_is_hidden, unseen)


class _Parser(WorkSheetParser):
    """Keeps of rows and columns nothing but whether they are hidden."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.hidden_columns: set[int] = set()
        self.row_is_hidden = False

    def parse(self) -> Generator[tuple[int, list[dict[str, Any]]], None, None]:
        """Each row, none of which is kept; the library's own loop keeps an element of every row."""
        data = None
        for event, element in iterparse(self.source, ("start", "end")):
            if event == "start":
                data = element if element.tag == DATA_TAG else data
            elif element.tag == COL_TAG:
                self.parse_column_dimensions(element)
            elif element.tag == ROW_TAG:
                yield self.parse_row(element)
                if data is not None:
                    data.clear()

    def parse_column_dimensions(self, col: Any) -> None:
        """Take a run of columns; they are declared before the first row."""
        if self.row_counter:
            raise ValueError("columns behind rows")
        if _is_hidden(col.attrib, "width"):
            first, last = int(col.attrib["min"]), min(int(col.attrib["max"]), LAST_COLUMN)
            self.hidden_columns.update(range(first - 1, last))

    def parse_row(self, row: Any) -> tuple[int, list[dict[str, Any]]]:
        """Parse one row; a sheet's row dimensions, which the library keeps, would fill the memory."""
        self.row_is_hidden = _is_hidden(row.attrib, "ht")
        parsed: tuple[int, list[dict[str, Any]]] = super().parse_row(row)
        self.row_dimensions.clear()
        return parsed


def _is_hidden(attributes: Mapping[str, str], size: str) -> bool:
    if attributes.get("hidden", "").strip().lower() in _TRUE:
        return True
    given = attributes.get(size)
    return given is not None and float(given) == 0
