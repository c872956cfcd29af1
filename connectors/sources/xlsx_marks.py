"""Refuse sheets with cells that only look empty: uncalculated formulas, merged rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final
from zipfile import ZipFile

from connectors.errors import SourceError

_BLOCK: Final = 1 << 20
_LONGEST_CELL: Final = 1 << 18
"""Bytes of the XML of one cell with a formula; the longest in Excel has 8,192 characters."""
_N: Final = rb"(?:\w+:)?"
_FORMULA: Final = re.compile(
    rb"<%bc\b([^>]*)>\s*<%bf\b(?:[^>]*/>|[^>]*>[^<]*</%bf>)\s*(?:<%bv\s*/>|<%bv>\s*</%bv>)?\s*</%bc>"
    % ((_N,) * 7)
)
_CELL_NAME: Final = re.compile(rb'\br="([A-Z]{1,3}[0-9]{1,7})"')
_TEXT_RESULT: Final = re.compile(rb"""\bt=["']str["']""")
_MERGED: Final = re.compile(rb'<%bmergeCell\b[^>]*\bref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"' % _N)


def check_marks(path: Path, raw: IO[bytes], part: str) -> None:
    """Refuse a sheet with cells whose value cannot be read.

    Raises:
        SourceError: a formula was never calculated, or cells are merged over several rows.
    """
    with ZipFile(raw) as archive, archive.open(part) as sheet:
        for block in _blocks(sheet):
            for match in _FORMULA.finditer(block):
                # A formula with an empty text as its result is marked as a text.
                if not _TEXT_RESULT.search(match[1]):
                    raise SourceError(_uncalculated(path, match[1]))
            for first, top, last, bottom in _MERGED.findall(block):
                if top != bottom:
                    merged = f"{(first + top).decode()}:{(last + bottom).decode()}"
                    raise SourceError(
                        f"{path}: the cells {merged} are merged over several rows, and only "
                        "the first would have a value; split them and fill each row"
                    )


def _blocks(sheet: IO[bytes]) -> Iterator[bytes]:
    """Yield the sheet in pieces that overlap, so that at least one piece has each cell whole."""
    kept = b""
    while block := sheet.read(_BLOCK):
        yield kept + block
        kept = (kept + block)[-_LONGEST_CELL:]


def _uncalculated(path: Path, attributes: bytes) -> str:
    name = _CELL_NAME.search(attributes)
    where = f" in {name[1].decode()}" if name else ""
    return (
        f"{path}: the formula{where} was never calculated, so its cell has no value; open the "
        "workbook in a spreadsheet program and save it, or supply values"
    )
