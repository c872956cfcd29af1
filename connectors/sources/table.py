"""Define a file as the connector reads it, in any format: a header, and rows in bounded memory.

A row that does not match the header is `Unreadable` with its line, so that the publisher counts and
reports it. A row that its workbook hides is `Hidden`, without its content. A file that is damaged
as a whole, or has no header, raises `SourceError`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from connectors.errors import SourceError

LONGEST_ROW = 200_000
"""Characters of a row. At four bytes each, the record is smaller than an intake topic's limit."""
TOO_LONG = f"more than {LONGEST_ROW} characters"
HIDDEN: Final = "hidden in the workbook"
"""The reason for a row that is out of scope because its workbook hides it."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class Row(NamedTuple):
    """A row: its number among the rows, counted from 1, the line where it begins, and its cells.

    `sheet` counts the sheets that are read, from 1; it is 0 if there is only one.
    """

    number: int
    line: int
    cells: list[str]
    sheet: int = 0


class Unreadable(NamedTuple):
    """A row that cannot be read, with the reason, and without its content."""

    number: int
    line: int
    reason: str
    sheet: int = 0

    @property
    def told(self) -> str:
        """Return where the row is and why it cannot be read, without the name of a sheet."""
        sheet = f"sheet {self.sheet}, " if self.sheet else ""
        return f"{sheet}line {self.line}: {self.reason}"


class Hidden(NamedTuple):
    """A row that a workbook hides, by hand or by a filter, without its content."""

    number: int
    line: int
    sheet: int = 0


class Contents(NamedTuple):
    """The parts of a workbook that are read, and those that are not.

    `not_read` are sheets with a reason each. The names of sheets and columns are only for the
    supplier. `caveats` are for others and have only counts.
    """

    sheets: tuple[str, ...] = ()
    not_read: tuple[tuple[str, str], ...] = ()
    hidden_columns: tuple[str, ...] = ()

    @property
    def caveats(self) -> list[str]:
        """Return what a recipient must know about the parts that were not read."""
        found = []
        if self.not_read:
            found.append(
                f"Sheets of the workbook that were not read: {len(self.not_read)} of "
                f"{len(self.not_read) + len(self.sheets)}"
            )
        if self.hidden_columns:
            found.append(
                f"Columns that the workbook hides and that were not read: {len(self.hidden_columns)}"
            )
        return found

    @property
    def lines(self) -> list[str]:
        """Return the lines for the supplier, with the names of sheets and columns."""
        found = []
        if self.not_read or len(self.sheets) > 1:
            found.append(f"sheets read: {', '.join(map(repr, self.sheets))}")
        found += [f"sheet not read: {name!r} ({reason})" for name, reason in self.not_read]
        if self.hidden_columns:
            found.append(f"hidden columns, not read: {', '.join(map(repr, self.hidden_columns))}")
        return found

    def document(self) -> dict[str, object]:
        """Return the contents for JSON; the lists are empty if the file is not a workbook."""
        return {
            "sheets_read": list(self.sheets),
            "sheets_not_read": dict(self.not_read),
            "hidden_columns": list(self.hidden_columns),
        }


NOTHING_LEFT_OUT: Final = Contents()
"""The contents of a file that is not a workbook."""


class Table(ABC):
    """An open file. Use it as a context; iterate it once. A row has as many cells as the header.

    `header` has the titles, `size` is the number of bytes of the file on disk, `description` says
    how it was read, and `contents` names the parts of a workbook that are read.
    """

    header: tuple[str, ...]
    size: int
    description: str
    contents: Contents = NOTHING_LEFT_OUT

    @abstractmethod
    def __iter__(self) -> Iterator[Row | Unreadable | Hidden]:
        """Yield each row once, in the file's order."""

    @property
    @abstractmethod
    def consumed(self) -> int:
        """Return the number of bytes of the file on disk that have been read."""

    @abstractmethod
    def close(self) -> None:
        """Close the file; does nothing if it is closed already."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def rows_of(source: Table, file: Path) -> Iterator[Row | Unreadable | Hidden]:
    """Yield each row of a file of records.

    Raises:
        SourceError: the file has a header and no row, and must not count as a successful supply.
    """
    empty = True
    for row in source:
        empty = False
        yield row
    if empty:
        raise SourceError(
            f"{file}: has a header and no rows; accepted: a file with at least one row"
        )


def is_text(text: str) -> bool:
    """Return True if the text can be written as UTF-8; undecodable bytes are surrogates in it."""
    return text.isascii() or not _SURROGATE.search(text)
