"""Settings that several Kafka clients share, with the reason for each that is not the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def assigned_consumer(connection: Mapping[str, Any], group: str, wait_ms: int) -> dict[str, Any]:
    """Return the settings of a consumer with assigned partitions that reads committed messages only.

    It does not join the group. `wait_ms` is how long the broker may wait for new messages before it answers.
    At the end of a partition, where only the markers of transactions are left, the client learns of the end
    after this time.
    """
    return {
        **connection,
        "group.id": group,
        "enable.auto.commit": False,
        # If the next messages are deleted, reading continues at the earliest that is left.
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        # Reports the end of a partition. A position alone does not: it stops before transaction markers.
        "enable.partition.eof": True,
        "fetch.wait.max.ms": wait_ms,
        "reconnect.backoff.max.ms": 1_000,
    }


def transactional_producer(
    connection: Mapping[str, Any], transactional_id: str, timeout_ms: int
) -> dict[str, Any]:
    """Return the settings of a producer that writes one transaction after another."""
    return {
        **connection,
        # Stable, so that a new process fences the old one and ends its transaction.
        "transactional.id": transactional_id,
        "transaction.timeout.ms": timeout_ms,
        # Decides the latency: a commit waits this long if markers of the previous one are pending.
        "retry.backoff.ms": 10,
        "compression.type": "lz4",
    }
