"""A bounded cache of rows that were read recently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ROWS: Final = 20_000


class RecentRows:
    """At most twice `rows` rows by key. Once the newer half is full, the older half is dropped."""

    def __init__(self, rows: int = _ROWS) -> None:
        """Make an empty cache."""
        self._most = rows
        self._newer: dict[bytes, bytes] = {}
        self._older: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """Return the row of a key, if it is cached."""
        row = self._newer.get(key)
        if row is None:
            row = self._older.get(key)
            if row is not None:
                self.put(key, row)
        return row

    def put(self, key: bytes, row: bytes) -> None:
        """Cache a row."""
        if len(self._newer) >= self._most:
            self._older, self._newer = self._newer, {}
        self._newer[key] = row

    def drop(self, keys: Mapping[bytes, object]) -> None:
        """Remove the rows of keys whose values have changed."""
        for rows in (self._newer, self._older):
            for key in rows.keys() & keys.keys():
                del rows[key]

    def clear(self) -> None:
        """Remove all rows."""
        self._newer.clear()
        self._older.clear()
