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
from typing import Any, TypeVar

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from isp.agreement.topics import DAY_MS
from streams.state.origin import Origin
from streams.state.store import Entry, StateStore
from transport.messages import WRITER_HEADER
from transport.transaction import Unmendable

log = logging.getLogger(__name__)

_MESSAGES = 5_000
_POLL_SECONDS = 0.05
_CALL_SECONDS = 5.0
_PATIENCE_SECONDS = 60.0

_Answer = TypeVar("_Answer")


class Follower:
    """Reads topics of one partition each: first to their ends, then new messages.

    The topics are read in `phases`. Those of all but the last phase are read only once, at the start.
    """

    def __init__(
        self,
        reader: Mapping[str, Any],
        phases: Sequence[Sequence[str]],
        keep: Callable[[Sequence[Message]], None],
    ) -> None:
        """Connect nothing yet; `reader` configures a consumer that reads what is committed.

        `keep` is called with new messages, in the order of each topic.
        """
        self._reader = reader
        self._phases = phases
        self._keep = keep
        self._consumer: Consumer | None = None
        self._observer: Consumer | None = None
        self._starts: Mapping[str, int] = {}
        self._at: dict[str, int] = {}
        self._aims: dict[str, int] = {}
        self._patient = 0.0

    def restore(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Read the topics to their ends, or until `stopped`.

        Raises:
            Unmendable: a topic cannot be read, or nothing arrives for a minute.
        """
        self._consumer = Consumer({**self._reader})
        # With `read_committed` librdkafka returns the last stable offset instead of the high watermark.
        self._observer = Consumer({**self._reader, "isolation.level": "read_uncommitted"})
        self._patient = time.monotonic()
        every = [topic for topics in self._phases for topic in topics]
        self._starts = self._first_offsets({topic: self._watermarks(topic) for topic in every})
        for topics in self._phases:
            self._begin(topics)
            while not self.advance():
                if stopped():
                    return

    def _first_offsets(self, ends: Mapping[str, tuple[int, int]]) -> Mapping[str, int]:
        """Return the offset to read each topic from, given its first offset and its end."""
        return {topic: low for topic, (low, _) in ends.items()}

    def _begin(self, topics: Sequence[str]) -> None:
        assert self._consumer is not None, "begin before restore"
        self._patient = time.monotonic()
        marks = {topic: self._watermarks(topic) for topic in topics}
        self._at = {topic: max(self._starts[topic], low) for topic, (low, _) in marks.items()}
        self._aims = {topic: high for topic, (_, high) in marks.items()}
        # By number: with OFFSET_BEGINNING librdkafka waits half a second before it asks for the offset.
        self._consumer.assign([TopicPartition(topic, 0, at) for topic, at in self._at.items()])

    def aim(self) -> None:
        """Set the present ends of the topics as the offsets to reach.

        Raises:
            Unmendable: the broker refuses, or gives no answer for a minute.
        """
        self._patient = time.monotonic()
        self._aims = {topic: self._watermarks(topic)[1] for topic in self._at}

    def advance(self) -> bool:
        """Read a few messages; return True once the offsets to reach are reached.

        Raises:
            Unmendable: a topic cannot be read, or there was no progress for a minute.
        """
        assert self._consumer is not None, "advance before restore"
        if self._is_there():
            return True
        before = sum(self._at.values())
        self._take(self._consumer.consume(_MESSAGES, _POLL_SECONDS))
        if sum(self._at.values()) > before:
            self._patient = time.monotonic()
        if time.monotonic() - self._patient > _PATIENCE_SECONDS:
            behind = [topic for topic, aim in self._aims.items() if self._at[topic] < aim]
            raise Unmendable(f"{', '.join(behind)}: cannot be read to the end")
        return self._is_there()

    def follow(self) -> None:
        """Read all messages that have arrived, without waiting."""
        assert self._consumer is not None, "follow before restore"
        while True:
            messages = self._consumer.consume(_MESSAGES, 0)
            self._take(messages)
            if len(messages) < _MESSAGES:
                return

    def close(self) -> None:
        """Disconnect from the broker."""
        for client in (self._consumer, self._observer):
            if client is not None:
                client.close()

    def _is_there(self) -> bool:
        return all(self._at[topic] >= aim for topic, aim in self._aims.items())

    def _watermarks(self, topic: str) -> tuple[int, int]:
        """Return the first offset of the topic, and the next that will be written."""
        observer = self._observer
        assert observer is not None, "aim before restore"
        place = TopicPartition(topic, 0)
        return self._ask(
            lambda: observer.get_watermark_offsets(place, _CALL_SECONDS), f"topic {topic}"
        )

    def _ask(self, question: Callable[[], _Answer], about: str) -> _Answer:
        """Return the broker's answer. Ask again while it is unavailable, for a minute after any progress."""
        while True:
            try:
                return question()
            except KafkaException as error:
                cause = error.args[0]
                spent = time.monotonic() - self._patient > _PATIENCE_SECONDS
                if spent or not _may_pass(cause):
                    raise Unmendable(f"{cause.name()}: {cause.str()} ({about})") from error
                log.warning("Kafka: %s; asking again about %s", cause.name(), about)
                time.sleep(_POLL_SECONDS)

    def _take(self, messages: list[Message]) -> None:
        for message in messages:
            topic, offset, error = str(message.topic()), message.offset() or 0, message.error()
            if error is None:
                self._at[topic] = offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
                # After the markers of transactions, which are not messages.
                self._at[topic] = max(self._at.get(topic, 0), offset)
            else:
                self._judge(error, topic)
        found = [message for message in messages if message.error() is None]
        if found:
            self._keep(found)

    def _judge(self, error: KafkaError, topic: str) -> None:
        if error.fatal() or not error.retriable():
            group = self._reader["group.id"]
            about = f"topic {topic}, group {group}"
            raise Unmendable(f"{error.name()}: {error.str()} ({about})")
        log.warning("Kafka: %s", error.name())


class Changelog(Follower):
    """Reads the state topics into a worker's state store, from the store's next offset of each topic.

    `earlier` is the topic that held all kinds of state before each kind had its own. It is read first and
    only at the start, so that entries of the other topics replace its entries.
    """

    def __init__(
        self,
        reader: Mapping[str, Any],
        topics: Sequence[str],
        earlier: str,
        store: StateStore,
        writer: bytes,
        decode: Callable[[bytes], bytes],
        identify: Callable[[Sequence[str]], Origin],
        restored: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        """Connect nothing yet; `reader` is as `Follower` has it. This process writes under the name `writer`.

        `decode` decodes a message's value into that of its entry. `identify` asks the broker for the ids of
        topics, and raises `KafkaException`. `restored` is called with the duration of a restore in seconds.
        """
        super().__init__(reader, ([earlier], topics), self._apply)
        self._topics = [earlier, *topics]
        self._store = store
        self._writer = writer
        self._decode = decode
        self._identify = identify
        self._restored = restored
        self._is_restored = False
        self._entries_read = 0

    def restore(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Read all committed state, or until `stopped`. Raise what `Follower.restore` raises.

        Raises:
            StateStoreError: the store on disk cannot be used.
        """
        began = self._patient = time.monotonic()
        origin = self._ask(lambda: self._identify(self._topics), "the topics of state")
        self._store.open(origin)
        super().restore(stopped)
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
            if key is not None and value is not None:
                day = max(message.timestamp()[1], 0) // DAY_MS
                self._entries_read += not self._is_restored
                yield Entry(day, bytes(key), decode(value), self._is_own(message))

    def _is_own(self, message: Message) -> bool:
        """Return True if this process wrote the message."""
        # A process writes nothing before its state is restored, and reading headers is slow.
        return self._is_restored and (WRITER_HEADER, self._writer) in (message.headers() or ())


def _may_pass(error: KafkaError) -> bool:
    """Return True for an error that occurs while a broker is unavailable or starting."""
    local = {
        KafkaError._TIMED_OUT,  # noqa: SLF001 - librdkafka's names
        KafkaError._TRANSPORT,  # noqa: SLF001
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._WAIT_COORD,  # noqa: SLF001
    }
    return not error.fatal() and (bool(error.retriable()) or error.code() in local)
