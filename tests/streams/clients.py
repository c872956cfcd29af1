"""Kafka clients at the edge of the process: a log in memory that is read and written in turn."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeVar

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException, TopicPartition

from streams.messages import Intake

Made = TypeVar("Made")


def producers_made(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, kind: Callable[[dict[str, Any]], Made]
) -> list[Made]:
    """Have `module` make producers of this kind; return every one that it made, in order."""
    made: list[Made] = []

    def make(config: dict[str, Any]) -> Made:
        made.append(kind(config))
        return made[-1]

    monkeypatch.setattr(module, "Producer", make)
    return made


class Message:
    """One intake message as librdkafka hands it over, or an error in its place."""

    def __init__(
        self, intake: Intake, error: KafkaError | None = None, *, has_names: bool = True
    ) -> None:
        """Take the intake; the name of a header is no text unless `has_names`."""
        self._intake = intake
        self._has_names = has_names
        self.error = lambda: error

    def topic(self) -> str:
        return self._intake.topic

    def partition(self) -> int:
        return self._intake.partition

    def offset(self) -> int:
        return self._intake.offset

    def key(self) -> bytes | None:
        return self._intake.key

    def value(self) -> bytes | None:
        return self._intake.value

    def headers(self) -> list[tuple[str, bytes]] | None:
        if not self._has_names:
            b"\xff".decode()
        supply = self._intake.supply_id
        return None if supply is None else [("supply", supply.encode())]

    def timestamp(self) -> tuple[int, int]:
        return 1, self._intake.timestamp_ms


@dataclass
class Log:
    """The broker: what waits to be read, and what transactions made of it."""

    waiting: list[Intake] = field(default_factory=list)
    endless: Intake | None = None
    committed: dict[tuple[str, int], int] = field(default_factory=dict)
    written: list[tuple[str, bytes | None, bytes]] = field(default_factory=list)
    transactions: int = 0
    aborts_to_come: int = 0
    paused: list[str] = field(default_factory=list)
    closed: bool = False
    largest: int | None = None
    unreadable: set[int] = field(default_factory=set)
    nameless: set[int] = field(default_factory=set)
    rebalances: bool = True
    unsettled: int = 0
    elsewhere: set[str] = field(default_factory=set)

    def partitions(self) -> list[TopicPartition]:
        """Partitions of everything that waits, but of topics that another worker has."""
        known = dict.fromkeys(
            (i.topic, i.partition) for i in self.waiting if i.topic not in self.elsewhere
        )
        return [TopicPartition(topic, partition) for topic, partition in known]


class Consumer:
    """Reads the log from its committed offsets."""

    def __init__(self, log: Log, config: dict[str, Any]) -> None:
        self.log = log
        self.config = config
        self.positions: dict[tuple[str, int], int] = defaultdict(int)
        self.assigned: list[TopicPartition] = []

    def subscribe(
        self,
        topics: list[str],
        on_assign: Callable[[Any, Any], None],
        on_revoke: Callable[[Any, Any], None] = lambda _consumer, _partitions: None,
    ) -> None:
        self.topics = topics
        self.on_assign = on_assign
        self.on_revoke = on_revoke

    def poll(self, timeout: float) -> Message | None:
        if self.log.rebalances:
            self.log.rebalances = False
            self.positions = defaultdict(int, self.log.committed)
            self.on_revoke(self, self.assigned)
            self.assigned = self.log.partitions()
            self.on_assign(self, self.assigned)
        found = self._next(1)
        if not found:
            time.sleep(min(timeout, 0.01))
        return found[0] if found else None

    def consume(self, count: int, timeout: float) -> list[Message]:
        return self._next(count)

    def _next(self, count: int) -> list[Message]:
        if self.log.endless is not None:
            time.sleep(0.001)
            return [Message(self.log.endless)]
        unread = [
            i
            for i in self.log.waiting
            if i.topic not in self.log.elsewhere
            and i.offset >= self.positions[i.topic, i.partition]
        ][:count]
        messages: list[Message] = []
        for intake in unread:
            if intake.offset in self.log.unreadable:
                return [*messages, Message(intake, KafkaError(KafkaError._BAD_COMPRESSION))]
            self.positions[intake.topic, intake.partition] = intake.offset + 1
            has_names = intake.offset not in self.log.nameless
            messages.append(Message(intake, has_names=has_names))
        return messages

    def consumer_group_metadata(self) -> str:
        return "the group"

    def assignment(self) -> list[TopicPartition]:
        return self.log.partitions()

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        if self.log.unsettled:
            self.log.unsettled -= 1
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        known = self.log.committed
        return [
            TopicPartition(p.topic, p.partition, known.get((p.topic, p.partition), OFFSET_INVALID))
            for p in partitions
        ]

    def seek(self, partition: TopicPartition) -> None:
        self.positions[partition.topic, partition.partition] = max(0, partition.offset)

    def position(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        return [
            TopicPartition(p.topic, p.partition, self.positions[p.topic, p.partition])
            for p in partitions
        ]

    def get_watermark_offsets(self, partition: TopicPartition, *, cached: bool) -> tuple[int, int]:
        offsets = [i.offset for i in self.log.waiting if i.topic == partition.topic]
        return 0, max(offsets, default=-1) + 1

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        self.log.paused += [p.topic for p in partitions]

    def close(self) -> None:
        self.on_revoke(self, self.assigned)
        self.log.closed = True


class Producer:
    """Writes into the log what its transactions commit, and aborts as often as the log says."""

    def __init__(self, log: Log, config: dict[str, Any]) -> None:
        self.log = log
        self.config = config
        self.pending: list[tuple[str, bytes | None, bytes]] = []
        self.offsets: list[TopicPartition] = []

    def init_transactions(self, timeout: float) -> None:
        """Take over."""

    def begin_transaction(self) -> None:
        self.pending, self.offsets = [], []

    def produce(
        self, topic: str, value: bytes, key: bytes | None, headers: Any, timestamp: int
    ) -> None:
        self.check_size(topic, value)
        self.pending.append((topic, key, value))

    def check_size(self, topic: str, value: bytes) -> None:
        if self.log.largest is not None and len(value) > self.log.largest:
            raise KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE, topic))

    def flush(self, timeout: float) -> int:
        return 0

    def poll(self, timeout: float) -> None:
        """Nothing to serve."""

    def send_offsets_to_transaction(
        self, offsets: list[TopicPartition], group: str, timeout: float
    ) -> None:
        assert group == "the group"
        self.offsets = offsets

    def commit_transaction(self, timeout: float) -> None:
        if self.log.aborts_to_come:
            self.log.aborts_to_come -= 1
            error = KafkaError(KafkaError.ILLEGAL_GENERATION, "rebalanced", False, False, True)
            raise KafkaException(error)
        self.log.transactions += 1
        self.log.written += self.pending
        for at in self.offsets:
            self.log.committed[at.topic, at.partition] = at.offset

    def abort_transaction(self, timeout: float) -> None:
        self.pending = []
