"""Readers of topics as a partner would read: by one principal, committed messages only, to the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka import Message as KafkaMessage
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from transport.client_names import reader_group
from transport.client_settings import assigned_consumer
from transport.refusals import Refusal, refusal_of

_BATCH = 2_000
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
"""Errors of a broker that is unreachable or restarting. librdkafka sets `retriable` for transactions only."""
UNKNOWN_TOPIC = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART).name()
"""The reason of a `ReadError` if the topic does not exist."""


Message = KafkaMessage
"""A message as the client returned it."""
Offsets = Mapping[int, int]
"""The next offset to read, by partition."""
BEGINNING = OFFSET_BEGINNING
END = OFFSET_END
"""Values for use instead of an offset: the beginning of a partition, and its present end."""


class ReadError(RuntimeError):
    """A topic could not be read to its end.

    `reason` is the name of Kafka's error, if Kafka reported one. `refusal` then holds the whole error.
    """

    def __init__(self, topic: str, reason: str, refusal: Refusal | None = None) -> None:
        super().__init__(f"{topic}: {reason}")
        self.reason = reason
        self.refusal = refusal


class Denied(ReadError):
    """The broker's authorizer refused: the principal may not read the topic."""


class Away(ReadError):
    """The broker does not answer now. The caller may try again."""


class Unfinished(ReadError):
    """No message arrived for too long before the end was reached.

    Librdkafka reports no reason for this. It waits at an open transaction, and it stops at a corrupt batch.
    """

    def __init__(self, topic: str) -> None:
        super().__init__(topic, "the end of the topic was not reached in time")


class PartitionReader:
    """A reader of partitions of one topic from given offsets, without joining a group; a context manager.

    `reached` holds the next offset per partition; at the end of a partition it is after aborted messages.
    `ends` holds the offset per partition at which the reader last met the end. A `patient` reader ignores
    temporary errors, because the client retries; it raises only final refusals.
    """

    def __init__(
        self, settings: Mapping[str, Any], topic: str, start: Offsets, *, patient: bool = False
    ) -> None:
        """Begin at the offsets `start`; `settings` come from `committed_reader`."""
        self._topic = topic
        self._patient = patient
        self._group = settings["group.id"]
        self.reached: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.consumer = Consumer(dict(settings))
        self.assign(start)

    def assign(self, start: Offsets) -> None:
        """Read these partitions from these offsets from now on, and no other partition."""
        places = [TopicPartition(self._topic, p, offset) for p, offset in start.items()]
        self.consumer.assign(places)

    def __enter__(self) -> PartitionReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the consumer and its connections."""
        self.consumer.close()

    def next(self, seconds: float) -> Message | None:
        """Return the next message, or None if no message arrived within `seconds`.

        Raises:
            ReadError: as `read_all`.
        """
        message = self.consumer.poll(seconds)
        return None if message is None else self._usable(message)

    def batch(self, most: int, seconds: float) -> Iterator[Message]:
        """Yield the messages that arrive within `seconds`, at most `most` of them. Errors as `next`."""
        for message in self.consumer.consume(most, seconds):
            usable = self._usable(message)
            if usable is not None:
                yield usable

    def _usable(self, message: Message) -> Message | None:
        error, partition, offset = message.error(), message.partition() or 0, message.offset() or 0
        if error is None:
            self.reached[partition] = offset + 1
            return message
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
            self.reached[partition] = self.ends[partition] = offset
        elif not self._patient or refusal_of(error).is_final:
            raise self._refusal(error)
        return None

    def _refusal(self, error: KafkaError) -> ReadError:
        if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            about = f"{self._topic}, as group {self._group}"
            return ReadError(about, error.name(), refusal_of(error))
        return refusal(self._topic, error)


def read_all(
    client: Mapping[str, Any],
    topic: str,
    partitions: int,
    seconds: float = 60.0,
    *,
    to_high_watermark: bool = False,
) -> Iterator[Message]:
    """Yield every committed message that `topic` holds now.

    Partitions are assigned, so the reader joins no group and commits no offset. Each partition is read up to
    its first open transaction. With `to_high_watermark` the reader waits for open transactions to end.

    Raises:
        Denied: the principal of `client` may not read the topic.
        Away: the broker does not answer.
        ReadError: any other refusal.
        Unfinished: no message arrived for `seconds` before the end.
    """
    with PartitionReader(committed_reader(client), topic, {}) as reader:
        check_described(reader.consumer, topic)
        start = {p: _beginning(reader.consumer, topic, p) for p in range(partitions)}
        reader.assign(start)
        aims = _high_watermarks(client, topic, partitions) if to_high_watermark else {}
        yield from _to_the_end(
            topic,
            reader,
            start,
            lambda: reader.batch(_BATCH, _POLL_SECONDS),
            lambda partition: reader.ends.get(partition, -1) >= aims.get(partition, 0),
            seconds,
        )


def read_until(
    client: Mapping[str, Any], topic: str, until: Offsets, seconds: float
) -> Iterator[Message]:
    """Yield every committed message before `until`, from the beginning.

    The reader waits for a transaction that is open before `until`, and until temporary errors have passed.

    Raises:
        ReadError: the broker refuses the topic.
        Unfinished: no message arrived for `seconds` before the end.
    """
    start = {partition: BEGINNING for partition, end in until.items() if end > 0}
    if not start:
        return
    with PartitionReader(following_reader(client), topic, start, patient=True) as reader:

        def next_one() -> Iterator[Message]:
            message = reader.next(_POLL_SECONDS)
            if message is not None:
                yield message

        yield from _to_the_end(
            topic,
            reader,
            start,
            next_one,
            lambda partition: reader.reached.get(partition, 0) >= until[partition],
            seconds,
        )


def _beginning(consumer: Consumer, topic: str, partition: int) -> int:
    """Return the first offset of a partition, or `BEGINNING` if the broker does not answer now.

    A number saves time: for `BEGINNING` librdkafka waits half a second before it asks for the offset.
    """
    try:
        begin, _ = watermarks(consumer, topic, partition)
    except Away:
        return BEGINNING
    return begin


def read_present(
    client: Mapping[str, Any], topic: str, partitions: int, seconds: float = 60.0
) -> Iterator[Message]:
    """Read as `read_all`, but yield nothing if the topic does not exist: no protocol has been applied yet."""
    try:
        yield from read_all(client, topic, partitions, seconds)
    except ReadError as error:
        if error.reason != UNKNOWN_TOPIC:
            raise


def begin_offset(client: Mapping[str, Any], topic: str) -> int:
    """Return the first offset of a topic of one partition; 0 if no message was ever deleted.

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
    """Return the offset after the last message of a topic of one partition; 0 if none was ever written.

    The principal needs only the right to describe the topic. Errors as `read_all`.
    """
    consumer = Consumer(committed_reader(client))
    try:
        check_described(consumer, topic)
    finally:
        consumer.close()
    return _high_watermarks(client, topic, 1)[0]


