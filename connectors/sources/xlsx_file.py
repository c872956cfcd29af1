"""One sheet of an Excel workbook, row by row; what a formula last gave stands for the formula.

The header is the first row that holds anything; rows that hold nothing are no rows. A cell that
Excel shows as an error, such as ``#N/A``, holds no value and is empty. Memory is bounded by the
workbook's table of texts, which the limits below bound, and by the rows that a sheet can have.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from openpyxl import Workbook, load_workbook

from connectors.errors import SourceError
from connectors.sources.content import open_bytes
from connectors.sources.table import LONGEST_ROW, TOO_LONG, Row, Table, Unreadable
from connectors.sources.xlsx_cell import cell_text
from connectors.sources.xlsx_marks import check_marks

MOST_UNPACKED = 2 << 30
"""Bytes of all parts of a workbook; a full sheet of a million rows and forty columns has them."""
MOST_IN_MEMORY = 256 << 20
"""Bytes of any part that is not a sheet, since such parts are not streamed."""
MOST_TIMES = 200
"""A part of more than `SMALL` bytes that is packed tighter than any table is a trap."""
SMALL = 16 << 20
LAST_ROW = 1_048_576
"""Of any sheet, by ECMA-376."""
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_SHEETS = "/worksheets/"


class XlsxFile(Table):
    """An open sheet of a workbook. Use it as a context; iterate it once."""

    def __init__(self, path: Path, sheet: str | None = None) -> None:
        """Open the sheet of that name, else the first, and read its header.

        Raises:
            SourceError: no workbook, one that is encrypted or unpacks to too much, no such sheet,
                no header, formulas never calculated, or cells merged over several rows.
        """
        self.path = path
        self.description = f"Excel workbook, sheet {sheet!r}" if sheet else "Excel workbook"
        self._raw = open_bytes(path)
        self.size = os.fstat(self._raw.fileno()).st_size
        self._done = False
        self._book: Workbook | None = None
        try:
            _check(path, self._raw)
            self._book = self._guarded(lambda: _load(self._raw))
            chosen = _sheet(path, self._book, sheet)
            check_marks(path, self._raw, _part_of(chosen))
            self._rows = self._numbered(chosen)
            self.header = self._read_header()
        except BaseException:
            self.close()
            raise

    @property
    def consumed(self) -> int:
        """Bytes of the file, as it lies on disk, that have been read."""
        return self.size if self._done else min(self._raw.tell(), self.size)

    def __iter__(self) -> Iterator[Row | Unreadable]:
        width = len(self.header)
        for number, (line, cells) in enumerate(self._rows, start=1):
            if sum(map(len, cells)) > LONGEST_ROW:
                yield Unreadable(number, line, TOO_LONG)
            elif len(cells) > width:
                yield Unreadable(number, line, f"{len(cells)} cells; the header has {width}")
            else:
                yield Row(number, line, cells + [""] * (width - len(cells)))
        self._done = True

    def close(self) -> None:
        """Close the file; harmless when it is closed already."""
        if self._book is not None:
            self._book.close()
        self._raw.close()

    def _read_header(self) -> tuple[str, ...]:
        found = next(self._rows, None)
        if found is None:
            raise SourceError(f"{self.path}: no header; the sheet's first row names the columns")
        line, cells = found
        if sum(map(len, cells)) > LONGEST_ROW:
            raise SourceError(f"{self.path}:{line}: the header has {TOO_LONG}")
        return tuple(title.strip() for title in cells)

    def _numbered(self, sheet: Any) -> Iterator[tuple[int, list[str]]]:
        """Rows that hold anything, with their numbers in the sheet; without empty cells at the end."""
        rows = iter(sheet.iter_rows())
        for line in count(1):
            cells = self._guarded(lambda: _texts(next(rows, None)))
            if cells is None:
                return
            if line > LAST_ROW:
                raise SourceError(f"{self.path}: the sheet has a row beyond {LAST_ROW}")
            if cells:
                yield line, cells

    def _guarded(self, call: Any) -> Any:
        """Do a step of reading; whatever openpyxl stumbles over means a damaged workbook."""
        try:
            with warnings.catch_warnings():
                # They tell of styles and print settings, or quote what stands in a cell.
                warnings.simplefilter("ignore")
                return call()
        except Exception as error:
            what = type(error).__name__  # its text may quote what stands in a cell
            raise SourceError(
                f"{self.path}: the workbook is damaged or hostile ({what})"
            ) from error


def _load(raw: IO[bytes]) -> Workbook:
    return load_workbook(raw, read_only=True, data_only=True, keep_links=False)


def _sheet(path: Path, book: Workbook, name: str | None) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    chosen = next(iter(sheets.values()), None) if name is None else sheets.get(name)
    if chosen is None:
        accepted = ", ".join(map(repr, sheets)) or "a workbook that has a sheet"
        raise SourceError(f"{path}: no sheet {name or ''!r}; accepted: {accepted}")
    # What a workbook says of its own extent is often wrong, and then rows would be left out.
    chosen.reset_dimensions()
    return chosen


def _part_of(sheet: Any) -> str:
    part = sheet._worksheet_path  # noqa: SLF001 - the library knows which part holds the sheet
    return str(part).lstrip("/")


def _texts(cells: Any) -> list[str] | None:
    if cells is None:
        return None
    texts = [cell_text(cell) for cell in cells]
    while texts and not texts[-1].strip():
        texts.pop()
    return texts


def _check(path: Path, raw: IO[bytes]) -> None:
    """Refuse what is no workbook, and one that unpacks to more than it should."""
    if raw.read(len(_OLE)) == _OLE:
        message = "is encrypted, or an .xls of Excel 97–2003; save it as .xlsx without a password"
        raise SourceError(f"{path}: the workbook {message}")
    raw.seek(0)
    try:
        with ZipFile(raw) as archive:
            parts = archive.infolist()
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        raise SourceError(f"{path}: is no Excel workbook; accepted are .xlsx and .xlsm") from None
    if sum(part.file_size for part in parts) > MOST_UNPACKED or any(map(_is_trap, parts)):
        message = (
            f"unpacks to more than {MOST_UNPACKED >> 20} MiB, or far more than it is packed in"
        )
        raise SourceError(f"{path}: the workbook {message}; supply the sheet as CSV")


def _is_trap(part: ZipInfo) -> bool:
    if part.file_size > MOST_IN_MEMORY and _SHEETS not in f"/{part.filename}":
        return True
    return part.file_size > max(SMALL, MOST_TIMES * part.compress_size)
