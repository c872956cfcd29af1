"""Settings of an agent's Kafka clients, with the reason for each that is not the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isp.agreement.topics import OWN_BATCH
from transport.client_names import reader_group, worker_group, worker_transaction
from transport.client_settings import assigned_consumer, transactional_producer

TRANSACTION_TIMEOUT_MS = 10_000
"""The broker aborts an open transaction after this time. Until then readers wait."""


@dataclass(frozen=True, slots=True)
class AgentClients:
    """Connection and identity of one process of an agent, and the settings of its clients.

    `slot` distinguishes the processes of one group; each process keeps its slot. An agent derives a class
    from this one and names its group and its transactional id. The ACLs grant both to the agent's principal
    alone.
    """

    connection: Mapping[str, Any]
    principal: str
    slot: str = "0"

    @property
    def group(self) -> str:
        """Return the consumer group."""
        raise NotImplementedError

    @property
    def transaction(self) -> str:
        """Return the transactional id of this process."""
        raise NotImplementedError

    def consumer(self) -> dict[str, Any]:
        """Return the settings of a consumer of the intake topics that is a member of the group."""
        return {
            **self.connection,
            "group.id": self.group,
            # A restarted worker gets its partitions back at once, without a rebalance.
            "group.instance.id": f"{self.group}.{self.slot}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 1_500,
            "fetch.wait.max.ms": 20,
            "queued.max.messages.kbytes": 32_768,
            "reconnect.backoff.max.ms": 1_000,
        }

    def reader(self) -> dict[str, Any]:
        """Return the settings of the consumer of the state topics, which joins no group."""
        return {
            **assigned_consumer(self.connection, reader_group(self.principal), wait_ms=100),
            # Once 100,000 messages are queued, the client would fetch nothing for a second.
            "fetch.queue.backoff.ms": 10,
        }

    def producer(self) -> dict[str, Any]:
        """Return the settings of the transactional producer."""
        return {
            **transactional_producer(self.connection, self.transaction, TRANSACTION_TIMEOUT_MS),
            "linger.ms": 1,
            # No more than the smallest limit of the topics that are written.
            **OWN_BATCH,
            "queue.buffering.max.messages": 1_000_000,
            "reconnect.backoff.max.ms": 1_000,
        }


class WorkerClients(AgentClients):
    """Connection and identity of one worker."""

    @property
    def group(self) -> str:
        """Return the group of the workers."""
        return worker_group(self.principal)

    @property
    def transaction(self) -> str:
        """Return the transactional id of the worker in this slot."""
        return worker_transaction(self.principal, self.slot)
