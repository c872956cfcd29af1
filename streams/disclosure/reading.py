"""Positions in Kafka: the common ones of all cases, and those of the backlog of each new case."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from streams.messages import Intake
from streams.runtime.intake import intake_of, place_of, unreadable_of
from transport.client_settings import assigned_consumer
from transport.transaction import FatalWorkerError

_CALL_SECONDS = 15.0
_RECORDS = 500
_WAITING = 100
"""Letters of one party that are kept here until its turn; further letters stay at the broker."""
_FETCHED_KB = 8_192

PartitionKey = tuple[str, int]
"""A topic and one of its partitions."""

log = logging.getLogger(__name__)


def consumer_of(connection: Mapping[str, Any], group: str) -> Consumer:
    """Return a consumer that is assigned its partitions, without a group that shares them."""
    return Consumer(
        {
            **assigned_consumer(connection, group, wait_ms=100),
            "queued.max.messages.kbytes": _FETCHED_KB,
        }
    )


class Positions:
    """Reads letters, and the intake partitions that open cases need.

    Messages of the topics in `letters` wait until `take`. A topic is paused while `_WAITING` of its letters
    wait.
    """

    def __init__(
        self, connection: Mapping[str, Any], group: str, letters: Collection[str] = ()
    ) -> None:
        self.consumer = consumer_of(connection, group)
        self.at: dict[PartitionKey, int] = {}
        self.kept: dict[PartitionKey, int] = {}
        self._waiting: dict[PartitionKey, deque[Intake]] = {
            (topic, 0): deque() for topic in letters
        }
        self._paused: set[PartitionKey] = set()

    def begin(self, places: list[PartitionKey]) -> None:
        """Read from the committed offsets, or from the beginning where nothing is committed.

        Raises:
            FatalWorkerError: the broker refuses, or does not answer.
        """
        for found in _committed(self.consumer, places):
            low, _ = self.watermarks((found.topic, found.partition))
            self.at[found.topic, found.partition] = max(found.offset, low)
        self._assign()

    def forget(self) -> None:
        """Stop reading, and forget all positions."""
        self.at.clear()
        self.kept.clear()
        self._assign()

    def follow(self, places: Mapping[PartitionKey, int]) -> None:
        """Read these partitions too, from the given offsets."""
        self.at.update(places)
        self._assign()

    def leave(self, places: set[PartitionKey]) -> None:
        """Stop reading these partitions, and forget their positions."""
        for place in places:
            self.at.pop(place, None)
            self.kept.pop(place, None)
        self._assign()

    def wait(self, places: set[PartitionKey]) -> None:
        """Stop reading these partitions for now. Keep and commit their positions with the others."""
        for place in places & self.at.keys():
            self.kept[place] = self.at.pop(place)
        self._assign()

    def go_on(self) -> None:
        """Continue from all kept positions."""
        self.at |= self.kept
        self.kept.clear()
        self._assign()

    def poll(self, seconds: float) -> list[Intake]:
        """Return new intake and advance its positions. Letters wait for `take`."""
        found = []
        for intake in _intakes(self.consumer, self.consumer.consume(_RECORDS, seconds)):
            place = intake.topic, intake.partition
            if place in self._waiting:
                self._hold(place, intake)
            else:
                found.append(intake)
                self.at[place] = intake.offset + 1
        return found

    def take(self, topic: str, most: int) -> list[Intake]:
        """Return the next letters of a topic, in their order, and advance its position."""
        place = (topic, 0)
        waiting = self._waiting[place]
        taken = [waiting.popleft() for _ in range(min(most, len(waiting)))]
        if taken:
            self.at[place] = taken[-1].offset + 1
        if place in self._paused and not waiting:
            self._paused.discard(place)
            with _answered(f"read on in topic {topic}"):
                self.consumer.seek(TopicPartition(*place, self.at[place]))
                self.consumer.resume([TopicPartition(*place)])
        return taken

    def partitions(self, topic: str) -> int:
        """Return the number of partitions that a topic has at the broker; errors as `begin`."""
        with _answered(f"the partitions of topic {topic}"):
            found = self.consumer.list_topics(topic, timeout=_CALL_SECONDS).topics[topic]
        return len(found.partitions)

    def watermarks(self, place: PartitionKey) -> tuple[int, int]:
        """Return the first offset of a partition, and the next that will be written; errors as `begin`."""
        with _answered(f"the offsets of topic {place[0]}"):
            return self.consumer.get_watermark_offsets(TopicPartition(*place), _CALL_SECONDS)

    @property
    def offsets(self) -> list[TopicPartition]:
        """Return all positions, to be committed."""
        return [TopicPartition(*place, at) for place, at in (self.at | self.kept).items()]

    def _hold(self, place: PartitionKey, letter: Intake) -> None:
        waiting = self._waiting[place]
        if place not in self._paused:
            waiting.append(letter)
        if len(waiting) >= _WAITING and place not in self._paused:
            self._paused.add(place)
            self.consumer.pause([TopicPartition(*place)])

    def _assign(self) -> None:
        """Continue from all positions. Waiting letters are read again."""
        self.consumer.assign([TopicPartition(*place, at) for place, at in self.at.items()])
        for waiting in self._waiting.values():
            waiting.clear()
        self._paused.clear()
        letters = [TopicPartition(*place) for place in self._waiting if place in self.at]
        self.consumer.resume(letters)


class Backlog:
    """Reads the backlog of a newly opened case: the intake from its beginning.

    The backlog ends when it has reached the common positions in every partition.
    """

    def __init__(
        self, connection: Mapping[str, Any], group: str, places: Collection[PartitionKey]
    ) -> None:
        """Read from the committed offsets; errors as `Positions.begin`."""
        self.consumer = consumer_of(connection, group)
        self.at: dict[PartitionKey, int] = {}
        start = _committed(self.consumer, places)
        for place in start:
            self.at[place.topic, place.partition] = max(place.offset, 0)
            if place.offset < 0:
                place.offset = OFFSET_BEGINNING
        self.consumer.assign(start)

    def poll(self, seconds: float) -> list[Intake]:
        """Return the next records; errors as `_intakes`."""
        messages = self.consumer.consume(_RECORDS, seconds)
        taken = list(_intakes(self.consumer, messages))
        for intake in taken:
            self.at[intake.topic, intake.partition] = intake.offset + 1
        for place, end in _ends(messages):
            # After deleted records, and after the markers of transactions.
            self.at[place] = max(self.at[place], end)
        return taken

    def has_met(self, positions: Positions) -> bool:
        """Return True once the backlog has reached these positions."""
        return all(at >= positions.at[place] for place, at in self.at.items())

    @property
    def offsets(self) -> list[TopicPartition]:
        """Return the positions reached, to be committed."""
        return [TopicPartition(*place, offset) for place, offset in self.at.items()]

    def close(self) -> None:
        """Disconnect from the broker."""
        self.consumer.close()


class Ahead:
    """Reads intake ahead of positions that do not move.

    It commits nothing, so a restarted process reads the same records again.
    """

    def __init__(
        self, connection: Mapping[str, Any], group: str, begin: Mapping[PartitionKey, int]
    ) -> None:
        """Read each partition from its offset. The group is that of the positions."""
        self.consumer = consumer_of(connection, group)
        self._unfinished = set(begin)
        self.consumer.assign([TopicPartition(*place, at) for place, at in begin.items()])

    @property
    def has_met_the_end(self) -> bool:
        """Return True once every partition was read to its end."""
        return not self._unfinished

    def poll(self, seconds: float) -> list[Intake]:
        """Return the next records; errors as `_intakes`."""
        messages = self.consumer.consume(_RECORDS, seconds)
        self._unfinished -= {place for place, _ in _ends(messages)}
        return list(_intakes(self.consumer, messages))

    def close(self) -> None:
        """Disconnect from the broker."""
        self.consumer.close()


def _committed(consumer: Consumer, places: Collection[PartitionKey]) -> list[TopicPartition]:
    """Return the committed offsets of the consumer's group."""
    with _answered("the committed positions"):
        found = consumer.committed([TopicPartition(*p) for p in places], timeout=_CALL_SECONDS)
        for place in found:
            # With an error the offset looks as if nothing was committed.
            if place.error is not None:
                raise KafkaException(place.error)
    return found


