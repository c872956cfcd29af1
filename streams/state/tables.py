"""The tables under the state store: one for each kind of state, and one for marks.

A table's rows are written together with marks, such as the next offset to read, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import nsmallest
from typing import Protocol

Rows = Mapping[str, Mapping[bytes, bytes]]
"""Rows to write, by table."""


class Tables(Protocol):
    """Rows by key in named tables, and marks by name. Errors are `StateStoreError`."""

    def open(self) -> None:
        """Open what was kept. Raise `StoreDamaged` if it cannot be read, `StateStoreError` if nothing can."""
        ...

    def clear(self) -> None:
        """Delete everything and open empty tables."""
        ...

    def close(self) -> None:
        """Release files and locks."""
        ...

    def reader(self, table: str) -> Callable[[bytes], bytes | None]:
        """Return the look-up of a key in one table, which is valid until the tables are cleared or closed."""
        ...

    def write(self, rows: Rows, marks: Mapping[str, bytes]) -> None:
        """Write rows and marks, all of them or none."""
        ...

    def delete(self, table: str, keys: Iterable[bytes]) -> None:
        """Delete rows."""
        ...

    def portion(self, table: str, after: bytes, count: int) -> Sequence[tuple[bytes, bytes]]:
        """Return up to `count` rows of a table in order of their keys, from the first key after `after`."""
        ...

    def marks(self) -> dict[str, bytes]:
        """Return all marks."""
        ...

    def count(self, table: str) -> int:
        """Return roughly how many rows a table has."""
        ...


class MemoryTables:
    """Tables in main memory: for unit tests, and for commands that keep nothing."""

    def __init__(self, tables: Iterable[str]) -> None:
        """Make empty tables."""
        self._tables: dict[str, dict[bytes, bytes]] = {name: {} for name in tables}
        self._marks: dict[str, bytes] = {}

    def open(self) -> None:
        """Go on with what is there."""

    def clear(self) -> None:
        """Delete everything."""
        for rows in self._tables.values():
            rows.clear()
        self._marks.clear()

    def close(self) -> None:
        """Keep what is there for whoever opens it again."""

    def reader(self, table: str) -> Callable[[bytes], bytes | None]:
        """Return the look-up of a key in one table."""
        return self._tables[table].get

    def write(self, rows: Rows, marks: Mapping[str, bytes]) -> None:
        """Write rows and marks."""
        for table, of_table in rows.items():
            self._tables[table].update(of_table)
        self._marks.update(marks)

    def delete(self, table: str, keys: Iterable[bytes]) -> None:
        """Delete rows."""
        rows = self._tables[table]
        for key in keys:
            rows.pop(key, None)

    def portion(self, table: str, after: bytes, count: int) -> Sequence[tuple[bytes, bytes]]:
        """Return the next rows after a key."""
        return nsmallest(count, (item for item in self._tables[table].items() if item[0] > after))

    def marks(self) -> dict[str, bytes]:
        """Return all marks."""
        return dict(self._marks)

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return len(self._tables[table])
