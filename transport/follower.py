"""A reader of topics of one partition each: first to their ends, then new messages as they come."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from transport.transaction import FatalWorkerError

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
            FatalWorkerError: a topic cannot be read, or nothing arrives for a minute.
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
            FatalWorkerError: the broker refuses, or gives no answer for a minute.
        """
        self._patient = time.monotonic()
        self._aims = {topic: self._watermarks(topic)[1] for topic in self._at}

    def advance(self) -> bool:
        """Read a few messages; return True once the offsets to reach are reached.

        Raises:
            FatalWorkerError: a topic cannot be read, or there was no progress for a minute.
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
            raise FatalWorkerError(f"{', '.join(behind)}: cannot be read to the end")
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
                    raise FatalWorkerError(f"{cause.name()}: {cause.str()} ({about})") from error
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
            raise FatalWorkerError(f"{error.name()}: {error.str()} ({about})")
        log.warning("Kafka: %s", error.name())


def _may_pass(error: KafkaError) -> bool:
    """Return True for an error that occurs while a broker is unavailable or starting."""
    local = {
        KafkaError._TIMED_OUT,  # noqa: SLF001 - librdkafka's names
        KafkaError._TRANSPORT,  # noqa: SLF001
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._WAIT_COORD,  # noqa: SLF001
    }
    return not error.fatal() and (bool(error.retriable()) or error.code() in local)