@contextmanager
def _answered(what: str) -> Iterator[None]:
    """Raise `FatalWorkerError` with the reason if the broker refuses or does not answer."""
    try:
        yield
    except KafkaException as error:
        cause = error.args[0]
        raise FatalWorkerError(f"{cause.name()}: {cause.str()} ({what})") from error


def _ends(messages: Iterable[Message]) -> Iterator[tuple[PartitionKey, int]]:
    """Yield the partitions whose end was reached, each with its end."""
    for message in messages:
        error = message.error()
        if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name for it
            yield place_of(message), message.offset() or 0


def _intakes(consumer: Consumer, messages: Iterable[Message]) -> Iterator[Intake]:
    """Yield messages as intakes. An offset that the client cannot read is logged, marked and skipped.

    Raises:
        FatalWorkerError: the broker refuses, or a topic does not exist.
    """
    for message in messages:
        error, unreadable = message.error(), unreadable_of(message)
        if error is None:
            intake = intake_of(message)
            if intake.unreadable is not None:
                log.error("%s[%d]@%d: %s", *intake[:3], intake.unreadable)
            yield intake
        elif unreadable is not None:
            log.error("%s[%d]@%d: %s", *unreadable[:3], error.name())
            with _answered(f"read on behind offset {unreadable.offset} of {unreadable.topic}"):
                consumer.seek(TopicPartition(*unreadable[:2], unreadable.offset + 1))
            yield unreadable
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name for it
            continue
        elif error.fatal() or not error.retriable():
            raise FatalWorkerError(f"{error.name()}: {error.str()} (topic {message.topic()})")
