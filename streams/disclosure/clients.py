"""The Kafka clients of the discloser."""

from __future__ import annotations

from streams.runtime.kafka_config import AgentClients
from transport.client_names import discloser_group, discloser_transaction


class DiscloserClients(AgentClients):
    """Connection and identity of the discloser, of which one process runs."""

    @property
    def group(self) -> str:
        """Return the group in which the discloser commits its offsets."""
        return discloser_group(self.principal)

    @property
    def transaction(self) -> str:
        """Return the transactional id of the discloser."""
        return discloser_transaction(self.principal)
