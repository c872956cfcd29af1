"""Write CSV files of mode 0600, whole or not at all (UTF-8, RFC 4180).

No cell is a formula, in any profile, because the file may be opened in a spreadsheet.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from connectors.spreadsheet import guarded
from offline.private_file import private_file

_BETWEEN = ";"


class Writer(Protocol):
    """A writer of rows."""

    def writerow(self, row: Sequence[str], /) -> Any:
        """Write one row."""


@contextmanager
def private_csv(path: Path, header: Sequence[str]) -> Iterator[Writer]:
    """Yield a writer of a file of mode 0600, which replaces `path` when the block has succeeded."""
    with (
        private_file(path) as raw,
        io.TextIOWrapper(raw, encoding="utf-8", newline="") as stream,
    ):
        writer = _Guarded(csv.writer(stream))
        writer.writerow(header)
        yield writer


class Rows:
    """Rows in a database, by the name in their first cell, each with a note that is not written."""

    def __init__(self, rows: sqlite3.Connection) -> None:
        self._rows = rows

    def put(self, row: Sequence[str], note: str = "") -> str | None:
        """Store a row, replacing the row of the same name.

        Return the replaced row's note, or None.
        """
        earlier = self._note(row[0])
        kept = (row[0], json.dumps(row), note)
        self._rows.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", kept)
        return earlier

    def remove(self, name: str) -> str | None:
        """Remove the row of that name; return its note, or None if there is no such row."""
        earlier = self._note(name)
        self._rows.execute("DELETE FROM rows WHERE name = ?", (name,))
        return earlier

    def _note(self, name: str) -> str | None:
        found = self._rows.execute("SELECT note FROM rows WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])


@contextmanager
def sorted_csv(path: Path, header: Sequence[str]) -> Iterator[Rows]:
    """Write the stored rows at the end, as `private_csv` does, in order of their names.

    Memory is bounded. In the order of the originals, each row could be joined with its original.
    """
    with (
        tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder,
        closing(sqlite3.connect(Path(folder, "rows"), isolation_level=None)) as rows,
    ):
        rows.execute("PRAGMA journal_mode = OFF")
        rows.execute("PRAGMA synchronous = OFF")
        rows.execute("CREATE TABLE rows (name TEXT PRIMARY KEY, cells TEXT, note TEXT)")
        rows.execute("BEGIN")
        yield Rows(rows)
        with private_csv(path, header) as out:
            for (cells,) in rows.execute("SELECT cells FROM rows ORDER BY name"):
                out.writerow(json.loads(cells))


class _Guarded:
    """A writer that makes no cell a formula."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def writerow(self, row: Sequence[str], /) -> None:
        self._writer.writerow([guarded(cell) for cell in row])


def instant_cell(milliseconds: int | None) -> str:
    """Return an instant, in milliseconds since 1970 UTC, as ISO 8601."""
    if milliseconds is None:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")


def cell(value: Any) -> str:
    """Return a released value as a cell: ISO 8601, true and false, lists with semicolons, None empty."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return _BETWEEN.join(value)
    return str(value)
