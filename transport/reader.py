"""Reading topics as a partner would: by its own principal, committed records alone, to the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
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

from transport.client_names import reader_group

_POLL_SECONDS = 0.1
_METADATA_SECONDS = 15.0
_DENIED = KafkaError.TOPIC_AUTHORIZATION_FAILED
_AWAY = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka's names
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._RESOLVE,  # noqa: SLF001
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.NETWORK_EXCEPTION,
    }
)
"""What is said of a broker that is away or comes back. librdkafka's `retriable` is for transactions alone."""
UNKNOWN_TOPIC = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART).name()
"""The reason of a `ReadError` where the broker has no such topic."""


class ReadError(RuntimeError):
    """A topic could not be read to its end; `reason` is Kafka's name of why."""

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"{topic}: {reason}")
        self.reason = reason


class Denied(ReadError):
    """The broker's authorizer refused: the principal may not read that topic."""


class Away(ReadError):
    """The broker does not answer now; it can be asked again."""


def read_all(
    client: Mapping[str, Any],
    topic: str,
    partitions: int,
    seconds: float = 60.0,
    *,
    to_high_watermark: bool = False,
) -> Iterator[Message]:
    """Every committed message that stands in `topic` now.

    Partitions are assigned, not subscribed to, so no group is joined and nothing is committed. The end is the
    first transaction that is open; with `to_high_watermark` open ones are waited for.

    Raises:
        Denied: the principal of `client` has no right to read.
        Away: the broker is away.
        ReadError: any other refusal, or the broker was silent for `seconds` before the end.
    """
    # What was deleted since its beginning was asked for is passed over.
    consumer = Consumer({**committed_reader(client), "auto.offset.reset": "earliest"})
    try:
        check_described(consumer, topic)
        consumer.assign([_beginning(consumer, topic, p) for p in range(partitions)])
        aims = _high_watermarks(client, topic, partitions) if to_high_watermark else {}
        yield from _to_the_end(consumer, topic, partitions, seconds, _group(client), aims)
    finally:
        consumer.close()


def _beginning(consumer: Consumer, topic: str, partition: int) -> TopicPartition:
    """Return where a partition begins, by its number if the broker gives it now.

    For the beginning as such librdkafka waits half a second before it asks where that is.
    """
    try:
        begin, _ = watermarks(consumer, topic, partition)
    except Away:
        begin = OFFSET_BEGINNING
    return TopicPartition(topic, partition, begin)


def read_present(
    client: Mapping[str, Any], topic: str, partitions: int, seconds: float = 60.0
) -> Iterator[Message]:
    """Read as `read_all`; yield nothing where the broker has no such topic: no protocol was ever applied."""
    try:
        yield from read_all(client, topic, partitions, seconds)
    except ReadError as error:
        if error.reason != UNKNOWN_TOPIC:
            raise


def begin_offset(client: Mapping[str, Any], topic: str) -> int:
    """The first offset that a topic of one partition still has; 0 where nothing was ever deleted.

    Errors as `read_all`.
    """
    consumer = Consumer(committed_reader(client))
    try:
        check_described(consumer, topic)
        low, _ = watermarks(consumer, topic, 0)
    finally:
        consumer.close()
    return low


def end_offset(client: Mapping[str, Any], topic: str) -> int:
    """Return the offset behind the last message of a topic of one partition; 0 if nothing was ever written.

    The right to see the topic is enough. Errors as `read_all`.
    """
    consumer = Consumer(committed_reader(client))
    try:
        check_described(consumer, topic)
    finally:
        consumer.close()
    return _high_watermarks(client, topic, 1)[0]


def _high_watermarks(client: Mapping[str, Any], topic: str, partitions: int) -> dict[int, int]:
    """Return the offset behind the last message of each partition, whether or not it is committed."""
    # For a reader of what is committed librdkafka gives the last stable offset instead.
    observer = Consumer({**committed_reader(client), "isolation.level": "read_uncommitted"})
    try:
        return {p: watermarks(observer, topic, p)[1] for p in range(partitions)}
    finally:
        observer.close()


def committed_reader(client: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a consumer that is assigned partitions and reads what is committed."""
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


def watermarks(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    """Return the first offset of a partition, and the one behind its last. Errors as `read_all`."""
    with _refusals(topic):
        place = TopicPartition(topic, partition)
        return consumer.get_watermark_offsets(place, _METADATA_SECONDS)


def check_described(consumer: Consumer, topic: str) -> None:
    """Ask for the topic's metadata: librdkafka never tells an assigned consumer that it may not see it.

    Errors as `read_all`.
    """
    with _refusals(topic):
        error = consumer.list_topics(topic, timeout=_METADATA_SECONDS).topics[topic].error
    if error is not None:
        raise refusal(topic, error)


@contextmanager
def _refusals(topic: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise refusal(topic, error.args[0]) from None


def refusal(topic: str, error: KafkaError) -> ReadError:
    """Return the error that says of Kafka's what can be done about it."""
    if error.code() == _DENIED:
        return Denied(topic, error.name())
    return (Away if error.code() in _AWAY else ReadError)(topic, error.name())


def _to_the_end(
    consumer: Consumer,
    topic: str,
    partitions: int,
    seconds: float,
    group: str,
    aims: Mapping[int, int],
) -> Iterator[Message]:
    """Yield to the end of each partition, which is not before its offset in `aims`."""
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
                partition = message.partition() or 0
                if (message.offset() or 0) >= aims.get(partition, 0):
                    ended.add(partition)
            elif error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                raise ReadError(f"{topic}, as group {group}", error.name())
            else:
                raise refusal(topic, error)
        if messages:
            # Whoever takes the messages may be slow; that is no silence of the broker's.
            silent_since = time.monotonic()


def decoded(messages: Iterator[Message], decode: Callable[[bytes], Any]) -> Iterator[Any]:
    """The records of messages that hold one."""
    for message in messages:
        value = message.value()
        if value is not None:
            yield decode(value)
