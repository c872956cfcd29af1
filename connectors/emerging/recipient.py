"""A recipient of findings about emerging problems, on the broker."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.account import Account
from connectors.emerging.picture import Change, Picture
from connectors.errors import AlertError
from connectors.topic_feed import TopicFeed, read_present
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Topic, topics
from isp.audit.kept_heads import HeadKeeper
from schemas.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class FindingsReader:
    """A party that receives findings, with its login."""

    account: Account
    protocol: Protocol
    catalogue: Catalogue
    party: str

    @staticmethod
    def check(protocol: Protocol, party: str) -> None:
        """Check that a protocol sends findings to a party.

        Raises:
            AlertError: it does not.
        """
        emerging = protocol.emerging_problems
        named = [] if emerging is None else [r.party for r in emerging.recipients]
        if party not in named:
            message = f"{party!r} receives no findings about emerging problems under this protocol"
            raise AlertError(f"{message}; recipients: {', '.join(named) or 'none'}")

    @property
    def topic(self) -> Topic:
        """Return the topic of the party's findings. Errors as `check`."""
        self.check(self.protocol, self.party)
        name = self.account.names.alerts_emerging(self.party)
        return next(t for t in topics(self.protocol, self.catalogue) if t.name == name)

    def feed(self, keeper: HeadKeeper | None = None) -> TopicFeed:
        """Return the feed of the findings. Errors as `TopicFeed` and `check`."""
        return TopicFeed.of(self.account, self.catalogue, self.topic, keeper)

    def picture(self, keeper: HeadKeeper | None = None) -> Picture:
        """Return the present problems. Errors as `connectors.topic_feed.read_present` and `check`."""
        picture = Picture()
        for one in read_present(self.account, self.catalogue, self.topic, keeper):
            picture.take(Change.of(one))
        return picture
