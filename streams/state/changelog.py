"""The changelog: the workers' state, as compacted topics that each worker reads into its state store.

Changes are written in the transaction of their batch, so state and releases are committed together or not at
all. A store also has the next offset of each topic. A worker without a store reads the topics from the
beginning.

A worker reads the topics when it starts. It reads them to their ends at each assignment, and follows them all
the time. The end is the high watermark. The last stable offset would leave out the transaction of a worker
that has just died, because its commit can be visible in one partition before it is in another.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from isp.agreement.topics import DAY_MS
from streams.state.origin import Origin
from streams.state.store import Entry, StateStore
from transport.follower import Follower
from transport.messages import WRITER_HEADER
from transport.reader import Message

log = logging.getLogger(__name__)


class Changelog(Follower):
    """Reads the state topics into a worker's state store, from the store's next offset of each topic.

    `earlier` is the topic that held all kinds of the worker's state before each kind had its own. It is read
    first and only at the start, so that entries of the other topics replace its entries.
    """

    def __init__(
        self,
        reader: Mapping[str, Any],
        topics: Sequence[str],
        earlier: str | None,
        store: StateStore,
        writer: bytes,
        decode: Callable[[bytes], bytes],
        identify: Callable[[Sequence[str]], tuple[str, Mapping[str, str]]],
        restored: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        """Connect nothing yet; `reader` is as `Follower` has it. This process writes under the name `writer`.

        `decode` decodes a message's value into that of its entry. `identify` asks the broker for the ids of
        topics, and raises `KafkaException`. `restored` is called with the duration of a restore in seconds.
        """
        before = [] if earlier is None else [earlier]
        super().__init__(reader, (before, topics) if before else (topics,), self._apply)
        self._topics = [*before, *topics]
        self._store = store
        self._writer = writer
        self._decode = decode
        self._identify = identify
        self._restored = restored
        self._is_restored = False
        self._entries_read = 0

    def open(self) -> None:
        """Open the store, so that no other process can use it.

        Raises:
            StateStoreError: the store on disk cannot be used.
        """
        self._patient = time.monotonic()
        cluster, ids = self._ask(lambda: self._identify(self._topics), "the topics of state")
        self._store.open(Origin(cluster, ids))

    def restore(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Read all committed state into the open store, or until `stopped`. Raise as `Follower.restore`."""
        began = time.monotonic()
        super().restore(stopped)
        if self._is_there():
            self._store.restored()
        else:
            self._store.flush()
        self._is_restored = True
        seconds = time.monotonic() - began
        log.info("restored %d state entries in %.2f s", self._entries_read, seconds)
        self._restored(seconds)

    def follow(self) -> None:
        """Read new messages, and sweep a few rows of the store, without waiting."""
        super().follow()
        self._store.sweep()

    def close(self) -> None:
        """Disconnect from the broker and close the store."""
        super().close()
        self._store.close()

    def _first_offsets(self, ends: Mapping[str, tuple[int, int]]) -> Mapping[str, int]:
        return self._store.next_offsets(ends)

    def _apply(self, messages: Sequence[Message]) -> None:
        self._store.apply(self._entries(messages), self._at)

    def _entries(self, messages: Sequence[Message]) -> Iterator[Entry]:
        decode = self._decode
        for message in messages:
            key, value = message.key(), message.value()
            if key is not None:
                day = max(message.timestamp()[1], 0) // DAY_MS
                self._entries_read += not self._is_restored
                content = None if value is None else decode(value)
                yield Entry(day, bytes(key), content, self._is_own(message))

    def _is_own(self, message: Message) -> bool:
        """Return True if this process wrote the message."""
        # A process writes nothing before its state is restored, and reading headers is slow.
        return self._is_restored and (WRITER_HEADER, self._writer) in (message.headers() or ())
