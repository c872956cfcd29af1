"""Settings of an agent's Kafka clients, with the reason for each that is not the default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isp.agreement.topics import OWN_BATCH
from transport.client_names import reader_group, worker_group, worker_transaction


@dataclass(frozen=True, slots=True)
class AgentClients:
    """Connection and identity of one process of an agent that reads as a member of a group.

    `slot` distinguishes the processes of one group; each process keeps its slot. An agent derives a class
    from this one and names its group and its transactional id. The ACLs grant both to the agent's principal
    alone.
    """

    connection: dict[str, Any]
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
        """Return the settings of the consumer of the intake topics."""
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
            **self.connection,
            "group.id": reader_group(self.principal),
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            # Reports the end of a partition. A position alone does not: it stops before transaction markers.
            "enable.partition.eof": True,
            # If only markers are left, the broker answers after this time, and the end is known.
            "fetch.wait.max.ms": 100,
            # Once 100,000 messages are queued, the client would fetch nothing for a second.
            "fetch.queue.backoff.ms": 10,
            "reconnect.backoff.max.ms": 1_000,
        }

    def producer(self) -> dict[str, Any]:
        """Return the settings of the transactional producer."""
        return {
            **self.connection,
            # Stable, so that a new process fences the old one and ends its transaction.
            "transactional.id": self.transaction,
            "transaction.timeout.ms": 10_000,
            # Decides the latency: a commit waits this long if markers of the previous one are pending.
            "retry.backoff.ms": 10,
            "linger.ms": 1,
            "compression.type": "lz4",
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
