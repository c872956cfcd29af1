"""The memory of the engine over the state store: events, referrals, waiting parts, aliases."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from detection.domestic.facts import Event, Fact
from detection.domestic.memory import PlaceKind
from streams.alerts import rows
from streams.alerts.events import (
    ALERT_BYTES,
    CASE_BYTES,
    MINUTE_BYTES,
    EventRow,
    RowError,
    day_of,
    event_bytes,
    fact_bytes,
    read_event,
    read_fact,
)
from streams.state.dated import DatedStore

log = logging.getLogger(__name__)

_Read = TypeVar("_Read")

DIGEST = 12
_DAY = rows.DAY_BYTES
_CACHED_ROWS = 4_096


class StateMemory:
    """The knowledge of the alerts agent, as the engine uses it (`detection.domestic.memory.Memory`).

    All of it is in the state store, in the batch that is open there. `place_kind` gives the mark of a
    household, which an operator orders.
    """

    def __init__(self, store: DatedStore, place_kind: Callable[[bytes], PlaceKind]) -> None:
        self._store = store
        self._place_kind = place_kind
        # A decoded row is used again only for the same bytes, so it never differs from the store.
        self._decoded: OrderedDict[bytes, tuple[bytes, EventRow]] = OrderedDict()
        # One decision asks the same several times. Each write here, and each batch, begins anew.
        self._read: dict[tuple[bytes, bytes, int | None], Sequence[bytes]] = {}
        self._same: dict[bytes, tuple[bytes, ...]] = {}
        self._has_warned = False

    def begin(self) -> None:
        """Begin a batch: the state may have changed since the last one."""
        self._read.clear()
        self._same.clear()

    # Rows with alerts

    def row(self, event_id: bytes) -> EventRow | None:
        """Return the event with its alerts, also if it does not exist any more.

        A row that another version wrote is as if there were none.
        """
        found = self._store.get(rows.EVENT + event_id)
        if found is None:
            return None
        known = self._decoded.get(event_id)
        if known is not None and known[0] == found:
            self._decoded.move_to_end(event_id)
            return known[1]
        read = self._readable(lambda row: read_event(event_id, row), found)
        if read is None:
            return None
        self._decoded[event_id] = (found, read)
        if len(self._decoded) > _CACHED_ROWS:
            self._decoded.popitem(last=False)
        return read

    def keep_row(self, row: EventRow) -> None:
        """Keep an event with its alerts."""
        self._put(rows.EVENT + row.id, event_bytes(row), row.day)

    def waiting_at(self, hour: int, most: int | None = None) -> Sequence[tuple[bytes, bytes]]:
        """Return the rows of people whose events are decided again by this hour, each with its person."""
        end = rows.BY_HOUR + (hour + 1).to_bytes(rows.DAY_BYTES)
        found = self._store.keys(rows.BY_HOUR, end, most)
        return [(rows.LATER + key[1:], key[-DIGEST:]) for key in found]

    def is_known(self, person: bytes) -> bool:
        """Return True if an event or a referral names the person."""
        tables = (rows.OF, rows.REFERRED)
        return any(self._starting(table + person, 1) for table in tables)

    def kept_before(self, day: int, most: int) -> Sequence[bytes]:
        """Return the rows of encrypted subjects and of waiting parts from before a day."""
        end, skip = rows.day_bytes(day), 1 + rows.DAY_BYTES
        subjects = self._store.keys(rows.KEPT_SINCE, rows.KEPT_SINCE + end, most)
        parts = self._store.keys(rows.WAITING_SINCE, rows.WAITING_SINCE + end, most)
        found = [rows.SUBJECTS + key[skip:] for key in subjects]
        return [*found, *(rows.PART + key[skip:] for key in parts)]

    def mark_stale(self, event_id: bytes) -> None:
        """Mark an event to be decided again later."""
        row = self.row(event_id)
        if row is not None and not row.is_stale:
            self.keep_row(replace(row, is_stale=True))

    def with_alert(self, alert: bytes) -> bytes | None:
        """Return the event of an alert."""
        begin = rows.BY_ALERT + alert
        return next((key[1 + ALERT_BYTES :] for key in self._starting(begin, 1)), None)

    def due(self, minute: int) -> Iterator[bytes]:
        """Yield the event of each alert that must be decided again by this minute (since 1970 UTC)."""
        end = rows.DUE + (minute + 1).to_bytes(MINUTE_BYTES)
        return (key[-DIGEST:] for key in self._store.keys(rows.DUE, end))

    def stale(self) -> Iterator[bytes]:
        """Yield the events that are marked to be decided again."""
        return (key[-DIGEST:] for key in self._store.keys(rows.STALE, rows.after(rows.STALE)))

    def live(self) -> Iterator[bytes]:
        """Yield the events of which an audience has an alert."""
        return (key[-DIGEST:] for key in self._store.keys(rows.LIVE, rows.after(rows.LIVE)))

    def unacknowledged(self) -> int:
        """Return the number of alerts that wait for an acknowledgement, also of those that were escalated."""
        begin = rows.UNACKNOWLEDGED
        return sum(1 for _ in self._store.keys(begin, rows.after(begin)))

    def cases_told(self) -> Iterator[bytes]:
        """Yield each case under which an alert is personal."""
        begin = rows.UNDER
        while True:
            key = next(self._store.keys(begin, rows.after(rows.UNDER), 1), None)
            if key is None:
                return
            case = key[1 : 1 + CASE_BYTES]
            yield case
            begin = rows.after(rows.UNDER + case)

    def told_under(self, case: bytes) -> Sequence[bytes]:
        """Return the events with an alert that is personal under a case."""
        return [key[-DIGEST:] for key in self._starting(rows.UNDER + case)]

    # The engine's memory

    def event(self, event_id: bytes, /) -> Event | None:
        """Return the event with this identity, or None."""
        row = self.row(event_id)
        return row.event if row is not None else None

    def events_with_record(self, record: bytes, /) -> Sequence[bytes]:
        """Return the events that have a fact of this record."""
        return [key[-DIGEST:] for key in self._starting(rows.BY_RECORD + record)]

    def events_with_join(self, join: bytes, /) -> Sequence[bytes]:
        """Return the events with a fact whose `join` or whose `incident` this is."""
        return [key[-DIGEST:] for key in self._starting(rows.BY_JOIN + join)]

    def events_at(
        self, household: bytes, first_day: int, last_day: int, /, most: int | None = None
    ) -> Sequence[bytes]:
        """Return the events at a household, the newest first."""
        return self._newest(rows.AT + household, first_day, last_day, most)

    def events_of(
        self, person: bytes, first_day: int, last_day: int, /, most: int | None = None
    ) -> Sequence[bytes]:
        """Return the events with a person, the newest first."""
        return self._newest(rows.OF + person, first_day, last_day, most)

    def referral(self, record: bytes, /) -> Fact | None:
        """Return the referral with this record, or None."""
        found = self._store.get(rows.REFERRAL + record)
        return self._readable(read_fact, found)

    def referrals_of(
        self, digest: bytes, first_day: int, last_day: int, /, most: int | None = None
    ) -> Sequence[Fact]:
        """Return the referrals of a person or household, the newest first."""
        records = self._newest(rows.REFERRED + digest, first_day, last_day, most)
        found = (self.referral(record) for record in records)
        return [fact for fact in found if fact is not None]

    def parts_with(self, digest: bytes, /) -> Sequence[Fact]:
        """Return the waiting parts whose join, incident, record or key of a person this is."""
        names = [key[1 + DIGEST :] for key in self._starting(rows.WAITING + digest)]
        found = (self._readable(read_fact, self._store.get(rows.PART + name)) for name in names)
        return [part for part in found if part is not None]

    def place_kind(self, household: bytes, /) -> PlaceKind:
        """Return the mark of this very digest."""
        return self._place_kind(household)

    def same_household(self, household: bytes, /) -> tuple[bytes, ...]:
        """Return this digest, then all others of its UPRN."""
        found = self._same.get(household)
        if found is None:
            uprn = self._store.get(rows.ALIAS + household) or household
            others = (key[1 + DIGEST :] for key in self._starting(rows.SAME + uprn))
            found = self._same[household] = tuple(dict.fromkeys((household, uprn, *others)))
        return found

    def keep_event(self, event: Event, /) -> None:
        """Keep the event; it keeps its alerts."""
        row = self.row(event.id) or EventRow(event.id)
        self.keep_row(replace(row, facts=event.facts, day=day_of(event)))

    def forget_event(self, event_id: bytes, /) -> None:
        """Forget the facts of an event. Its alerts keep their versions, so that none is raised twice."""
        row = self.row(event_id)
        if row is None:
            return
        if row.alerts or row.asked:
            self.keep_row(replace(row, facts=()))
        else:
            self._delete(rows.EVENT + event_id)

    def keep_part(self, part: Fact, /) -> None:
        """Keep the part, which waits for an event with its join."""
        self._put(_part_key(part), fact_bytes(part), part.day)

    def forget_part(self, part: Fact, /) -> None:
        """Forget the waiting part with the join and the record of this one."""
        self._delete(_part_key(part))

    def keep_referral(self, referral: Fact, /) -> None:
        """Keep the referral, in place of the one with its record."""
        self._put(rows.REFERRAL + referral.record, fact_bytes(referral), referral.day)

    def forget_referral(self, record: bytes, /) -> None:
        """Forget the referral."""
        self._delete(rows.REFERRAL + record)

    def keep_alias(self, address: bytes, uprn: bytes, /) -> None:
        """Keep that the address has this UPRN. An address keeps the first UPRN that it was given."""
        if self._store.get(rows.ALIAS + address) is None:
            self._put(rows.ALIAS + address, uprn)
            self._same.clear()

    # Rows

    def _readable(self, read: Callable[[bytes], _Read], row: bytes | None) -> _Read | None:
        """Return what is read of a row; None, logged once in a process, if this version cannot read it."""
        if row is None:
            return None
        try:
            return read(row)
        except RowError as error:
            if not self._has_warned:
                self._has_warned = True
                log.warning("rows of the alerts' state are left out: %s", error)
            return None

    def _put(self, key: bytes, value: bytes, day: int | None = None) -> None:
        self._store.put(key, value, day)
        self._read.clear()

    def _delete(self, key: bytes) -> None:
        self._store.delete(key)
        self._read.clear()

    def _starting(self, begin: bytes, most: int | None = None) -> Sequence[bytes]:
        return self._keys(begin, rows.after(begin), most)

    def _keys(self, begin: bytes, end: bytes, most: int | None) -> Sequence[bytes]:
        asked = (begin, end, most)
        found = self._read.get(asked)
        if found is None:
            found = self._read[asked] = tuple(self._store.keys(begin, end, most))
        return found

    def _newest(self, begin: bytes, first: int, last: int, most: int | None) -> Sequence[bytes]:
        """Return the last parts of keys with days in a range, the highest first."""
        if first > last or last < 0:
            return []
        start = begin + rows.newest_first(rows.day_bytes(last))
        end = rows.after(begin + rows.newest_first(rows.day_bytes(first)))
        keys = self._keys(start, end, most)
        return [rows.newest_first(key[-DIGEST:]) for key in keys]


def _part_key(part: Fact) -> bytes:
    return rows.PART + (part.join or part.record) + part.record
