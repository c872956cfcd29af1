"""Reads what has been committed to a topic of the agency's own, from given offsets."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from connectors.account import Account
from connectors.errors import UnfinishedError
from connectors.failures import FINAL, explained, silent
from transport.client_names import reader_group

POLL_S = 0.2

Offsets = Mapping[int, int]
"""Next offset to read by partition."""


def end_offsets(account: Account, topic: str) -> Offsets:
    """Where each partition ends now, records of open transactions among what lies before it."""
    config: dict[str, Any] = {**account.connection, "logger": silent()}
    admin = AdminClient(config)
    try:
        return _ends(admin, account, topic)
    except KafkaException as error:
        raise explained(error.args[0], account.principal, topic) from error


def read_until(account: Account, topic: str, until: Offsets) -> Iterator[bytes]:
    """Every committed value before `until`, from the beginning.

    A transaction of somebody else that is open below `until` is waited for, since a record of ours
    may stand behind it; `UnfinishedError` if that outlasts the account's patience.
    """
    left = {partition for partition, end in until.items() if end > 0}
    if not left:
        return
    with TopicReader(account, topic, dict.fromkeys(left, OFFSET_BEGINNING)) as reader:
        deadline, reached = time.monotonic() + account.patience_s, 0
        while left:
            value = reader.next()
            left -= {p for p in left if reader.reached.get(p, 0) >= until[p]}
            if value is not None:
                yield value
            if sum(reader.reached.values()) > reached:
                # What yields is at work between two values: only silence counts.
                deadline = time.monotonic() + account.patience_s
                reached = sum(reader.reached.values())
            elif left and time.monotonic() > deadline:
                raise _unfinished(account, topic)


def _unfinished(account: Account, topic: str) -> UnfinishedError:
    """Librdkafka reports neither: it waits for the end of a transaction, and stops at a broken batch."""
    return UnfinishedError(
        f"{topic}: not readable to its end within {account.patience_s:.0f} s: a transaction is open "
        "there, or a batch cannot be unpacked; try again later"
    )


class TopicReader:
    """Reads a topic's committed records without joining a group. Use it as a context.

    `newest` are the offset of the value read last, and its time in milliseconds since 1970 UTC.
    """

    def __init__(self, account: Account, topic: str, start: Offsets) -> None:
        """Begin at `start`."""
        self._account = account
        self._topic = topic
        self.reached: dict[int, int] = {}
        self.newest = (0, 0)
        self._consumer = Consumer(_config(account))
        self._consumer.assign([TopicPartition(topic, p, offset) for p, offset in start.items()])

    def __enter__(self) -> TopicReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def next(self) -> bytes | None:
        """The next value; None where none came within a moment. Errors as `connectors.failures`."""
        message = self._consumer.poll(POLL_S)
        if message is None:
            return None
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
            if error.code() in FINAL:
                raise explained(error, self._account.principal, self._topic)
            return None
        partition, offset = message.partition(), message.offset()
        if partition is not None and offset is not None:
            # At its end a partition tells the next offset, past what was aborted.
            self.reached[partition] = offset + (error is None)
            if error is None:
                self.newest = offset, message.timestamp()[1]
        value = message.value() if error is None else None
        return bytes(value) if isinstance(value, bytes) else None


def _ends(admin: AdminClient, account: Account, topic: str) -> Offsets:
    metadata = admin.list_topics(topic, timeout=account.patience_s).topics[topic]
    if metadata.error is not None:
        raise explained(metadata.error, account.principal, topic)
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(topic, p): latest for p in metadata.partitions}
    futures = admin.list_offsets(
        asked,
        isolation_level=IsolationLevel.READ_UNCOMMITTED,
        request_timeout=account.patience_s,
    )
    return {at.partition: int(future.result().offset) for at, future in futures.items()}


def _config(account: Account) -> dict[str, Any]:
    return {
        **account.connection,
        # Needed by the client, never joined: partitions are assigned by hand.
        "group.id": reader_group(account.principal),
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 20,
        "logger": silent(),
    }
