"""A recipient of domestic alerts on the broker: the party, or the conflict officer of the party."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from connectors.account import Account
from connectors.errors import AlertError
from connectors.received import Received
from connectors.registry import known_schemas
from connectors.topic_feed import TopicFeed, read_present
from connectors.writer import SETTINGS
from isp.agreement.alerts import AlertRecipient
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Topic, topics
from isp.audit.kept_heads import HeadKeeper
from schemas.catalogue import Catalogue
from transport.sender import Keyed, SendError, send

_MOST_AT_ONCE = 10_000
"""Messages of one call of the producer, which has a queue of 100,000."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of alerts with its login. A conflict officer has a login and a topic of its own.

    `party` is the party in both cases.
    """

    account: Account
    protocol: Protocol
    catalogue: Catalogue
    party: str
    is_conflict_officer: bool = False

    @staticmethod
    def terms_in(protocol: Protocol, party: str) -> AlertRecipient:
        """Return the recipient as a protocol has it.

        Raises:
            AlertError: the protocol sends no alerts to the party.
        """
        found = [r for r in protocol.alert_recipients if r.party == party]
        if not found:
            named = ", ".join(r.party for r in protocol.alert_recipients) or "none"
            message = f"{party!r} receives no domestic alerts under this protocol"
            raise AlertError(f"{message}; recipients: {named}")
        return found[0]

    @property
    def alerts(self) -> Topic:
        """Return the topic of the recipient's alerts. Errors as `topic`."""
        names = self.account.names
        conflict, usual = names.conflict_alerts(self.party), names.alerts(self.party)
        return self.topic(conflict if self.is_conflict_officer else usual)

    @property
    def acknowledgements(self) -> Topic:
        """Return the topic of the party's acknowledgements. Errors as `topic`."""
        return self.topic(self.account.names.acknowledgements(self.party))

    @property
    def staff(self) -> Topic:
        """Return the topic of the digests of the party's staff. Errors as `topic`."""
        return self.topic(self.account.names.staff(self.party))

    @property
    def deliveries(self) -> Topic:
        """Return the topic of the deliveries to the party's webhook. Errors as `topic`."""
        return self.topic(self.account.names.deliveries(self.party))

    def topic(self, name: str) -> Topic:
        """Return a topic of the protocol.

        Raises:
            AlertError: the protocol sends no alerts to the party, or names no conflict officer of it.
        """
        recipient = self.terms_in(self.protocol, self.party)
        if self.is_conflict_officer and recipient.conflict_officer is None:
            raise AlertError(f"the protocol names no conflict officer of {self.party!r}")
        return next(t for t in topics(self.protocol, self.catalogue) if t.name == name)

    def read(self, topic: Topic, keeper: HeadKeeper | None = None) -> list[Received]:
        """Return the messages that a topic has now. Errors as `connectors.topic_feed.read_present`."""
        return read_present(self.account, self.catalogue, topic, keeper)

    def feed(self, topic: Topic, keeper: HeadKeeper | None = None) -> TopicFeed:
        """Return the feed of a topic. Errors as `TopicFeed`."""
        return TopicFeed.of(self.account, self.catalogue, topic, keeper)

    def encoder(self, topic: Topic) -> Callable[[Any], bytes]:
        """Return the encoder of a topic's values. Errors as `known_schemas` and `KnownSchemas.encoder`."""
        return known_schemas(self.account, self.catalogue).encoder(topic.name, topic.schema)

    def write(self, topic: Topic, messages: Iterable[Keyed]) -> None:
        """Write messages in their order, and wait until the broker has all of them.

        Raises:
            AlertError: the broker refused a message or did not answer; earlier ones may be written.
        """
        client = {**self.account.connection, **SETTINGS, "enable.idempotence": True}
        left = iter(messages)
        try:
            while some := list(islice(left, _MOST_AT_ONCE)):
                send(client, topic.name, topic.marking, some)
        except SendError as error:
            message = f"{self.account.principal}: {error}; run the same command again"
            raise AlertError(message) from None
