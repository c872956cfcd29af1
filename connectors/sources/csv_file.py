"""A CSV file, plain, gzip or xz, row by row in bounded memory.

A row that cannot be read as the header says (cells too many or too few, a quote that does not
close, bytes that are not of the encoding) is given as `Unreadable` with its line, so that whoever
publishes counts and reports it. Lines that are empty are no rows. A file that is damaged as a
whole, or has no header, is a `SourceError`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import lzma
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, cast

from connectors.errors import SourceError

LONGEST_ROW = 200_000
"""Characters; at four bytes each a record stays below what an intake topic takes."""
LONGEST_QUOTED_RUN = 2_000_000
_BLOCK = 1 << 20
_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
_UNDECODED = re.compile("[\ud800-\udfff]")


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


class CsvFile:
    """An open CSV file. Use it as a context; iterate it once."""

    def __init__(self, path: Path, delimiter: str = ",", encoding: str = "utf-8-sig") -> None:
        """Open the file and read its header; `SourceError` where there is none."""
        self.path = path
        self._raw = _open(path)
        self.size = os.fstat(self._raw.fileno()).st_size
        self._content = _decompressed(path, self._raw)
        self._text = io.TextIOWrapper(
            # Bytes that are not of the encoding become lone surrogates, which mark their row alone.
            self._content, encoding=encoding, errors="surrogateescape", newline="",
        )  # fmt: skip
        self._encoding = encoding
        self._line = 0
        self._run = 0
        self._too_long = False
        self._rows = csv.reader(self._lines(), delimiter=delimiter, strict=True)
        try:
            self.header = self._read_header()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> CsvFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def consumed(self) -> int:
        """Bytes of the file, as it lies on disk, that have been read."""
        return min(self._raw.tell(), self.size)

    def __iter__(self) -> Iterator[Row | Unreadable]:
        number = 0
        while True:
            line = self._line + 1
            cells = self._next_row(number + 1, line)
            if cells is None:
                return
            if isinstance(cells, Unreadable):
                number += 1
                yield cells
            elif cells:
                number += 1
                reason = self._reason(cells)
                yield Unreadable(number, line, reason) if reason else Row(number, line, cells)

    def close(self) -> None:
        """Close the file; harmless when it is closed already."""
        self._text.close()
        self._raw.close()

    def _read_header(self) -> tuple[str, ...]:
        header = self._next_row(0, 1)
        if isinstance(header, Unreadable):
            raise SourceError(f"{self.path}:1: the header cannot be read: {header.reason}")
        if not header:
            raise SourceError(f"{self.path}:1: no header; the first line names the columns")
        if _UNDECODED.search("".join(header)) or self._too_long:
            raise SourceError(f"{self.path}:1: the header is no text in {self._encoding}")
        return tuple(title.strip() for title in header)

    def _next_row(self, number: int, line: int) -> list[str] | Unreadable | None:
        self._run, self._too_long = 0, False
        try:
            return next(self._rows, None)
        except csv.Error as error:
            return Unreadable(number, line, f"{error}{self._until(line)}")
        except _DAMAGE as error:
            raise SourceError(f"{self.path}:{self._line}: the file is damaged: {error}") from None
        except UnicodeError:
            message = f"{self.path}:{self._line}: the file is no text in {self._encoding}"
            raise SourceError(message) from None

    def _until(self, line: int) -> str:
        return f"; so up to line {self._line}" if self._line > line else ""

    def _reason(self, cells: list[str]) -> str | None:
        if self._too_long or sum(map(len, cells)) > LONGEST_ROW:
            return f"more than {LONGEST_ROW} characters"
        if len(cells) != len(self.header):
            return f"{len(cells)} cells; the header has {len(self.header)}"
        if any(not c.isascii() and _UNDECODED.search(c) for c in cells):
            return f"bytes that are no text in {self._encoding}"
        return None

    def _lines(self) -> Iterator[str]:
        while line := self._text.readline(LONGEST_ROW + 1):
            self._line += 1
            self._run += len(line)
            if len(line) > LONGEST_ROW and not line.endswith(("\n", "\r")):
                self._too_long = True
                self._skip_line()
            if self._run > LONGEST_QUOTED_RUN:
                message = f"{self.path}:{self._line}: one row goes on over {self._run} characters"
                raise SourceError(f"{message}; a quote before it does not close")
            yield line

    def _skip_line(self) -> None:
        while part := self._text.readline(LONGEST_ROW):
            if part.endswith(("\n", "\r")):
                return


def content_digest(path: Path) -> bytes:
    """SHA-256 of what the file holds, whether or how it is compressed; `SourceError` if damaged."""
    digest = hashlib.sha256()
    with _open(path) as raw, _decompressed(path, raw) as content:
        try:
            while block := content.read(_BLOCK):
                digest.update(block)
        except _DAMAGE as error:
            raise SourceError(f"{path}: the file is damaged: {error}") from None
    return digest.digest()


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None


def _decompressed(path: Path, raw: IO[bytes]) -> IO[bytes]:
    match path.suffix:
        case ".gz":
            return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
        case ".xz":
            return cast("IO[bytes]", lzma.LZMAFile(raw))
    return raw
