"""A state store whose entries have the days of their events, can be deleted, and have derived keys.

- *Days.* The value of an entry in the changelog begins with the day of its event. The age of an entry is
  counted to the newest day of any event, which is an entry of its own (`TODAY_KEY`). So no clock that jumps
  makes an entry expire. No event is later than the clock of its batch, so no date in the future does either.
- *Derived keys* follow from the row of an entry (`Layout.derive`), are in a table of their own, and are never
  in the changelog. A row has its derived keys in the same write. Those of rows that are not in the tables yet
  are in main memory (`PendingKeys`).
- *Deletions* are messages without a value, which the broker keeps for `STATE_TOMBSTONE_DAYS`. A store that
  has not had everything of the changelog for almost as long can have missed one, and is built again.
- *Building.* An empty store is filled with rows alone. At the end of the changelog the keys are derived once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from schemas.state import STATE_TOMBSTONE_DAYS, TODAY_KEY, StateKind
from streams.state.layout import DAY_BYTES, Layout, derived_table
from streams.state.origin import Origin
from streams.state.pending import PendingKeys
from streams.state.recent import RecentRows
from streams.state.store import NEVER, Entry, StateStore
from streams.state.tables import GONE, Rows, Tables

MISSED_DAYS: Final = STATE_TOMBSTONE_DAYS - 2
"""Days after which a store that was not in use is built again. Two days are for clocks that differ."""

_SPAN: Final = 128
# A row can have a kilobyte, many times as much as the worker's.
_RECENT_ROWS: Final = 2_000
_BUILT_ROWS: Final = 2_000
_READ_ROWS: Final = 5_000
_COMPLETE: Final = "complete"
_VERSION: Final = "keys-version"
_SECONDS_BYTES: Final = 8
_DAY_S: Final = 86_400
_HOUR_S: Final = 3_600


class DatedStore(StateStore):
    """A state store of a dated layout. A batch begins with `begin`, as in any state store.

    `followed` counts the entries that were read from the changelog and written by another process.
    """

    def __init__(
        self,
        layout: Layout,
        tables: Tables | None = None,
        days: Mapping[StateKind, int] | None = None,
        *,
        is_followed: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the layout, and the rest as `StateStore` does. `clock` returns seconds since 1970."""
        super().__init__(tables, days, layout, is_followed=is_followed)
        self._clock = clock
        self._derive = layout.derive
        self._recent = RecentRows(_RECENT_ROWS)
        self._batch: dict[bytes, bytes] = {}
        self._newest_event = 0
        self._pending = PendingKeys(layout.derive)
        self._touched: set[bytes] = set()
        self._is_loading = False
        self._is_complete = False
        self._marked_on = 0
        self.followed = 0

    # The records of a batch

    def begin(self, day: int) -> None:
        """Begin a batch on a day, and roll back the batch before if it was not committed."""
        self.rollback()
        self._today = day
        self._expire(self._newest_day())

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, from this batch or from earlier ones."""
        row = self._present(key)
        if not row or int.from_bytes(row[:DAY_BYTES]) <= self._latest_expired():
            return None
        return row[DAY_BYTES:]

    def put(self, key: bytes, value: bytes, day: int | None = None) -> None:
        """Set the value of a key; no change if it has this value and day already.

        `day` is the day of the event. A day after that of the batch is taken as the batch's. Without `day`
        the entry has the day of the batch, and makes no other entry older. An entry that is past its
        retention is not kept.
        """
        of_entry = self._today if day is None else max(0, min(day, self._today))
        if day is not None:
            self._newest_event = max(self._newest_event, of_entry)
        if of_entry <= self._latest_expired():
            self.delete(key)
            return
        row = of_entry.to_bytes(DAY_BYTES) + value
        if self._present(key) != row:
            self._change(key, row)

    def delete(self, key: bytes) -> None:
        """Delete the entry of a key; no change if it has none."""
        if self._row(key):
            self._change(key, GONE)
        elif self._batch.pop(key, None) is not None:
            self._touched.add(key)

    def keys(self, begin: bytes, end: bytes, most: int | None = None) -> Iterator[bytes]:
        """Yield the derived keys from `begin` to before `end`, in order, at most `most`.

        The changes of the batch are included. A change that is made while keys are read may be.
        """
        return islice(self._keys(begin, end), most)

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and value of each committed entry that is not past its retention, in no order.

        Call it between two batches. A change that is made meanwhile may be included.
        """
        self.flush()
        ahead, after = dict(self._ahead), b""
        while portion := self._tables.portion(self._other, after, _READ_ROWS):
            after = portion[-1][0]
            yield from self._counting((k, row) for k, row in portion if k not in ahead)
        yield from self._counting(ahead.items())

    def _counting(self, rows: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and value of the rows that count."""
        self._expire(self._newest_day())
        expired = self._latest_expired()
        for key, row in rows:
            if row and key != TODAY_KEY and int.from_bytes(row[:DAY_BYTES]) > expired:
                yield key, row[DAY_BYTES:]

    def _keys(self, begin: bytes, end: bytes) -> Iterator[bytes]:
        table, expired = derived_table(self._other), self._latest_expired()
        while begin < end:
            portion = self._tables.span(table, begin, end, _SPAN)
            after = end if len(portion) < _SPAN else portion[-1][0] + b"\0"
            self._refresh()
            found = self._pending.between(begin, after, expired)
            for key, row in portion:
                day, of_row = int.from_bytes(row[:DAY_BYTES]), row[DAY_BYTES:]
                if day > expired and of_row not in self._pending:
                    found.append(key)
            found.sort()
            yield from found
            begin = after

    def _present(self, key: bytes) -> bytes | None:
        """Return the row of a key with the changes of the batch; None or `GONE` if it has none."""
        row = self._batch.get(key)
        return self._row(key) if row is None else row

    def _row(self, key: bytes) -> bytes | None:
        """Return the committed row of a key, expired or not; None or, if it was deleted, `GONE`."""
        row = self._ahead.get(key)
        if row is None:
            row = self._unwritten[self._other].get(key)
        if row is None:
            row = self._recent.get(key)
        if row is None:
            row = self._read(self._other, key)
            if row is not None:
                self._recent.put(key, row)
        return row

    def _change(self, key: bytes, row: bytes) -> None:
        self._batch[key] = row
        self._touched.add(key)

    def _newest_day(self) -> int:
        """Return the newest day of any committed event; 0 if there is none."""
        row = self._row(TODAY_KEY)
        return int.from_bytes(row[:DAY_BYTES]) if row else 0

    def _latest_expired(self) -> int:
        return self._expired.get(self._other, NEVER)

    def _refresh(self) -> None:
        """Derive the keys of the pending rows that have changed."""
        unwritten = self._unwritten[self._other]
        self._touched.discard(TODAY_KEY)
        for key in self._touched:
            row = self._batch.get(key)
            if row is None:
                row = self._ahead.get(key)
            if row is None:
                row = unwritten.get(key)
            self._pending.set(key, row)
        self._touched.clear()

    # The end of a batch

    def changes(self) -> Mapping[bytes, bytes | None]:
        """Return the changes of the batch for the changelog; the value of a deleted key is None.

        Each value begins with its day.
        """
        changed = {key: row or None for key, row in sorted(self._batch.items())}
        if self._newest_event > self._newest_day():
            changed[TODAY_KEY] = self._newest_event.to_bytes(DAY_BYTES)
        return changed

    def rollback(self) -> None:
        """Undo the changes of the batch."""
        self._touched.update(self._batch)
        self._batch.clear()
        self._newest_event = 0

    # The changelog

    def open(self, origin: Origin) -> None:
        """Open the tables as `StateStore.open` does."""
        self._is_complete = False
        super().open(origin)

    def _outdated(self, marks: Mapping[str, bytes]) -> str | None:
        complete = marks.get(_COMPLETE)
        if complete is None:
            return "it was not filled to the end"
        version = int.from_bytes(marks.get(_VERSION, b""))
        if version != self._layout.version:
            return f"its keys are of version {version}, this release has {self._layout.version}"
        seconds = self._clock() - int.from_bytes(complete)
        if not -_HOUR_S <= seconds <= MISSED_DAYS * _DAY_S:
            days = seconds / _DAY_S
            return f"it was last complete {days:.0f} days ago, and can have missed deletions"
        self._is_complete = True
        return None

    def next_offsets(self, ends: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        """Return the offset to read each topic from, as `StateStore.next_offsets` does."""
        found = super().next_offsets(ends)
        if not self._is_complete and not self._is_loading:
            self._is_loading = True
            self._readers.clear()
            self._tables.load()
        return found

    def apply(self, entries: Iterable[Entry], offsets: Mapping[str, int]) -> None:
        """Apply entries of the changelog, in its order, with the next offset of each topic."""
        unwritten = self._unwritten[self._other]
        for _, key, content, own in entries:
            unwritten[key] = content or GONE
            if not self._is_loading:
                self._touched.add(key)
            if own:
                self._read_back(key)
            else:
                self.followed += 1
        self._applied(offsets)

    def flush(self) -> None:
        """Write the collected rows with their derived keys, and the next offset of each topic."""
        if self._batch or self._ahead:
            self._touched.update(self._unwritten[self._other])
        else:
            self._pending.clear()
            self._touched.clear()
        super().flush()

    def restored(self) -> None:
        """Note that the store is complete. Derive the keys of all rows if it was empty."""
        self.flush()
        if self._is_loading:
            self._derive_every_key()
            self._is_loading = False
            self._readers.clear()
        self._is_complete = True
        self.flush()

    def sweep(self) -> None:
        """Delete the expired ones of the next few rows, and mark once a day that the store is complete."""
        if self._is_complete and self._clock() // _DAY_S != self._marked_on:
            self.flush()
        super().sweep()

    def _rows(self, _day: int, name: bytes, content: bytes | None) -> dict[bytes, bytes]:
        self._touched.add(name)
        return {name: content or GONE}

    def _marks(self) -> dict[str, bytes]:
        marks = super()._marks()
        if self._is_complete:
            now = int(self._clock())
            self._marked_on = now // _DAY_S
            marks[_COMPLETE] = now.to_bytes(_SECONDS_BYTES)
            marks[_VERSION] = self._layout.version.to_bytes()
        return marks

    def _derived(self, rows: Rows) -> Rows:
        if self._is_loading:
            return {}
        return {
            derived_table(table): self._keys_of(table, changed) for table, changed in rows.items()
        }

    def _keys_of(self, table: str, rows: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
        """Return the changes of derived keys that follow from changes of rows."""
        derive, found = self._derive, dict[bytes, bytes]()
        for key, row in rows.items():
            if key == TODAY_KEY:
                continue
            before = self._read(table, key)
            if before:
                found.update(dict.fromkeys(derive(key, before[DAY_BYTES:]), GONE))
            if row:
                found.update(dict.fromkeys(derive(key, row[DAY_BYTES:]), row[:DAY_BYTES] + key))
        return found

    def _derive_every_key(self) -> None:
        rows = self._tables.every_row(self._other)
        while portion := list(islice(rows, _BUILT_ROWS)):
            found = self._keys_of_new(portion)
            self._tables.write({derived_table(self._other): found}, {})
        self._tables.loaded()

    def _keys_of_new(self, rows: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
        derive, found = self._derive, dict[bytes, bytes]()
        for key, row in rows:
            if key != TODAY_KEY:
                of_row = row[:DAY_BYTES] + key
                for derived in derive(key, row[DAY_BYTES:]):
                    found[derived] = of_row
        return found

    def _sweeps_to(self) -> int:
        return self._newest_day()

    def _rebuild(self, reason: str) -> None:
        super()._rebuild(reason)
        self._is_complete = self._is_loading = False

    def _find_seen(self) -> None:
        """No digest was ever stored as seen."""
        self._pending.clear()
        self._touched.clear()
