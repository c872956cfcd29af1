"""Read the visible sheets of an Excel workbook row by row; a formula has its last calculated value.

Hidden parts of a workbook are not read: sheets, rows (also filtered ones) and columns. They are
counted and named instead. A hidden sheet is read if the mapping gives its name.

The header is the first row with a visible value; rows without one are skipped. Of several visible
sheets, those with the header of the first are read, such as one sheet per month. A cell that Excel
shows as an error, such as ``#N/A``, is empty. Memory is bounded by the workbook's table of texts,
which the limits below bound, and by the number of rows of a sheet.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar
from zipfile import BadZipFile, ZipFile, ZipInfo

from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter

from connectors.errors import SourceError
from connectors.mappings.values import folded
from connectors.sources.content import open_bytes
from connectors.sources.table import LONGEST_ROW, TOO_LONG, Contents, Hidden, Row, Table, Unreadable
from connectors.sources.xlsx_marks import check_marks
from connectors.sources.xlsx_rows import LAST_ROW, RowBeyondError, SheetRow, sheet_rows

MOST_UNPACKED = 2 << 30
"""Bytes of all parts of a workbook; a full sheet of a million rows and forty columns has as many."""
MOST_IN_MEMORY = 256 << 20
"""Bytes of a part that is not a sheet, because such parts are not streamed."""
MOST_TIMES = 200
"""Greatest compression of a part larger than `SMALL`; more is a decompression bomb."""
SMALL = 16 << 20
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_SHEETS = "/worksheets/"


_SHOWN = "visible"
_STATES = {"hidden": "hidden", "veryHidden": "hidden so that Excel does not list it"}
_Result = TypeVar("_Result")


class _Sheet(NamedTuple):
    """An open sheet: its header, the hidden rows above it, and the rows below it."""

    title: str
    header: tuple[str, ...]
    above: list[SheetRow]
    hidden_columns: tuple[str, ...]
    rows: Iterator[SheetRow]


class XlsxFile(Table):
    """An open workbook. Use it as a context; iterate it once."""

    def __init__(self, path: Path, sheet: str | None = None) -> None:
        """Open the named sheet, or all visible sheets with the same header, and read the header.

        Raises:
            SourceError: not a workbook; encrypted, or unpacks to too much; no such sheet, no
                visible sheet
                or no header; formulas never calculated, or cells merged over several rows.
        """
        self.path = path
        self._raw = open_bytes(path)
        self.size = os.fstat(self._raw.fileno()).st_size
        self._done = False
        self._book: Workbook | None = None
        try:
            _check(path, self._raw)
            book = self._book = self._guarded(lambda: _load(self._raw))
            self._sheets, not_read = self._opened(book, sheet)
        except BaseException:
            self.close()
            raise
        first = self._sheets[0]
        self.header = first.header
        titles = tuple(opened.title for opened in self._sheets)
        self.contents = Contents(titles, tuple(not_read.items()), first.hidden_columns)
        self.description = _description(sheet, len(titles))

    @property
    def consumed(self) -> int:
        """Return the number of bytes of the file on disk that have been read."""
        return self.size if self._done else min(self._raw.tell(), self.size)

    def __iter__(self) -> Iterator[Row | Unreadable | Hidden]:
        number = 0
        for position, sheet in enumerate(self._sheets, start=1):
            at = position if len(self._sheets) > 1 else 0
            for row in chain(sheet.above, sheet.rows):
                number += 1
                yield self._given(row, number, at)
        self._done = True

    def close(self) -> None:
        """Close the file; does nothing if it is closed already."""
        if self._book is not None:
            self._book.close()
        self._raw.close()

    def _given(self, row: SheetRow, number: int, sheet: int) -> Row | Unreadable | Hidden:
        width, cells = len(self.header), row.cells
        if row.hidden:
            return Hidden(number, row.line, sheet)
        if sum(map(len, cells)) > LONGEST_ROW:
            return Unreadable(number, row.line, TOO_LONG, sheet)
        if len(cells) > width:
            reason = f"{len(cells)} cells; the header has {width}"
            return Unreadable(number, row.line, reason, sheet)
        return Row(number, row.line, cells + [""] * (width - len(cells)), sheet)

    def _opened(self, book: Workbook, name: str | None) -> tuple[list[_Sheet], dict[str, str]]:
        """Return the sheets to read, and for each other sheet the reason why it is not read."""
        not_read = {chart.title: "a chart" for chart in book.chartsheets}
        if name is not None:
            named = _named(self.path, book, name)
            others = [sheet.title for sheet in book.worksheets if sheet is not named]
            not_read |= dict.fromkeys(others, "not the sheet that the mapping names")
            return [self._first(named)], not_read
        states = {sheet.title: _STATES.get(sheet.sheet_state) for sheet in book.worksheets}
        not_read |= {title: state for title, state in states.items() if state}
        visible = [sheet for sheet in book.worksheets if sheet.sheet_state == _SHOWN]
        if not visible:
            raise SourceError(_nothing_shown(self.path, not_read))
        found = [self._first(visible[0])]
        for sheet in visible[1:]:
            opened = self._open(sheet)
            if opened is None:
                not_read[sheet.title] = "empty"
            elif _alike(opened.header) != _alike(found[0].header):
                not_read[sheet.title] = "its header differs from the first"
            else:
                found.append(self._marked(sheet, opened))
        return found, not_read

    def _first(self, sheet: Any) -> _Sheet:
        opened = self._open(sheet)
        if opened is None:
            message = f"{self.path}: no header; the first visible row of the sheet {sheet.title!r}"
            raise SourceError(f"{message} must name the columns")
        return self._marked(sheet, opened)

    def _marked(self, sheet: Any, opened: _Sheet) -> _Sheet:
        check_marks(self.path, self._raw, _part_of(sheet))
        return opened

    def _open(self, sheet: Any) -> _Sheet | None:
        """Read up to the header; return None if the sheet has no visible value."""
        rows, above = self._rows(sheet), []
        for row in rows:
            if row.hidden:
                above.append(row._replace(cells=[], unseen={}))
                continue
            if sum(map(len, row.cells)) > LONGEST_ROW:
                raise SourceError(f"{self.path}:{row.line}: the header has {TOO_LONG}")
            header = tuple(title.strip() for title in row.cells)
            unseen = [
                title.strip() or get_column_letter(at + 1) for at, title in row.unseen.items()
            ]
            return _Sheet(sheet.title, header, above, tuple(unseen), rows)
        return None

    def _rows(self, sheet: Any) -> Iterator[SheetRow]:
        rows = sheet_rows(sheet)
        while True:
            row = self._guarded(lambda: next(rows, None))
            if row is None:
                return
            yield row

    def _guarded(self, call: Callable[[], _Result]) -> _Result:
        """Run a reading step; any error of openpyxl means that the workbook is damaged."""
        try:
            with warnings.catch_warnings():
                # The warnings are about styles and print settings, or quote a cell's content.
                warnings.simplefilter("ignore")
                return call()
        except RowBeyondError:
            raise SourceError(f"{self.path}: the sheet has a row beyond {LAST_ROW}") from None
        except Exception as error:
            what = type(error).__name__  # its text may quote a cell's content
            raise SourceError(
                f"{self.path}: the workbook is damaged or hostile ({what})"
            ) from error


def _load(raw: IO[bytes]) -> Workbook:
    return load_workbook(raw, read_only=True, data_only=True, keep_links=False)


def _named(path: Path, book: Workbook, name: str) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if name not in sheets:
        accepted = ", ".join(map(repr, sheets)) or "a workbook with a sheet"
        raise SourceError(f"{path}: no sheet {name!r}; accepted: {accepted}")
    return sheets[name]


def _nothing_shown(path: Path, not_read: dict[str, str]) -> str:
    names = ", ".join(map(repr, not_read))
    if not names:
        return f"{path}: the workbook has no sheet; accepted: a workbook with a table"
    return (
        f"{path}: the workbook has no visible sheet with cells; not read: {names}. A hidden sheet is read "
        "if the mapping names it as its `sheet`"
    )


def _alike(header: tuple[str, ...]) -> list[str]:
    return [folded(title) for title in header]


def _description(sheet: str | None, count: int) -> str:
    if sheet:
        return f"Excel workbook, sheet {sheet!r}"
    return f"Excel workbook, {count} sheets" if count > 1 else "Excel workbook"


def _part_of(sheet: Any) -> str:
    part = sheet._worksheet_path  # noqa: SLF001 - the library knows which part holds the sheet
    return str(part).lstrip("/")


def _check(path: Path, raw: IO[bytes]) -> None:
    """Refuse a file that is not a workbook, or that unpacks to more than the limits."""
    if raw.read(len(_OLE)) == _OLE:
        message = (
            "is encrypted, or is an .xls of Excel 97–2003; save it as .xlsx without a password"
        )
        raise SourceError(f"{path}: the workbook {message}")
    raw.seek(0)
    try:
        with ZipFile(raw) as archive:
            parts = archive.infolist()
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        raise SourceError(f"{path}: is not an Excel workbook; accepted: .xlsx, .xlsm") from None
    if sum(part.file_size for part in parts) > MOST_UNPACKED or any(map(_is_trap, parts)):
        message = f"unpacks to more than {MOST_UNPACKED >> 20} MiB, or is compressed far too much"
        raise SourceError(f"{path}: the workbook {message}; supply the sheet as CSV")


def _is_trap(part: ZipInfo) -> bool:
    if part.file_size > MOST_IN_MEMORY and _SHEETS not in f"/{part.filename}":
        return True
    return part.file_size > max(SMALL, MOST_TIMES * part.compress_size)
