"""The sink of the hub: takes released records from their topics into the store, each message once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Protocol

from connectors.hub.changes import Changes
from connectors.hub.metrics import SinkMetrics
from connectors.hub.storable import is_key, is_storable
from connectors.hub.tables import HubTable
from schemas.wire import WireError
from transport.assigned_reader import Places
from transport.reader import BEGINNING, Message

log = logging.getLogger(__name__)

MOST: Final = 20_000
WAIT_S: Final = 0.1
_EXPIRE_EVERY_MS: Final = 60_000

Decode = Callable[[bytes], Mapping[str, Any]]
"""Returns the record of a message; raises `WireError` if this release cannot read it."""


class Reader(Protocol):
    """Reads the topics of the tables, as `transport.assigned_reader.AssignedReader`."""

    def read(self, most: int, seconds: float) -> Sequence[Message]:
        """Return the messages that arrive."""

    def reached(self) -> Places:
        """Return the next offset of each partition that went on since the last call."""

    @property
    def is_whole(self) -> bool:
        """Return True once it has been at the end of each partition."""


class Store(Protocol):
    """Stores rows and offsets together, as `connectors.hub.duckdb_store.DuckDbStore`."""

    def offsets(self) -> Places:
        """Return the next offset to read, by topic and partition."""

    def write(self, changes: Collection[Changes], reached: Places, current_ms: int | None) -> None:
        """Apply changes and keep offsets, in one transaction; with `current_ms`, the store is current."""

    def expire(self, now_ms: int) -> int:
        """Delete the rows whose retention has passed; return their number."""


def starts(tables: Sequence[HubTable], store: Store) -> Places:
    """Return the offset to read each partition from: where the store ended, or the beginning."""
    known = store.offsets()
    places = [(t.topic.name, part) for t in tables for part in range(t.topic.partitions)]
    return {place: known.get(place, BEGINNING) for place in places}


class Sink:
    """Takes messages of the tables' topics into a store.

    A record is stored as its newest version. A version that this release cannot read takes the record out:
    an older version would be wrong.
    """

    def __init__(
        self,
        decoders: Mapping[str, tuple[HubTable, Decode]],
        reader: Reader,
        store: Store,
        metrics: SinkMetrics,
        answers: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take table and decoder by topic. `answers` says if the broker answers now."""
        self._decoders = decoders
        self._reader = reader
        self._store = store
        self._metrics = metrics
        self._answers = answers
        self._clock = clock
        self._expired_ms = 0

    def turn(self) -> None:
        """Take the messages that have arrived; once a minute delete rows whose retention has passed.

        Raises:
            ReadError: the broker refuses a topic, for good.
        """
        messages = self._reader.read(MOST, WAIT_S)
        if messages:
            self._write(self._changes(messages))
        if self._now_ms - self._expired_ms >= _EXPIRE_EVERY_MS:
            self._expire()

    @property
    def _now_ms(self) -> int:
        return int(self._clock() * 1_000)

    def _write(self, changes: Collection[Changes]) -> None:
        current_ms = self._now_ms if self._reader.is_whole else None
        self._store.write(changes, self._reader.reached(), current_ms)
        self._metrics.written(changes)

    def _changes(self, messages: Sequence[Message]) -> Collection[Changes]:
        changed: dict[str, Changes] = {}
        for message in messages:
            topic = str(message.topic())
            table, decode = self._decoders[topic]
            if topic not in changed:
                changed[topic] = Changes(table)
            self._take(message, decode, changed[topic])
        return changed.values()

    def _take(self, message: Message, decode: Decode, changes: Changes) -> None:
        key = (message.key() or b"").decode("utf-8", "replace")
        # A party sets the time of what it writes itself.
        now_ms = self._now_ms
        value, at_ms = message.value(), min(message.timestamp()[1], now_ms)
        if not is_key(key):
            self._leave_out(message, "no store can have its key")
            return
        wanted = changes.table.key, key
        record = None if value is None else self._record(message, value, decode, wanted)
        # The broker deletes whole segments, so it may still have records whose retention has passed.
        is_kept = at_ms + changes.table.topic.retention_ms > now_ms
        if record is None or not is_kept:
            changes.remove(key)
        else:
            changes.put(key, record, at_ms)

    def _record(
        self, message: Message, value: bytes, decode: Decode, wanted: tuple[str, str]
    ) -> Mapping[str, Any] | None:
        """Return the record of a message, or None if it cannot be read or stored, or is another record's."""
        name, key = wanted
        try:
            record = decode(value)
        except WireError as error:
            self._leave_out(message, error.reason)
            return None
        if record[name] != key:
            self._leave_out(message, "it has the key of another record")
            return None
        if not is_storable(record):
            self._leave_out(message, "it has a character or a number that no store can have")
            return None
        return record

    def _leave_out(self, message: Message, reason: str) -> None:
        place = message.topic(), message.partition(), message.offset()
        log.error("%s[%d]@%d is left out: %s", *place, reason)
        self._metrics.unreadable.inc()

    def _expire(self) -> None:
        self._expired_ms = self._now_ms
        self._metrics.expired.inc(self._store.expire(self._now_ms))
        if self._answers():
            # The store has all that the broker has, so it is current, although nothing came.
            self._write(())