def end_offsets(client: Mapping[str, Any], topic: str, seconds: float) -> Offsets:
    """Return the end offset of each partition now, including messages of open transactions.

    Raises:
        ReadError: the broker refused, or did not answer within `seconds`.
    """
    admin = AdminClient({**client, "log_level": 0})
    with _refusals(topic):
        metadata = admin.list_topics(topic, timeout=seconds).topics[topic]
        if metadata.error is not None:
            raise refusal(topic, metadata.error)
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        futures = admin.list_offsets(
            {TopicPartition(topic, p): latest for p in metadata.partitions},
            isolation_level=IsolationLevel.READ_UNCOMMITTED,
            request_timeout=seconds,
        )
        return {at.partition: int(future.result().offset) for at, future in futures.items()}


def _high_watermarks(client: Mapping[str, Any], topic: str, partitions: int) -> dict[int, int]:
    """Return the offset after the last message of each partition, committed or not."""
    # For a consumer of committed messages librdkafka returns the last stable offset instead.
    observer = Consumer({**committed_reader(client), "isolation.level": "read_uncommitted"})
    try:
        return {p: watermarks(observer, topic, p)[1] for p in range(partitions)}
    finally:
        observer.close()


def committed_reader(client: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a consumer with assigned partitions that reads committed messages only."""
    return {**assigned_consumer(client, _group(client), wait_ms=50), "log_level": 0}


def following_reader(client: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a reader that gets new messages at once."""
    return {**committed_reader(client), "fetch.wait.max.ms": 20}


def _group(client: Mapping[str, Any]) -> str:
    return reader_group(client["sasl.username"])


def watermarks(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    """Return the first offset of a partition, and the offset after its last. Errors as `read_all`."""
    with _refusals(topic):
        place = TopicPartition(topic, partition)
        return consumer.get_watermark_offsets(place, _METADATA_SECONDS)


def check_described(consumer: Consumer, topic: str) -> None:
    """Read the topic's metadata: librdkafka reports a missing right to no consumer with assigned partitions.

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
    """Return the `ReadError` of the class that fits Kafka's error."""
    if error.code() == _DENIED:
        return Denied(topic, error.name(), refusal_of(error))
    kind = Away if error.code() in _AWAY else ReadError
    return kind(topic, error.name(), refusal_of(error))


def _to_the_end(
    topic: str,
    reader: PartitionReader,
    partitions: Iterable[int],
    take: Callable[[], Iterator[Message]],
    is_read: Callable[[int], bool],
    seconds: float,
) -> Iterator[Message]:
    """Yield what `take` gives until every partition is read."""
    left, reached, silent_since = set(partitions), 0, time.monotonic()
    while left:
        yield from take()
        left = {partition for partition in left if not is_read(partition)}
        if sum(reader.reached.values()) > reached:
            # The caller may be slow with the messages, so only the broker's silence counts.
            reached, silent_since = sum(reader.reached.values()), time.monotonic()
        elif left and time.monotonic() - silent_since > seconds:
            raise Unfinished(topic)


def decoded(messages: Iterator[Message], decode: Callable[[bytes], Any]) -> Iterator[Any]:
    """Yield the decoded record of each message that has a value."""
    for message in messages:
        value = message.value()
        if value is not None:
            yield decode(value)
