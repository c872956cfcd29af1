"""Queries of the benchmarks to the broker as its operator: offsets of groups, ends of topics."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import (
    Consumer,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    OffsetSpec,
)
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

_CALL_SECONDS = 20.0
_MEMBERS_LEAVE_SECONDS = 20.0

_EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]

Ends = dict[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group's view of the intake topic, whose first records lie at `begin`."""

    admin: AdminClient
    name: str
    begin: Ends

    def forget(self) -> None:
        """Delete the group, so that it reads from the beginning; waits for its members to go."""
        for attempt in Retrying(
            retry=retry_if_exception(_will_pass),
            wait=wait_fixed(0.25),
            stop=stop_after_delay(_MEMBERS_LEAVE_SECONDS),
            reraise=True,
        ):
            with attempt:
                self._delete()

    def processed(self) -> int:
        """Records whose outcome is committed."""
        return sum(offset - self.begin[at] for at, offset in self.committed().items())

    def committed(self) -> Ends:
        """The committed offset of each partition that has one."""
        asked = ConsumerGroupTopicPartitions(self.name, [TopicPartition(*at) for at in self.begin])
        answer = self.admin.list_consumer_group_offsets([asked])[self.name].result(_CALL_SECONDS)
        return {
            (at.topic, at.partition): at.offset for at in answer.topic_partitions if at.offset >= 0
        }

    def waiting(self) -> int:
        """Return how many offsets of the group's topics are not committed yet."""
        at_end, committed = ends(self.admin, {topic for topic, _ in self.begin}), self.committed()
        return sum(end - committed.get(at, self.begin[at]) for at, end in at_end.items())

    def partitions_of(self, instance: str) -> set[tuple[str, int]]:
        """Return the partitions assigned to the member with that static name."""
        future = self.admin.describe_consumer_groups([self.name])[self.name]
        return {
            (at.topic, at.partition)
            for member in future.result(_CALL_SECONDS).members
            if member.group_instance_id == instance
            for at in member.assignment.topic_partitions
        }

    def members(self) -> int:
        """Return the number of members of a stable group, also of those without partitions."""
        future = self.admin.describe_consumer_groups([self.name])[self.name]
        described = future.result(_CALL_SECONDS)
        is_stable = described.state == ConsumerGroupState.STABLE
        return len(described.members) if is_stable else 0

    def has_members(self, count: int) -> bool:
        """Return True if that many members share the partitions and the group is stable."""
        future = self.admin.describe_consumer_groups([self.name])[self.name]
        described = future.result(_CALL_SECONDS)
        return (
            described.state == ConsumerGroupState.STABLE
            and sum(bool(m.assignment.topic_partitions) for m in described.members) == count
        )

    def _delete(self) -> None:
        try:
            self.admin.delete_consumer_groups([self.name])[self.name].result(_CALL_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.GROUP_ID_NOT_FOUND:
                raise


def _will_pass(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in (
        KafkaError.NON_EMPTY_GROUP,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    )


def begins(admin: AdminClient, topics: Iterable[str]) -> Ends:
    """The offset of each partition's first record."""
    return _offsets(admin, topics, _EARLIEST)


def ends(admin: AdminClient, topics: Iterable[str]) -> Ends:
    """The offset behind each partition's last record."""
    return _offsets(admin, topics, _LATEST)


def empty(admin: AdminClient, topics: Iterable[str]) -> None:
    """Delete every record of the topics."""
    upto = [TopicPartition(*at, offset) for at, offset in ends(admin, topics).items()]
    for future in admin.delete_records(upto).values():
        future.result(_CALL_SECONDS)


def partitions(admin: AdminClient, topic: str) -> int:
    """Return the number of partitions of a topic."""
    return len(admin.list_topics(topic, timeout=_CALL_SECONDS).topics[topic].partitions)


def _offsets(admin: AdminClient, topics: Iterable[str], spec: OffsetSpec) -> Ends:
    asked = {
        TopicPartition(topic, number): spec
        for topic in topics
        for number in range(partitions(admin, topic))
    }
    answers = admin.list_offsets(asked)
    return {(at.topic, at.partition): f.result(_CALL_SECONDS).offset for at, f in answers.items()}


@dataclass(frozen=True, slots=True)
class Content:
    """The number of records in each topic, and a digest of keys and values in any order."""

    records: Mapping[str, int]
    digest: str


def content(connection: Mapping[str, Any], since: Ends) -> Content:
    """Return what a `read_committed` consumer reads from the offsets of `since` on."""
    consumer = Consumer(
        {
            **connection,
            "group.id": "unused",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    total, open_partitions = 0, len(since)
    counts = dict.fromkeys([topic for topic, _ in since], 0)
    try:
        consumer.assign([TopicPartition(*at, offset) for at, offset in since.items()])
        while open_partitions:
            for message in consumer.consume(10_000, 0.2):
                error = message.error()
                if error is None:
                    counts[str(message.topic())] += 1
                    total += zlib.crc32(message.value() or b"", zlib.crc32(message.key() or b""))
                elif error.code() == KafkaError._PARTITION_EOF:
                    open_partitions -= 1
                else:
                    raise KafkaException(error)
    finally:
        consumer.close()
    return Content(counts, f"{total:016x}")
