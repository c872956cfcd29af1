"""Reading topics as a partner would: by its own principal, committed records alone, to the end."""

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
"""What is said of a broker that is away or comes back. librdkafka's `retriable` is for transactions alone."""
UNKNOWN_TOPIC = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART).name()
"""The reason of a `ReadError` where the broker has no such topic."""


Message = KafkaMessage
"""A message as it was read."""
Offsets = Mapping[int, int]
"""Next offset to read by partition."""
BEGINNING = OFFSET_BEGINNING
END = OFFSET_END
"""Instead of an offset: where a partition begins, and where it ends now."""


class ReadError(RuntimeError):
    """A topic could not be read to its end.

    `reason` is Kafka's name of why; `refusal` is all that Kafka says, where it says anything.
    """

    def __init__(self, topic: str, reason: str, refusal: Refusal | None = None) -> None:
        super().__init__(f"{topic}: {reason}")
        self.reason = reason
        self.refusal = refusal


class Denied(ReadError):
    """The broker's authorizer refused: the principal may not read that topic."""


class Away(ReadError):
    """The broker does not answer now; it can be asked again."""


class Unfinished(ReadError):
    """The broker was silent for too long before the end.

    Librdkafka reports no reason: it waits for the end of an open transaction, and stops at a broken batch.
    """

    def __init__(self, topic: str) -> None:
        super().__init__(topic, "its end was not reached in time")


class PartitionReader:
    """Reads partitions of one topic from given offsets, without joining a group. Use it as a context.

    `reached` has the next offset of each partition, past what was aborted once its end is met; `ends` has the
    offset at which its end was met last. A `patient` reader leaves errors that may pass to the client, which
    tries again, and raises only what a second try would meet too.
    """

    def __init__(
        self, settings: Mapping[str, Any], topic: str, start: Offsets, *, patient: bool = False
    ) -> None:
        """Begin at `start`; `settings` as of `committed_reader`."""
        self._topic = topic
        self._patient = patient
        self._group = settings["group.id"]
        self.reached: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.consumer = Consumer(dict(settings))
        self.assign(start)

    def assign(self, start: Offsets) -> None:
        """Read from these offsets from now on, and no other partition."""
        places = [TopicPartition(self._topic, p, offset) for p, offset in start.items()]
        self.consumer.assign(places)

    def __enter__(self) -> PartitionReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self.consumer.close()

    def next(self, seconds: float) -> Message | None:
        """Return the next message, or None where none came in time.

        Raises:
            ReadError: as `read_all`.
        """
        message = self.consumer.poll(seconds)
        return None if message is None else self._usable(message)

    def batch(self, most: int, seconds: float) -> Iterator[Message]:
        """Yield what comes within the time given, `most` messages at most. Errors as `next`."""
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
    """Every committed message that stands in `topic` now.

    Partitions are assigned, not subscribed to, so no group is joined and nothing is committed. The end is the
    first transaction that is open; with `to_high_watermark` open ones are waited for.

    Raises:
        Denied: the principal of `client` has no right to read.
        Away: the broker is away.
        ReadError: any other refusal, or the broker was silent for `seconds` before the end.
    """
    # What is deleted while the beginning is asked for is passed over.
    settings = {**committed_reader(client), "auto.offset.reset": "earliest"}
    with PartitionReader(settings, topic, {}) as reader:
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

    A transaction that is open below `until` is waited for. Errors that may pass are waited out.

    Raises:
        ReadError: the broker refuses the topic.
        Unfinished: nothing came for `seconds` before the end.
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
    """Return the offset at which a partition begins, by its number if the broker gives it now.

    For the beginning as such librdkafka waits half a second before it asks where that is.
    """
    try:
        begin, _ = watermarks(consumer, topic, partition)
    except Away:
        return BEGINNING
    return begin


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


def end_offsets(client: Mapping[str, Any], topic: str, seconds: float) -> Offsets:
    """Return where each partition ends now, messages of open transactions among what is before it.

    Raises:
        ReadError: the broker refuses, or does not answer within `seconds`.
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


def following_reader(client: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a reader that goes on where messages are deleted, and sees new ones at once."""
    own = {"auto.offset.reset": "earliest", "fetch.wait.max.ms": 20}
    return {**committed_reader(client), **own}


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
            # Who takes the messages may be slow; only silence of the broker's counts.
            reached, silent_since = sum(reader.reached.values()), time.monotonic()
        elif left and time.monotonic() - silent_since > seconds:
            raise Unfinished(topic)


def decoded(messages: Iterator[Message], decode: Callable[[bytes], Any]) -> Iterator[Any]:
    """The records of messages that hold one."""
    for message in messages:
        value = message.value()
        if value is not None:
            yield decode(value)
