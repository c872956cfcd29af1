"""A protocol as it stands applied on the session's stack."""

from __future__ import annotations

from typing import NamedTuple

from isp.agreement.access import rules
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names, topics
from isp.broker.apply import apply
from isp.broker.changes import Applied
from isp.keys.secrets_store import SecretStore
from ops.embedded.broker_config import ADMIN
from ops.embedded.stack import Stack
from ops.system import keys_of
from schemas.catalogue import Catalogue
from schemas.london import london_today
from tests.protocols.let_in import let_in

PARTIES = ("worker", "recorder", "auditor", "discloser", "police", "fire", "council", "business")
"""All principals of the tests' protocol."""

ClientConfig = dict[str, str | int | float | bool]
"""Configuration of a client, as `confluent_kafka` takes it."""


class Partnership(NamedTuple):
    """An applied protocol, with everything that a test needs to act as one of its parties."""

    protocol: Protocol
    catalogue: Catalogue
    stack: Stack
    secrets: SecretStore
    applied: Applied

    @property
    def names(self) -> Names:
        """Names of the partnership's topics and principals."""
        return Names(self.protocol.prefix)

    @property
    def admin(self) -> ClientConfig:
        """Client configuration of the administrator."""
        return {**self.secrets.client_config(self.stack.inside, ADMIN)}

    def client(self, party: str) -> ClientConfig:
        """Client configuration of a party, or of the component `worker`."""
        return {**self.secrets.client_config(self.stack.bootstrap, self.names.principal(party))}

    @property
    def topic_names(self) -> list[str]:
        """Every topic of the protocol."""
        return [topic.name for topic in topics(self.protocol, self.catalogue)]

    def allowed(self, party: str, *operations: str) -> set[str]:
        """Topics on which the protocol allows the party one of the operations."""
        principal = self.names.principal(party)
        return {
            rule.name
            for rule in rules(self.protocol)
            if rule.principal == principal
            and rule.resource == "topic"
            and rule.operation in operations
            and not rule.prefixed
        }

    def under(self, short_name: str) -> Partnership:
        """The same protocol, applied for another partnership of the cluster."""
        partnership = self.protocol.partnership.model_copy(update={"short_name": short_name})
        protocol = self.protocol.model_copy(update={"partnership": partnership})
        return bring_into_step(protocol, self.catalogue, self.stack)

    def apply(self, protocol: Protocol) -> Applied:
        """Apply another protocol to the same stack."""
        return bring_into_step(protocol, self.catalogue, self.stack).applied


def bring_into_step(protocol: Protocol, catalogue: Catalogue, stack: Stack) -> Partnership:
    """Apply `protocol` to `stack`."""
    admin = stack.secrets.client_config(stack.inside, ADMIN)
    keys_of(stack).make(london_today())
    admitted = let_in(protocol, admin, catalogue)
    applied = apply(admitted, catalogue, admin, stack.secrets, stack.registry_client, print)
    return Partnership(protocol, catalogue, stack, stack.secrets, applied)
