"""A reader of many topics from given offsets, whose caller keeps the offsets itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, TopicPartition

from transport.reader import Message, following_reader, refusal
from transport.refusals import refusal_of

log = logging.getLogger(__name__)

_GATHER_S = 0.2

Places = Mapping[tuple[str, int], int]
"""The next offset to read, by topic and partition."""


class AssignedReader:
    """Reads committed messages of many partitions. It joins no group and commits nothing; a context manager.

    Each offset that it reaches is told once, by `reached`: also those after the markers of transactions.
    """

    def __init__(self, connection: Mapping[str, Any], start: Places) -> None:
        """Read on from the offsets `start`. Messages that were deleted meanwhile are left out."""
        self._consumer = Consumer(following_reader(connection))
        self._reached: dict[tuple[str, int], int] = {}
        self._behind = set(start)
        self._consumer.assign([TopicPartition(*place, at) for place, at in start.items()])

    def __enter__(self) -> AssignedReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    @property
    def is_whole(self) -> bool:
        """Return True once it has been at the end of each partition."""
        return not self._behind

    def read(self, most: int, seconds: float) -> list[Message]:
        """Return the messages that arrive within `seconds`, at most `most` of them.

        After the first message it waits a moment for more, because a transaction for each would cost more.

        Raises:
            ReadError: the broker refuses, for good.
        """
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        rest = self._consumer.consume(most - 1, _GATHER_S) if most > 1 else []
        return [message for message in (first, *rest) if self._is_usable(message)]

    def reached(self) -> Places:
        """Return the next offset of each partition that went on since the last call."""
        reached, self._reached = self._reached, {}
        return reached

    def _is_usable(self, message: Message) -> bool:
        error = message.error()
        place = str(message.topic()), message.partition() or 0
        if error is None:
            self._reached[place] = (message.offset() or 0) + 1
            return True
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
            self._reached[place] = message.offset() or 0
            self._behind.discard(place)
        elif refusal_of(error).is_final:
            raise refusal(place[0], error)
        else:
            log.warning("Kafka: %s; the client tries again", error.name())
        return False
