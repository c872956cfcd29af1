"""Positions in Kafka: what the discloser follows, and what a new case still has to be given."""

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
from transport.transaction import Unmendable

_CALL_SECONDS = 15.0
_RECORDS = 500
_WAITING = 100
"""Letters of one party that are held until it is its turn; the others stay at the broker."""
_FETCHED_KB = 8_192

Place = tuple[str, int]
"""A topic and one of its partitions."""

log = logging.getLogger(__name__)


def consumer_of(connection: Mapping[str, Any], group: str) -> Consumer:
    """A consumer that is assigned its partitions, so that nobody else gets any."""
    return Consumer(
        {
            **connection,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 100,
            "queued.max.messages.kbytes": _FETCHED_KB,
            "reconnect.backoff.max.ms": 1_000,
        }
    )


class Positions:
    """Reads letters always, and the intake of those partitions that an open case waits for.

    The `letters` are topics of which messages wait until they are taken. A few of each are held; while
    that many wait, its topic is read no further.
    """

    def __init__(
        self, connection: Mapping[str, Any], group: str, letters: Collection[str] = ()
    ) -> None:
        self.consumer = consumer_of(connection, group)
        self.at: dict[Place, int] = {}
        self.kept: dict[Place, int] = {}
        self._waiting: dict[Place, deque[Intake]] = {(topic, 0): deque() for topic in letters}
        self._paused: set[Place] = set()

    def begin(self, places: list[Place]) -> None:
        """Go on where the group has committed, and from the beginning where it has not.

        Raises:
            Unmendable: the broker refuses, or does not answer.
        """
        for found in _committed(self.consumer, places):
            low, _ = self.watermarks((found.topic, found.partition))
            self.at[found.topic, found.partition] = max(found.offset, low)
        self._assign()

    def forget(self) -> None:
        """Read nothing, and know no position."""
        self.at.clear()
        self.kept.clear()
        self._assign()

    def follow(self, places: Mapping[Place, int]) -> None:
        """Read these from their offsets on, too."""
        self.at.update(places)
        self._assign()

    def leave(self, places: set[Place]) -> None:
        """Read these no more."""
        for place in places:
            self.at.pop(place, None)
            self.kept.pop(place, None)
        self._assign()

    def wait(self, places: set[Place]) -> None:
        """Read these no more for now. Their positions stay, and are committed with the others."""
        for place in places & self.at.keys():
            self.kept[place] = self.at.pop(place)
        self._assign()

    def go_on(self) -> None:
        """Read on from all positions that were kept."""
        self.at |= self.kept
        self.kept.clear()
        self._assign()

    def poll(self, seconds: float) -> list[Intake]:
        """Return what is new of the intake; the positions are moved on by it. Letters wait for `take`."""
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
        """Return the next letters of a topic, in their order; its position is moved on by them."""
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

    def watermarks(self, place: Place) -> tuple[int, int]:
        """The first offset that is kept, and the next that will be written; errors as `begin`."""
        with _answered(f"the offsets of topic {place[0]}"):
            return self.consumer.get_watermark_offsets(TopicPartition(*place), _CALL_SECONDS)

    @property
    def offsets(self) -> list[TopicPartition]:
        """All positions, to be committed."""
        return [TopicPartition(*place, at) for place, at in (self.at | self.kept).items()]

    def _hold(self, place: Place, letter: Intake) -> None:
        waiting = self._waiting[place]
        if place not in self._paused:
            waiting.append(letter)
        if len(waiting) >= _WAITING and place not in self._paused:
            self._paused.add(place)
            self.consumer.pause([TopicPartition(*place)])

    def _assign(self) -> None:
        """Read on from all positions; what waits is read again."""
        self.consumer.assign([TopicPartition(*place, at) for place, at in self.at.items()])
        for waiting in self._waiting.values():
            waiting.clear()
        self._paused.clear()
        letters = [TopicPartition(*place) for place in self._waiting if place in self.at]
        self.consumer.resume(letters)


class Backlog:
    """What a case that has been opened is still to be given: the intake from its beginning on.

    It is over when it has come as far, in every partition at once, as what all cases follow.
    """

    def __init__(
        self, connection: Mapping[str, Any], group: str, places: Collection[Place]
    ) -> None:
        """Go on where the group has committed; errors as `Positions.begin`."""
        self.consumer = consumer_of(connection, group)
        self.at: dict[Place, int] = {}
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
            # Past what was deleted, and past the marks of transactions.
            self.at[place] = max(self.at[place], end)
        return taken

    def has_met(self, positions: Positions) -> bool:
        """Return True once it has come as far as these."""
        return all(at >= positions.at[place] for place, at in self.at.items())

    @property
    def offsets(self) -> list[TopicPartition]:
        """The positions reached, to be committed."""
        return [TopicPartition(*place, offset) for place, offset in self.at.items()]

    def close(self) -> None:
        """Let go of the broker."""
        self.consumer.close()


class Ahead:
    """Reads intake past positions that stay where they are.

    It commits nothing, so a process that starts again reads the same again.
    """

    def __init__(
        self, connection: Mapping[str, Any], group: str, begin: Mapping[Place, int]
    ) -> None:
        """Read each place from its offset on. The group is that of the positions."""
        self.consumer = consumer_of(connection, group)
        self._unfinished = set(begin)
        self.consumer.assign([TopicPartition(*place, at) for place, at in begin.items()])

    @property
    def has_met_the_end(self) -> bool:
        """Return True once every place was read to its end."""
        return not self._unfinished

    def poll(self, seconds: float) -> list[Intake]:
        """Return the next records; errors as `_intakes`."""
        messages = self.consumer.consume(_RECORDS, seconds)
        self._unfinished -= {place for place, _ in _ends(messages)}
        return list(_intakes(self.consumer, messages))

    def close(self) -> None:
        """Let go of the broker."""
        self.consumer.close()


def _committed(consumer: Consumer, places: Collection[Place]) -> list[TopicPartition]:
    """Return where the consumer's group stands."""
    with _answered("the committed positions"):
        found = consumer.committed([TopicPartition(*p) for p in places], timeout=_CALL_SECONDS)
        for place in found:
            # Its offset says that nothing was committed, and is not known.
            if place.error is not None:
                raise KafkaException(place.error)
    return found


@contextmanager
def _answered(what: str) -> Iterator[None]:
    """Raise `Unmendable`, with the reason, where the broker does not say what was asked."""
    try:
        yield
    except KafkaException as error:
        cause = error.args[0]
        raise Unmendable(f"{cause.name()}: {cause.str()} ({what})") from error


def _ends(messages: Iterable[Message]) -> Iterator[tuple[Place, int]]:
    """Yield the partitions whose end was met, each with its end."""
    for message in messages:
        error = message.error()
        if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name for it
            yield place_of(message), message.offset() or 0


def _intakes(consumer: Consumer, messages: Iterable[Message]) -> Iterator[Intake]:
    """Yield what was read. A place whose bytes the client cannot read is passed over, and says so.

    Raises:
        Unmendable: the broker refuses, or a topic is gone.
    """
    for message in messages:
        error, unreadable = message.error(), unreadable_of(message)
        if error is None:
            yield intake_of(message)
        elif unreadable is not None:
            log.error("%s[%d]@%d: %s", *unreadable[:3], error.name())
            with _answered(f"read on behind offset {unreadable.offset} of {unreadable.topic}"):
                consumer.seek(TopicPartition(*unreadable[:2], unreadable.offset + 1))
            yield unreadable
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name for it
            continue
        elif error.fatal() or not error.retriable():
            raise Unmendable(f"{error.name()}: {error.str()} (topic {message.topic()})")
