"""Read a table from its supplier's file: its bytes, its header and the number of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

from connectors.errors import SourceError
from connectors.sources.csv_file import CsvFile
from connectors.sources.table import Hidden, Table, Unreadable
from connectors.sources.xlsx_file import XlsxFile
from isp.agreement.topics import MAXIMUM_TABLE_BYTES

_WORKBOOKS = (".xlsx", ".xlsm")
_PIVOT_RECORDS = "xl/pivotCache/pivotCacheRecords"
_UNICODE, _WESTERN = "utf-8-sig", "cp1252"


class TableFile(NamedTuple):
    """A table in the supplier's file; `caveats` name rows that do not match the header."""

    content: bytes
    read_as: str
    fields: tuple[str, ...]
    records: int
    caveats: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Return the digest of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def read_table(file: Path) -> TableFile:
    """Read a CSV file, or the first sheets of a workbook with the same header.

    Raises:
        SourceError: the file is neither, or the workbook hides something. Its bytes are published
            whole,
            so every recipient would get the hidden parts.
    """
    suffix = file.suffix.lower()
    if suffix not in (".csv", *_WORKBOOKS):
        raise SourceError(
            f"{file}: its suffix is not that of a table; accepted: .csv, .xlsx, .xlsm"
        )
    content = _content(file)
    with opened(file, content) as table:
        _check_hides_nothing(file, table)
        rows = list(_readable(file, table))
        read_as, fields, of_sheets = table.description, table.header, table.contents.caveats
    if _content(file) != content:
        raise SourceError(f"{file}: the file was changed while it was read; publish it again")
    torn = [row for row in rows if row is not None]
    if torn:
        of_sheets.append(f"{len(torn)} rows do not fit the header; the first: {torn[0]}")
    return TableFile(content, read_as, fields, len(rows), tuple(of_sheets))


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAXIMUM_TABLE_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{file}: cannot be read: {error.strerror}") from None
    if len(content) > MAXIMUM_TABLE_BYTES:
        message = f"is larger than {MAXIMUM_TABLE_BYTES:,} bytes, the limit of a table"
        raise SourceError(
            f"{file}: {message}; publish it in parts, or remove columns that nobody needs"
        )
    return content


def opened(file: Path, content: bytes) -> Table:
    """Open a table's file, whose content is known, for reading.

    Raises:
        SourceError: it has no header, or is damaged.
    """
    if file.suffix.lower() in _WORKBOOKS:
        return XlsxFile(file)
    try:
        content.decode(_UNICODE)
    except UnicodeDecodeError:
        return CsvFile(file, encoding=_WESTERN)
    return CsvFile(file, encoding=_UNICODE)


def _check_hides_nothing(file: Path, table: Table) -> None:
    hidden = [
        f"the sheet {name!r}" for name, reason in table.contents.not_read if "hidden" in reason
    ]
    hidden += [f"the column {title!r}" for title in table.contents.hidden_columns]
    if file.suffix.lower() in _WORKBOOKS:
        with ZipFile(file) as archive:
            if any(name.startswith(_PIVOT_RECORDS) for name in archive.namelist()):
                hidden.append("the records behind a pivot table")
    if hidden:
        raise SourceError(_hides(file, ", ".join(hidden)))


def _hides(file: Path, what: str) -> str:
    return (
        f"{file}: the workbook hides {what}; it would be published with its hidden parts: delete "
        "them, or save only the table as CSV"
    )


def _readable(file: Path, table: Table) -> Iterator[str | None]:
    """Yield for each row the reason why it does not match the header, or None if it does."""
    for row in table:
        if isinstance(row, Hidden):
            raise SourceError(_hides(file, f"row {row.line}"))
        yield row.told if isinstance(row, Unreadable) else None
