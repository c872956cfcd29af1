"""The Kafka clients of the alerts agent."""

from __future__ import annotations

from typing import Any

from streams.runtime.kafka_config import AgentClients
from transport.client_names import alerter_group, alerter_transaction


class AlerterClients(AgentClients):
    """Connection and identity of one process of the alerts agent."""

    @property
    def group(self) -> str:
        """Return the group of the alerts agent."""
        return alerter_group(self.principal)

    @property
    def transaction(self) -> str:
        """Return the transactional id of the process in this slot."""
        return alerter_transaction(self.principal, self.slot)

    def consumer(self) -> dict[str, Any]:
        """Return the settings of a member of the group, which is assigned all topics or none."""
        # All topics have one partition. This assignor gives partition 0 of each to the same member, so one
        # process has the whole state, and the others are standbys.
        return {**super().consumer(), "partition.assignment.strategy": "range"}
