"""Reading topics as a partner would: by its own principal, committed records alone, to the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from schemas.client_names import reader_group

_POLL_SECONDS = 0.1
_METADATA_SECONDS = 15.0
_DENIED = KafkaError.TOPIC_AUTHORIZATION_FAILED


class ReadError(RuntimeError):
    """A topic could not be read to its end; `reason` is Kafka's name of why."""

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"{topic}: {reason}")
        self.reason = reason


class Denied(ReadError):
    """The broker's authorizer refused: the principal may not read that topic."""


def read_all(
    client: Mapping[str, Any], topic: str, partitions: int, seconds: float = 60.0
) -> Iterator[Message]:
    """Every committed message that stands in `topic` now.

    Partitions are assigned, not subscribed to, so no group is joined and nothing is committed.

    Raises:
        Denied: the principal of `client` has no right to read.
        ReadError: any other refusal, or the broker was silent for `seconds` before the end.
    """
    consumer = Consumer(_settings(client))
    try:
        _check_described(consumer, topic)
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(partitions)])
        yield from _to_the_end(consumer, topic, partitions, seconds, _group(client))
    finally:
        consumer.close()


def begin_offset(client: Mapping[str, Any], topic: str) -> int:
    """The first offset that a topic of one partition still has; 0 where nothing was ever deleted.

    Errors as `read_all`.
    """
    consumer = Consumer(_settings(client))
    try:
        _check_described(consumer, topic)
        low, _ = consumer.get_watermark_offsets(TopicPartition(topic, 0), _METADATA_SECONDS)
    finally:
        consumer.close()
    return low


def _settings(client: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **client,
        "group.id": _group(client),
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "log_level": 0,
        "fetch.wait.max.ms": 50,
    }


def _group(client: Mapping[str, Any]) -> str:
    return reader_group(client["sasl.username"])


def _check_described(consumer: Consumer, topic: str) -> None:
    """Ask for the topic's metadata: librdkafka never tells an assigned consumer that it may not see it."""
    error = consumer.list_topics(topic, timeout=_METADATA_SECONDS).topics[topic].error
    if error is None:
        return
    refusal = Denied if error.code() == _DENIED else ReadError
    raise refusal(topic, error.name())


def _to_the_end(
    consumer: Consumer, topic: str, partitions: int, seconds: float, group: str
) -> Iterator[Message]:
    ended: set[int] = set()
    silent_since = time.monotonic()
    while len(ended) < partitions:
        messages = consumer.consume(2_000, _POLL_SECONDS)
        if not messages and time.monotonic() - silent_since > seconds:
            raise ReadError(topic, "its end was not reached in time")
        for message in messages:
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
                ended.add(message.partition() or 0)
            elif error.code() == _DENIED:
                raise Denied(topic, error.name())
            elif error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                raise ReadError(f"{topic}, as group {group}", error.name())
            else:
                raise ReadError(topic, error.name())
        if messages:
            # Whoever takes the messages may be slow; that is no silence of the broker's.
            silent_since = time.monotonic()


def decoded(messages: Iterator[Message], decode: Callable[[bytes], Any]) -> Iterator[Any]:
    """The records of messages that hold one."""
    for message in messages:
        value = message.value()
        if value is not None:
            yield decode(value)
