"""Read a CSV file, plain, gzip or xz, row by row in bounded memory.

A row is unreadable if it has too many or too few cells, a quote that does not close, or bytes that
are not of the encoding. Empty rows are skipped, because spreadsheets leave many below their table.
A first line such as ``sep=;``, a spreadsheet's hint at its delimiter, is skipped, too.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

from connectors.errors import SourceError
from connectors.sources.content import DAMAGE, decompressed, open_bytes
from connectors.sources.table import LONGEST_ROW, TOO_LONG, Row, Table, Unreadable, is_text

LONGEST_QUOTED_RUN = 2_000_000


class CsvFile(Table):
    """An open CSV file. Use it as a context; iterate it once."""

    def __init__(
        self,
        path: Path,
        delimiter: str = ",",
        encoding: str = "utf-8-sig",
        quote: str | None = '"',
    ) -> None:
        """Open the file and read its header.

        Without a `quote`, every character between two delimiters belongs to the cell.

        Raises:
            SourceError: the file has no header, or cannot be opened.
        """
        self.path = path
        self.description = f"CSV, {encoding}, cells parted by {delimiter!r}"
        self._raw = open_bytes(path)
        self.size = os.fstat(self._raw.fileno()).st_size
        self._content = decompressed(path, self._raw)
        self._text = io.TextIOWrapper(
            # Bytes that are not of the encoding become lone surrogates, which mark only their row.
            self._content, encoding=encoding, errors="surrogateescape", newline="",
        )  # fmt: skip
        self._encoding = encoding
        self._line = 0
        self._run = 0
        self._too_long = False
        self._rows = csv.reader(
            self._lines(),
            delimiter=delimiter,
            quotechar=quote,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            strict=True,
        )
        try:
            self.header = self._read_header()
        except BaseException:
            self.close()
            raise

    @property
    def consumed(self) -> int:
        """Return the number of bytes of the file on disk that have been read."""
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
            elif any(map(str.strip, cells)):
                number += 1
                reason = self._reason(cells)
                yield Unreadable(number, line, reason) if reason else Row(number, line, cells)

    def close(self) -> None:
        """Close the file; does nothing if it is closed already."""
        self._text.close()
        self._raw.close()

    def _read_header(self) -> tuple[str, ...]:
        header = self._first_row()
        if isinstance(header, Unreadable):
            raise SourceError(f"{self.path}:1: the header cannot be read: {header.reason}")
        if not header:
            raise SourceError(f"{self.path}:1: no header; the first line must name the columns")
        if not is_text("".join(header)) or self._too_long:
            raise SourceError(f"{self.path}:1: the header is not text in {self._encoding}")
        return tuple(title.strip() for title in header)

    def _first_row(self) -> list[str] | Unreadable | None:
        while True:
            row = self._next_row(0, self._line + 1)
            if not isinstance(row, list) or (any(map(str.strip, row)) and not _is_hint(row)):
                return row

    def _next_row(self, number: int, line: int) -> list[str] | Unreadable | None:
        self._run, self._too_long = 0, False
        try:
            return next(self._rows, None)
        except csv.Error as error:
            return Unreadable(number, line, f"{error}{self._until(line)}")
        except DAMAGE as error:
            raise SourceError(
                f"{self.path}:{max(self._line, 1)}: the file is damaged: {error}"
            ) from None
        except UnicodeError:
            message = f"{self.path}:{self._line}: the file is not text in {self._encoding}"
            raise SourceError(message) from None

    def _until(self, line: int) -> str:
        return f"; so up to line {self._line}" if self._line > line else ""

    def _reason(self, cells: list[str]) -> str | None:
        if self._too_long or sum(map(len, cells)) > LONGEST_ROW:
            return TOO_LONG
        if len(cells) != len(self.header):
            return f"{len(cells)} cells; the header has {len(self.header)}"
        if not all(map(is_text, cells)):
            return f"bytes that are not text in {self._encoding}"
        return None

    def _lines(self) -> Iterator[str]:
        while line := self._text.readline(LONGEST_ROW + 1):
            self._line += 1
            self._run += len(line)
            if len(line) > LONGEST_ROW and not line.endswith(("\n", "\r")):
                self._too_long = True
                self._skip_line()
            if self._run > LONGEST_QUOTED_RUN:
                message = f"{self.path}:{self._line}: one row has more than {LONGEST_QUOTED_RUN} characters"
                raise SourceError(f"{message}; an earlier quote does not close")
            yield line

    def _skip_line(self) -> None:
        while part := self._text.readline(LONGEST_ROW):
            if part.endswith(("\n", "\r")):
                return


def _is_hint(row: list[str]) -> bool:
    text = "".join(row).strip().casefold()
    return text.startswith("sep=") and len(text) <= len("sep=x")
