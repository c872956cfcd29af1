"""Read the rows of one sheet, one at a time, with the marks for hidden rows and columns.

`openpyxl` knows hidden rows and columns only of a sheet that is whole in memory. So its parser is
used here row by row, and each row's own mark is read with the row.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any, Final, NamedTuple

from openpyxl.worksheet._reader import COL_TAG, DATA_TAG, ROW_TAG, WorkSheetParser
from openpyxl.xml.functions import iterparse

from connectors.sources.xlsx_cell import cell_text

LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_384
"""Last row and column of any sheet, by ECMA-376."""
_TRUE: Final = frozenset({"1", "true"})


class SheetRow(NamedTuple):
    """A row with at least one visible value, without empty cells at its end.

    `unseen` are the cells of hidden columns, by position.
    """

    line: int
    cells: list[str]
    hidden: bool
    unseen: dict[int, str]


class RowBeyondError(ValueError):
    """A row number that no sheet can have."""


def sheet_rows(sheet: Any) -> Iterator[SheetRow]:
    """Yield the rows of a sheet that was opened read-only.

    Rows without a visible value are left out. A row or column without height or width is hidden.

    Raises:
        ValueError: the sheet is damaged; other errors of the library are possible, too.
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
    """A parser that keeps of rows and columns only whether they are hidden."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.hidden_columns: set[int] = set()
        self.row_is_hidden = False

    def parse(self) -> Generator[tuple[int, list[dict[str, Any]]], None, None]:
        """Yield each row without keeping it.

        The library's own loop keeps an element of every row.
        """
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
        """Read the widths of a run of columns; they are declared before the first row."""
        if self.row_counter:
            raise ValueError("columns behind rows")
        if _is_hidden(col.attrib, "width"):
            first, last = int(col.attrib["min"]), min(int(col.attrib["max"]), LAST_COLUMN)
            self.hidden_columns.update(range(first - 1, last))

    def parse_row(self, row: Any) -> tuple[int, list[dict[str, Any]]]:
        """Parse one row, and drop the row dimensions that the library would keep in memory."""
        self.row_is_hidden = _is_hidden(row.attrib, "ht")
        parsed: tuple[int, list[dict[str, Any]]] = super().parse_row(row)
        self.row_dimensions.clear()
        return parsed


def _is_hidden(attributes: Mapping[str, str], size: str) -> bool:
    if attributes.get("hidden", "").strip().lower() in _TRUE:
        return True
    given = attributes.get(size)
    return given is not None and float(given) == 0
