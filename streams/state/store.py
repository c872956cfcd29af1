"""The state store: the workers' state between records, each kind with its retention in days.

The tables are the changelog applied in order, up to the next offset in the marks. Entries that this process
has committed but not read back yet take precedence over them (`_ahead`). So a store has the same content as
one that is built again from the changelog. Rows are collected (`_unwritten`) and written together with the
marks. A process that dies before that reads them from the changelog again.

Each row starts with its day, counted since 1970: the day of the batch that wrote it, which is also in the
timestamp of the changelog's message. A row past its retention is treated as absent, whether it was deleted or
not. `streams.state.dated` has a store whose rows have the days of their events.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from schemas.state import (
    KIND_OF_PREFIX,
    RENEWAL_DAYS,
    SEEN_BYTES,
    SEEN_PREFIX,
    StateKind,
)
from streams.state.errors import StoreDamaged
from streams.state.layout import DAY_BYTES, SANITISING, Layout
from streams.state.origin import About, Origin, misplaced
from streams.state.packing import packed, unpacked
from streams.state.recent import RecentRows
from streams.state.tables import GONE, MemoryTables, Rows, Tables

log = logging.getLogger(__name__)

SWEPT_ROWS: Final = 32
"""Number of rows that one call of `sweep` checks."""

UNWRITTEN_ROWS: Final = 1_000
UNWRITTEN_CALLS: Final = 100
"""Rows are written to the tables after this number of rows, or this number of calls of `apply`."""

_SEEN_TABLE: Final = KIND_OF_PREFIX[SEEN_PREFIX]
_OFFSET_BYTES: Final = 8
_ABOUT: Final = "about"
_NEXT: Final = "next:"
_NEWEST: Final = "newest-day"
NEVER: Final = -1


class Entry(NamedTuple):
    """One message of the changelog; `own` is True if this process wrote and committed it.

    `day` is that of the message's timestamp. The value is None if the key was deleted.
    """

    day: int
    key: bytes
    value: bytes | None
    own: bool = False


class StateStore:
    """A map from keyed digests to bytes, with the changes of the current batch.

    Earlier versions also stored a set of digests as seen. It is still read, and never written.

    `begin` starts a batch. Its changes are visible at once; `commit` keeps them, `rollback` undoes them. An
    entry that is used `RENEWAL_DAYS` or more after it was written is written again, so that it outlasts the
    releases that depend on it (isp.agreement.topics.state_days).
    """

    def __init__(
        self,
        tables: Tables | None = None,
        days: Mapping[StateKind, int] | None = None,
        layout: Layout = SANITISING,
        *,
        is_followed: bool = False,
    ) -> None:
        """Take the tables, by default in main memory, and the retention of each kind in days.

        A kind without days is kept for ever. If `is_followed`, the changelog is read back into `apply`.
        Committed changes are then written to the tables only there, in the order of all workers' commits.
        """
        self._layout = layout
        self._tables: Tables = MemoryTables(layout.every_table) if tables is None else tables
        self._days: dict[str, int] = {str(kind): kept for kind, kept in (days or {}).items()}
        if self._days and layout.other not in self._days:
            self._days[layout.other] = max(self._days.values())
        self._is_followed = is_followed
        self._table_of = layout.table_of_prefix
        self._other = layout.other
        self._today = self._committed_on = 0
        self._expired: dict[str, int] = {}
        self._readers: dict[str, Callable[[bytes], bytes | None]] = {}
        self._recent = RecentRows()
        self._unwritten: dict[str, dict[bytes, bytes]] = {table: {} for table in layout.tables}
        self._offsets: dict[str, int] = {}
        self._newest = 0
        self._unwritten_calls = 0
        self._ahead: dict[bytes, bytes] = {}
        self._unread_again: dict[bytes, int] = {}
        self._any_seen = False
        self._changed: dict[bytes, bytes] = {}
        self._missed: bytes | None = None
        self._unswept: list[tuple[str, bytes]] = []
        self._swept_on = 0

    # The records of a batch

    def begin(self, day: int) -> None:
        """Begin a batch on a day, and roll back the batch before if it was not committed."""
        if day != self._today or not self._expired:
            self._today = day
            self._expire(day)
        self.rollback()

    def _expire(self, day: int) -> None:
        """Count the ages of entries to a day."""
        self._expired = {
            table: day - self._days[table] if table in self._days else NEVER
            for table in self._layout.tables
        }

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, from this batch or from earlier ones."""
        found = self._changed.get(key)
        if found is not None:
            return found
        table = self._table_of.get(key[:1], self._other)
        row = self._ahead.get(key) or self._unwritten[table].get(key) or self._recent.get(key)
        if row is None:
            row = self._read(table, key)
            if row is None:
                self._missed = key
                return None
            self._recent.put(key, row)
        written = int.from_bytes(row[:DAY_BYTES])
        if written <= self._expired.get(table, NEVER):
            return None
        value = row[DAY_BYTES:]
        if self._today - written >= RENEWAL_DAYS:
            self._changed[key] = value
        return value

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key; no change if it has this value already. No key may begin with ``n``."""
        # Most keys that are set are new, and were looked up just before.
        if key == self._missed or self.get(key) != value:
            self._changed[key] = value
            self._missed = None

    @property
    def has_any_seen(self) -> bool:
        """Return True if an earlier version stored any digest as seen."""
        return self._any_seen

    def has_seen(self, digest: bytes) -> bool:
        """Return True if an earlier version stored the digest, of `SEEN_BYTES` bytes, as seen."""
        row = self._seen_row(SEEN_PREFIX + digest)
        return row is not None and int.from_bytes(row) > self._expired.get(_SEEN_TABLE, NEVER)

    def _seen_row(self, key: bytes) -> bytes | None:
        return self._unwritten[_SEEN_TABLE].get(key) or self._read(_SEEN_TABLE, key)

    def _read(self, table: str, key: bytes) -> bytes | None:
        read = self._readers.get(table)
        if read is None:
            read = self._readers[table] = self._tables.reader(table)
        return read(key)

    # The end of a batch

    def changes(self) -> Mapping[bytes, bytes | None]:
        """Return the changes of the batch for the changelog; the value of a deleted key is None.

        One entry has all places of releases.
        """
        return packed(self._changed)

    def commit(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Keep the changes of the batch, whose transaction is committed."""
        self._committed_on = self._today
        if self._is_followed:
            for name, content in changes.items():
                rows = self._rows(self._today, name, content)
                for key in self._ahead.keys() & rows.keys():
                    self._unread_again[key] = self._unread_again.get(key, 0) + 1
                self._ahead.update(rows)
        else:
            self.apply([Entry(self._today, key, value) for key, value in changes.items()], {})
        self.rollback()

    def _rows(self, day: int, name: bytes, content: bytes | None) -> dict[bytes, bytes]:
        """Return the rows of a changelog entry. No entry of the worker is ever deleted."""
        return {} if content is None else _rows(day, name, content)

    def rollback(self) -> None:
        """Undo the changes of the batch."""
        self._changed.clear()
        self._missed = None

    # The changelog

    def open(self, origin: Origin) -> None:
        """Open the tables. Empty them if they belong to another changelog or are damaged.

        Raises:
            StateStoreError: the tables cannot be used, and no new ones can be created.
        """
        about = About(origin, self._days)
        try:
            self._tables.open()
            marks = self._tables.marks()
            kept = marks.get(_ABOUT)
            refusal = None if kept is None else about.refusal(kept) or self._outdated(marks)
            if kept is None:
                log.info("state store %s is new", self._tables)
        except StoreDamaged as error:
            refusal = str(error)
        if refusal is not None:
            self._rebuild(refusal)
        self._forget_cached()
        self._newest = int.from_bytes(self._tables.marks().get(_NEWEST, b""))
        self._tables.write({}, {_ABOUT: about.to_bytes()})

    def _outdated(self, _marks: Mapping[str, bytes]) -> str | None:
        """Return the reason to build a store with these marks again, although it is of this changelog."""
        return None

    def next_offsets(self, ends: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        """Return the offset to read each topic from: the stored next offset, or else the first offset.

        `ends` has the first offset of each topic and the next that will be written. If a stored offset is
        outside its topic, the tables are emptied.
        """
        kept = {
            name.removeprefix(_NEXT): int.from_bytes(offset)
            for name, offset in self._tables.marks().items()
            if name.startswith(_NEXT)
        }
        problem = misplaced(kept, ends)
        if problem is not None:
            about = self._tables.marks()[_ABOUT]
            self._rebuild(problem)
            self._forget_cached()
            self._tables.write({}, {_ABOUT: about})
            kept = {}
        return {topic: kept.get(topic, low) for topic, (low, _) in ends.items()}

    def apply(self, entries: Iterable[Entry], offsets: Mapping[str, int]) -> None:
        """Apply entries of the changelog, in its order, with the next offset of each topic.

        The last entry of a key wins; a digest keeps its newest day. Entries that this process has committed
        later, and not read back yet, still take precedence.
        """
        self._missed = None
        for day, name, content, own in entries:
            of_entry = self._rows(day, name, content)
            if name.startswith(SEEN_PREFIX):
                self._any_seen = True
                self._apply_seen(day, of_entry)
                continue
            self._unwritten[self._table_of.get(name[:1], self._other)].update(of_entry)
            if own:
                for key in of_entry:
                    self._read_back(key)
        self._applied(offsets)

    def _applied(self, offsets: Mapping[str, int]) -> None:
        """Note the next offsets, and write the collected rows if there are many."""
        self._offsets.update(offsets)
        self._unwritten_calls += 1
        rows = sum(map(len, self._unwritten.values()))
        if rows >= UNWRITTEN_ROWS or self._unwritten_calls >= UNWRITTEN_CALLS:
            self.flush()

    def flush(self) -> None:
        """Write the collected rows to the tables, with the next offset of each topic."""
        self._tables.write({**self._unwritten, **self._derived(self._unwritten)}, self._marks())
        for table in self._unwritten.values():
            self._recent.drop(table)
            table.clear()
        self._unwritten_calls = 0

    def _marks(self) -> dict[str, bytes]:
        """Return the marks to write with the rows."""
        marks = {_NEXT + topic: at.to_bytes(_OFFSET_BYTES) for topic, at in self._offsets.items()}
        return {**marks, _NEWEST: self._newest.to_bytes(DAY_BYTES)}

    def _derived(self, _rows: Rows) -> Rows:
        """Return the changes of other tables that follow from changes of rows."""
        return {}

    def restored(self) -> None:
        """Note that everything in the changelog has been applied, and write it to the tables."""
        self.flush()

    def sweep(self) -> None:
        """Delete the expired ones of the next few rows. All rows are checked once a day.

        The day is that of the last commit, because the broker refuses timestamps that are far in the future.
        """
        if not self._unswept:
            today = self._sweeps_to()
            if self._swept_on == today:
                return
            self._swept_on = today
            self._unswept = [(table, b"") for table in self._days]
            if not self._unswept:
                return
        table, after = self._unswept.pop()
        portion = self._tables.portion(table, after, SWEPT_ROWS)
        if len(portion) == SWEPT_ROWS:
            self._unswept.append((table, portion[-1][0]))
        latest = self._swept_on - self._days[table]
        gone = {key: GONE for key, row in portion if int.from_bytes(row[:DAY_BYTES]) <= latest}
        if gone:
            self._tables.write({table: gone, **self._derived({table: gone})}, {})
            self._recent.drop(gone)

    def _sweeps_to(self) -> int:
        """Return the day to which the sweep counts the ages of rows."""
        return self._committed_on

    def close(self) -> None:
        """Close the tables. Collected rows that are not written are read again from the changelog."""
        self._readers.clear()
        self._tables.close()

    def count(self, kind: StateKind) -> int:
        """Return the approximate number of entries of a kind, with expired ones that are not deleted yet."""
        return self._tables.count(kind) + len(self._unwritten[kind])

    def _apply_seen(self, day: int, rows: dict[bytes, bytes]) -> None:
        if day < self._newest:
            # Otherwise no digest can have a newer day already.
            rows = {key: row for key, row in rows.items() if row > (self._seen_row(key) or b"")}
        self._newest = max(self._newest, day)
        self._unwritten[_SEEN_TABLE].update(rows)

    def _read_back(self, key: bytes) -> None:
        """Use the row of the tables again once everything that this process wrote to it is read back."""
        again = self._unread_again.pop(key, 0)
        if again == 0:
            self._ahead.pop(key, None)
        elif again > 1:
            self._unread_again[key] = again - 1

    def _rebuild(self, reason: str) -> None:
        log.warning("state store %s: %s; built again from the changelog", self._tables, reason)
        self._tables.clear()

    def _forget_cached(self) -> None:
        self._readers.clear()
        self._newest = 0
        self._recent.clear()
        self._offsets.clear()
        for table in self._unwritten.values():
            table.clear()
        self._find_seen()

    def _find_seen(self) -> None:
        seen = self._tables.portion(_SEEN_TABLE, SEEN_PREFIX, 1)
        self._any_seen = any(key.startswith(SEEN_PREFIX) for key, _ in seen)


def _rows(day: int, name: bytes, content: bytes) -> dict[bytes, bytes]:
    """Return the rows of a changelog entry: one row, or several that a batch has packed together."""
    written = day.to_bytes(DAY_BYTES)
    if not name.startswith(SEEN_PREFIX):
        return {key: written + value for key, value in unpacked(name, content)}
    ends = range(SEEN_BYTES, len(content) + 1, SEEN_BYTES)
    return dict.fromkeys([SEEN_PREFIX + content[end - SEEN_BYTES : end] for end in ends], written)
