"""Measures how many records consumers of committed data cannot read yet, because a transaction is open.

A transaction that is never ended stops all `read_committed` consumers of a partition at its first record, and
librdkafka does not report it (its issue 5497). The high watermark still advances. The last stable offset, up
to which such consumers read, does not.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from prometheus_client import Gauge

from streams.runtime.metrics import show

log = logging.getLogger(__name__)

EVERY_SECONDS = 10.0
SETTLE_SECONDS = 1.0
"""Time that a transaction may take before its records are counted. A worker's takes far less."""
_CALL_SECONDS = 5.0

PartitionKey = tuple[str, int]


def waiting(
    ends: Mapping[PartitionKey, int], stable: Mapping[PartitionKey, int]
) -> dict[tuple[str], int]:
    """Return for each topic the number of offsets between the last stable ones and `ends`.

    A partition is counted only if both are known.
    """
    found: Counter[tuple[str]] = Counter()
    for place, end in ends.items():
        if place in stable:
            found[(place[0],)] += max(0, end - stable[place])
    return dict(found)


class OpenTransactions:
    """Measures every topic that the client may describe."""

    def __init__(
        self, connection: Mapping[str, Any], gauge: Gauge, told_as: Callable[[str], str] = str
    ) -> None:
        """Connect nothing yet; `gauge` has as its label what `told_as` gives for a topic."""
        self._connection = connection
        self._gauge = gauge
        self._told_as = told_as
        self._admin: AdminClient | None = None

    def watch(self) -> None:
        """Measure repeatedly, in a thread of its own, for as long as the process runs."""
        threading.Thread(target=self._run, name="open-transactions", daemon=True).start()

    def measure(self) -> None:
        """Measure once. Remove series for which the broker gives no answer: an old value would mislead."""
        try:
            admin = self._admin = self._admin or AdminClient({**self._connection})
            places = _places(admin)
            ends = _latest(admin, places, IsolationLevel.READ_UNCOMMITTED)
            time.sleep(SETTLE_SECONDS)
            stable = _latest(admin, places, IsolationLevel.READ_COMMITTED)
        except KafkaException as error:
            log.warning("Kafka: %s; open transactions are not measured", error.args[0].name())
            ends = stable = {}
        found: Counter[tuple[str]] = Counter()
        for (topic,), number in waiting(ends, stable).items():
            found[(self._told_as(topic),)] += number
        show(self._gauge, found)

    def _run(self) -> None:
        while True:
            self.measure()
            time.sleep(EVERY_SECONDS)


def _places(admin: AdminClient) -> list[PartitionKey]:
    topics = admin.list_topics(timeout=_CALL_SECONDS).topics
    return [(name, number) for name, topic in topics.items() for number in topic.partitions]


def _latest(
    admin: AdminClient, places: list[PartitionKey], level: IsolationLevel
) -> dict[PartitionKey, int]:
    """Return the end of each partition at this isolation level, without partitions that give an error."""
    if not places:
        return {}
    end = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(*place): end for place in places}
    answers = admin.list_offsets(asked, isolation_level=level, request_timeout=_CALL_SECONDS)
    found: dict[PartitionKey, int] = {}
    for at, answer in answers.items():
        try:
            found[at.topic, at.partition] = answer.result().offset
        except KafkaException:
            continue
    return found
