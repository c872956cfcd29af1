"""The changelog: what workers remember, as compacted topics that each worker reads back.

Changes are written in the transaction of the batch that made them, so memory and releases stand
or fall together. Nothing lies on the worker's disk: another machine can take over.

A worker reads the topics when it starts, to their ends whenever it is assigned partitions, and all the
time what others write. An end is the high watermark. The last stable offset would leave out the transaction
of a worker that has just died, whose offsets can be committed in one partition before they are in another.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from isp.agreement.topics import DAY_MS
from sanitiser.memory import Memory
from sanitiser.packing import unpacked
from streams.runtime.kafka_config import WorkerClients
from transport.messages import WRITER_HEADER
from transport.transaction import Unmendable

log = logging.getLogger(__name__)

_MESSAGES = 5_000
_POLL_SECONDS = 0.05
_CALL_SECONDS = 5.0
_PATIENCE_SECONDS = 60.0


class Follower:
    """Reads topics of one partition each: to their ends, and then what is written to them.

    They are read in `phases`. The topics of all but the last phase are read once, at the start.
    """

    def __init__(
        self,
        reader: Mapping[str, Any],
        phases: Sequence[Sequence[str]],
        keep: Callable[[Sequence[Message]], None],
    ) -> None:
        """Connect nothing yet; `reader` configures a consumer that reads what is committed.

        `keep` is given what has come, in the order in which it stands in each topic.
        """
        self._reader = reader
        self._phases = phases
        self._keep = keep
        self._consumer: Consumer | None = None
        self._observer: Consumer | None = None
        self._at: dict[str, int] = {}
        self._aims: dict[str, int] = {}
        self._patient = 0.0

    def restore(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Read all that is committed, or as far as it comes before `stopped`.

        Raises:
            Unmendable: a topic cannot be read, or does not end within a minute of silence.
        """
        self._consumer = Consumer({**self._reader})
        # For a reader of what is committed librdkafka gives the last stable offset for the high watermark.
        self._observer = Consumer({**self._reader, "isolation.level": "read_uncommitted"})
        for topics in self._phases:
            self._begin(topics)
            while not self.advance():
                if stopped():
                    return

    def _begin(self, topics: Sequence[str]) -> None:
        assert self._consumer is not None, "begin before restore"
        self._patient = time.monotonic()
        marks = {topic: self._watermarks(topic) for topic in topics}
        self._at = {topic: low for topic, (low, _) in marks.items()}
        self._aims = {topic: high for topic, (_, high) in marks.items()}
        # By number: for the beginning as such librdkafka waits half a second before it asks where that is.
        self._consumer.assign([TopicPartition(topic, 0, low) for topic, low in self._at.items()])

    def aim(self) -> None:
        """Take the ends of the topics, as they are now, as what is to be reached.

        Raises:
            Unmendable: the broker refuses, or gives no answer for a minute.
        """
        self._patient = time.monotonic()
        self._aims = {topic: self._watermarks(topic)[1] for topic in self._at}

    def advance(self) -> bool:
        """Read for a moment; return whether the ends that were aimed at are reached.

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
        """Take in all that has arrived of what other workers have written since; never waits."""
        assert self._consumer is not None, "follow before restore"
        while True:
            messages = self._consumer.consume(_MESSAGES, 0)
            self._take(messages)
            if len(messages) < _MESSAGES:
                return

    def close(self) -> None:
        """Let go of the broker."""
        for client in (self._consumer, self._observer):
            if client is not None:
                client.close()

    def _is_there(self) -> bool:
        return all(self._at[topic] >= aim for topic, aim in self._aims.items())

    def _watermarks(self, topic: str) -> tuple[int, int]:
        """Return the first offset that the topic has, and the next that will be written."""
        assert self._observer is not None, "aim before restore"
        while True:
            try:
                return self._observer.get_watermark_offsets(TopicPartition(topic, 0), _CALL_SECONDS)
            except KafkaException as error:
                cause = error.args[0]
                spent = time.monotonic() - self._patient > _PATIENCE_SECONDS
                if spent or not _may_pass(cause):
                    raise Unmendable(f"{cause.name()}: {cause.str()} (topic {topic})") from error
                log.warning("Kafka: %s; asked again for the end of %s", cause.name(), topic)
                time.sleep(_POLL_SECONDS)

    def _take(self, messages: list[Message]) -> None:
        self._keep([message for message in messages if message.error() is None])
        for message in messages:
            topic, offset, error = str(message.topic()), message.offset() or 0, message.error()
            if error is None:
                self._at[topic] = offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
                # Beyond the markers of transactions, which are no messages.
                self._at[topic] = max(self._at.get(topic, 0), offset)
            else:
                self._judge(error, topic)

    def _judge(self, error: KafkaError, topic: str) -> None:
        if error.fatal() or not error.retriable():
            group = self._reader["group.id"]
            about = f"topic {topic}, group {group}"
            raise Unmendable(f"{error.name()}: {error.str()} ({about})")
        log.warning("Kafka: %s", error.name())


class Changelog(Follower):
    """Reads the topics of state into a worker's memory.

    `earlier` is the topic that held all kinds of state before each had its own. It is read first and only at
    the start, so that what stands in the others counts.
    """

    def __init__(
        self,
        clients: WorkerClients,
        topics: Sequence[str],
        earlier: str,
        memory: Memory,
        writer: bytes,
        decode: Callable[[bytes], bytes],
    ) -> None:
        """Connect nothing yet; `writer` is the name under which this process writes.

        `decode` gives what stands under a key from the message's value.
        """
        super().__init__(clients.reader(), ([earlier], topics), self._remember)
        self._memory = memory
        self._writer = writer
        self._decode = decode
        self._is_restored = False

    def restore(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Read all state that is committed, or as far as it comes before `stopped`. Errors as `Follower`."""
        began = time.monotonic()
        super().restore(stopped)
        self._is_restored = True
        seconds = time.monotonic() - began
        log.info("restored %d state entries in %.2f s", len(self._memory), seconds)

    def _remember(self, messages: Sequence[Message]) -> None:
        # All of a day at once. Not sorted by it: of two values of a key the later one counts.
        for day, entries in groupby(self._entries(messages), itemgetter(0)):
            # Unpacked first: of two packed entries with the same content the place of the later one counts.
            unpacked_entries = (e for _, key, value in entries for e in unpacked(key, value))
            self._memory.keep(dict(unpacked_entries), day)

    def _entries(self, messages: Sequence[Message]) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield the day, the key and the value of what is not kept yet."""
        decode = self._decode
        for message in messages:
            key, value = message.key(), message.value()
            if key is not None and value is not None and not self._is_own(message):
                yield message.timestamp()[1] // DAY_MS, bytes(key), decode(value)

    def _is_own(self, message: Message) -> bool:
        """Return True for what this process wrote, which is kept since its commit."""
        # Before its state is restored a process has written nothing, and headers take a while to read.
        return self._is_restored and (WRITER_HEADER, self._writer) in (message.headers() or ())


def _may_pass(error: KafkaError) -> bool:
    """Return True for an error that a broker gives while it is away or coming back."""
    local = {
        KafkaError._TIMED_OUT,  # noqa: SLF001 - librdkafka's names
        KafkaError._TRANSPORT,  # noqa: SLF001
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._WAIT_COORD,  # noqa: SLF001
    }
    return not error.fatal() and (bool(error.retriable()) or error.code() in local)
