"""A table as its supplier's file holds it: its bytes, and what its header and rows say of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from connectors.errors import SourceError
from connectors.sources.csv_file import CsvFile
from connectors.sources.table import Table, Unreadable
from connectors.sources.xlsx_file import XlsxFile
from schemas.topics import MAXIMUM_TABLE_BYTES

_WORKBOOKS = (".xlsx", ".xlsm")
_UNICODE, _WESTERN = "utf-8-sig", "cp1252"


class TableFile(NamedTuple):
    """A table as the supplier's file holds it; `caveats` tell of rows that do not fit the header."""

    content: bytes
    read_as: str
    fields: tuple[str, ...]
    records: int
    caveats: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Digest of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def read_table(file: Path) -> TableFile:
    """Read a CSV file or the first sheet of a workbook whole; `SourceError` where it is neither."""
    suffix = file.suffix.lower()
    if suffix not in (".csv", *_WORKBOOKS):
        raise SourceError(f"{file}: is no table by its suffix; accepted: .csv, .xlsx, .xlsm")
    content = _content(file)
    with _opened(file, content) as table:
        rows = list(_readable(table))
        read_as, fields = table.description, table.header
    if _content(file) != content:
        raise SourceError(f"{file}: the file was changed while it was read; publish it again")
    torn = [row for row in rows if row is not None]
    caveats = (f"{len(torn)} rows do not fit the header; the first: {torn[0]}",) if torn else ()
    return TableFile(content, read_as, fields, len(rows), caveats)


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAXIMUM_TABLE_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{file}: cannot be read: {error.strerror}") from None
    if len(content) > MAXIMUM_TABLE_BYTES:
        message = f"is larger than {MAXIMUM_TABLE_BYTES:,} bytes, the most that is published"
        raise SourceError(f"{file}: {message}; publish it in parts, or without what nobody needs")
    return content


def _opened(file: Path, content: bytes) -> Table:
    if file.suffix.lower() in _WORKBOOKS:
        return XlsxFile(file)
    try:
        content.decode(_UNICODE)
    except UnicodeDecodeError:
        return CsvFile(file, encoding=_WESTERN)
    return CsvFile(file, encoding=_UNICODE)


def _readable(table: Table) -> Iterator[str | None]:
    """For each row why it does not fit the header, or None where it does."""
    for row in table:
        yield f"line {row.line}: {row.reason}" if isinstance(row, Unreadable) else None
