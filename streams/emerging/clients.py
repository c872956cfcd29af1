"""The Kafka clients of the detector of emerging problems."""

from __future__ import annotations

from streams.runtime.kafka_config import AgentClients
from transport.client_names import detector_group, detector_transaction


class DetectorClients(AgentClients):
    """Connection and identity of one process of the detector."""

    @property
    def group(self) -> str:
        """Return the group of the detectors."""
        return detector_group(self.principal)

    @property
    def transaction(self) -> str:
        """Return the transactional id of the process in this slot."""
        return detector_transaction(self.principal, self.slot)
