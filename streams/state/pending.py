"""The derived keys of rows that are not in the tables yet."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection

from streams.state.layout import DAY_BYTES, Derive
from streams.state.tables import GONE


class PendingKeys:
    """The derived keys of pending rows, in order.

    A pending row replaces the row of the tables, so the derived keys that the tables have for it do not
    count.
    """

    def __init__(self, derive: Derive) -> None:
        """Begin without rows."""
        self._derive = derive
        self._rows: dict[bytes, tuple[bytes, Collection[bytes]]] = {}
        self._keys: list[bytes] = []
        self._days: dict[bytes, int] = {}

    def __contains__(self, key: bytes) -> bool:
        """Return True if the row of a key is pending."""
        return key in self._rows

    def set(self, key: bytes, row: bytes | None) -> None:
        """Set the pending row of a key: `GONE` if it is deleted, None if no row of the key is pending."""
        known, derived = self._rows.get(key, (None, ()))
        if known == row:
            return
        for each in derived:
            del self._days[each]
            del self._keys[bisect_left(self._keys, each)]
        if row is None:
            del self._rows[key]
            return
        derived = frozenset(self._derive(key, row[DAY_BYTES:])) if row != GONE else frozenset()
        self._rows[key] = (row, derived)
        for each in derived:
            insort(self._keys, each)
            self._days[each] = int.from_bytes(row[:DAY_BYTES])

    def clear(self) -> None:
        """Remove all rows."""
        self._rows.clear()
        self._keys.clear()
        self._days.clear()

    def between(self, begin: bytes, end: bytes, expired: int) -> list[bytes]:
        """Return the keys from `begin` to before `end`, of rows of later days than `expired`, in order."""
        found = self._keys[bisect_left(self._keys, begin) : bisect_left(self._keys, end)]
        return [key for key in found if self._days[key] > expired]
