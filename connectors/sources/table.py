"""What a file is to the connector, whatever its format: a header, and rows in bounded memory.

A row that cannot be read as the header says is given as `Unreadable` with its line, so that whoever
publishes counts and reports it. A row that its workbook hides is given as `Hidden`, without what is
in it. A file that is damaged as a whole, or has no header, is a `SourceError`.
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
"""Characters; at four bytes each a record stays below what an intake topic takes."""
TOO_LONG = f"more than {LONGEST_ROW} characters"
HIDDEN: Final = "hidden in the workbook"
"""Why a row is out of scope that a workbook does not show."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class Row(NamedTuple):
    """A row: its number among the rows, counted from 1, the line it begins on, and its cells.

    `sheet` counts the sheets read from 1; it is 0 where there is one alone.
    """

    number: int
    line: int
    cells: list[str]
    sheet: int = 0


class Unreadable(NamedTuple):
    """A row that is none, and why; never what stands in it."""

    number: int
    line: int
    reason: str
    sheet: int = 0

    @property
    def told(self) -> str:
        """Where it is and why it cannot be read, without the name of a sheet."""
        sheet = f"sheet {self.sheet}, " if self.sheet else ""
        return f"{sheet}line {self.line}: {self.reason}"


class Hidden(NamedTuple):
    """A row that a workbook hides, by hand or by a filter; never what stands in it."""

    number: int
    line: int
    sheet: int = 0


class Contents(NamedTuple):
    """What of a workbook is read and what is not.

    `not_read` are sheets with the reason of each. Names of sheets and columns are for the supplier alone;
    `caveats`, which others see, count them.
    """

    sheets: tuple[str, ...] = ()
    not_read: tuple[tuple[str, str], ...] = ()
    hidden_columns: tuple[str, ...] = ()

    @property
    def caveats(self) -> list[str]:
        """What a recipient must know of it."""
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
        """What the supplier is told of it."""
        found = []
        if self.not_read or len(self.sheets) > 1:
            found.append(f"sheets read: {', '.join(map(repr, self.sheets))}")
        found += [f"sheet not read: {name!r} ({reason})" for name, reason in self.not_read]
        if self.hidden_columns:
            found.append(f"hidden columns, not read: {', '.join(map(repr, self.hidden_columns))}")
        return found

    def document(self) -> dict[str, object]:
        """The same for a program to read; empty lists where the file is no workbook."""
        return {
            "sheets_read": list(self.sheets),
            "sheets_not_read": dict(self.not_read),
            "hidden_columns": list(self.hidden_columns),
        }


NOTHING_LEFT_OUT: Final = Contents()
"""Of a file that is no workbook."""


class Table(ABC):
    """An open file. Use it as a context; iterate it once. It gives as many cells as titles.

    `header` holds the titles, `size` the bytes of the file as it lies on disk, `description`
    how it was read, and `contents` what of a workbook is read.
    """

    header: tuple[str, ...]
    size: int
    description: str
    contents: Contents = NOTHING_LEFT_OUT

    @abstractmethod
    def __iter__(self) -> Iterator[Row | Unreadable | Hidden]:
        """Each row once, in the file's order."""

    @property
    @abstractmethod
    def consumed(self) -> int:
        """Bytes of the file, as it lies on disk, that have been read."""

    @abstractmethod
    def close(self) -> None:
        """Close the file; harmless when it is closed already."""

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
        SourceError: the file has a header and no row, so that nobody takes it for a supply that went well.
    """
    empty = True
    for row in source:
        empty = False
        yield row
    if empty:
        raise SourceError(
            f"{file}: has a header and no rows; accepted is a file with at least one row"
        )


def is_text(text: str) -> bool:
    """Whether it can be written as UTF-8; bytes that could not be decoded stand as surrogates."""
    return text.isascii() or not _SURROGATE.search(text)
