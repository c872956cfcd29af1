"""What a file is to the connector, whatever its format: a header, and rows in bounded memory.

A row that cannot be read as the header says is given as `Unreadable` with its line, so that whoever
publishes counts and reports it. A file that is damaged as a whole, or has no header, is a
`SourceError`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Self

LONGEST_ROW = 200_000
"""Characters; at four bytes each a record stays below what an intake topic takes."""
TOO_LONG = f"more than {LONGEST_ROW} characters"
_SURROGATE = re.compile("[\ud800-\udfff]")


class Row(NamedTuple):
    """A row: its number among the rows, counted from 1, the line it begins on, and its cells."""

    number: int
    line: int
    cells: list[str]


class Unreadable(NamedTuple):
    """A row that is none, and why; never what stands in it."""

    number: int
    line: int
    reason: str


class Table(ABC):
    """An open file. Use it as a context; iterate it once. It gives as many cells as titles.

    `header` holds the titles, `size` the bytes of the file as it lies on disk, and `description`
    how it was read.
    """

    header: tuple[str, ...]
    size: int
    description: str

    @abstractmethod
    def __iter__(self) -> Iterator[Row | Unreadable]:
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


def is_text(text: str) -> bool:
    """Whether it can be written as UTF-8; bytes that could not be decoded stand as surrogates."""
    return text.isascii() or not _SURROGATE.search(text)
