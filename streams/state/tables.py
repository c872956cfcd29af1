"""The tables under the state store: one for each kind of state, and one for marks.

Rows and marks, such as the next offset to read, are written in one atomic write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from typing import Final, Protocol

Rows = Mapping[str, Mapping[bytes, bytes]]
"""Rows to write, by table. The row `GONE` deletes the row of its key."""

GONE: Final = b""
"""The row of a deleted key. Every other row has at least one byte."""


class Tables(Protocol):
    """Rows by key in named tables, and marks by name. Errors are `StateStoreError`."""

    def open(self) -> None:
        """Open the stored tables; raise `StoreDamaged` or, if no tables can be used, `StateStoreError`."""
        ...

    def clear(self) -> None:
        """Delete everything and open empty tables."""
        ...

    def close(self) -> None:
        """Release files and locks."""
        ...

    def reader(self, table: str) -> Callable[[bytes], bytes | None]:
        """Return a function that looks up a key in one table, until the tables are cleared or closed."""
        ...

    def write(self, rows: Rows, marks: Mapping[str, bytes]) -> None:
        """Write and delete rows, and write marks, in one atomic write."""
        ...

    def load(self) -> None:
        """Begin to fill empty tables: until `loaded`, writes are fast, and lost if the process ends."""
        ...

    def every_row(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Yield all rows of a table in order of their keys, while the tables are being filled."""
        ...

    def loaded(self) -> None:
        """End the filling: everything is stored, and each later write is too."""
        ...

    def portion(self, table: str, after: bytes, count: int) -> Sequence[tuple[bytes, bytes]]:
        """Return up to `count` rows of a table in order of their keys, from the first key after `after`."""
        ...

    def span(
        self, table: str, begin: bytes, end: bytes, count: int
    ) -> Sequence[tuple[bytes, bytes]]:
        """Return up to `count` rows in order of their keys, from the key `begin` to before the key `end`."""
        ...

    def marks(self) -> dict[str, bytes]:
        """Return all marks."""
        ...

    def count(self, table: str) -> int:
        """Return the approximate number of rows of a table."""
        ...


class MemoryTables:
    """Tables in main memory, for unit tests and for commands that store nothing."""

    def __init__(self, tables: Iterable[str]) -> None:
        """Make empty tables."""
        self._tables: dict[str, dict[bytes, bytes]] = {name: {} for name in tables}
        self._marks: dict[str, bytes] = {}

    def open(self) -> None:
        """Keep the rows that are there."""

    def clear(self) -> None:
        """Delete everything."""
        for rows in self._tables.values():
            rows.clear()
        self._marks.clear()

    def close(self) -> None:
        """Keep the rows, so that the tables can be opened again."""

    def reader(self, table: str) -> Callable[[bytes], bytes | None]:
        """Return a function that looks up a key in one table."""
        return self._tables[table].get

    def write(self, rows: Rows, marks: Mapping[str, bytes]) -> None:
        """Write and delete rows, and write marks."""
        for table, of_table in rows.items():
            kept = self._tables[table]
            kept.update(of_table)
            for key in [key for key, row in of_table.items() if row == GONE]:
                del kept[key]
        self._marks.update(marks)

    def load(self) -> None:
        """Do nothing: every write is fast."""

    def every_row(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Yield all rows of a table."""
        return iter(sorted(self._tables[table].items()))

    def loaded(self) -> None:
        """Do nothing."""

    def portion(self, table: str, after: bytes, count: int) -> Sequence[tuple[bytes, bytes]]:
        """Return the next rows after a key."""
        return nsmallest(count, (item for item in self._tables[table].items() if item[0] > after))

    def span(
        self, table: str, begin: bytes, end: bytes, count: int
    ) -> Sequence[tuple[bytes, bytes]]:
        """Return the first rows of a range of keys."""
        found = (item for item in self._tables[table].items() if begin <= item[0] < end)
        return nsmallest(count, found)

    def marks(self) -> dict[str, bytes]:
        """Return all marks."""
        return dict(self._marks)

    def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        return len(self._tables[table])
