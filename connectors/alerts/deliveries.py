"""The record of the deliveries of alerts to a recipient's webhook, one message per alert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from connectors.alerts.recipient import Recipient
from connectors.received import Received

if TYPE_CHECKING:
    from connectors.alerts.posting import Answer
    from connectors.alerts.webhook import Parcel

DELIVERED, DEAD_LETTERED = "delivered", "dead_lettered"


class Delivery(NamedTuple):
    """The delivery of one version of an alert, by the schema system/delivery.avsc."""

    alert: str
    version: int
    state: str
    attempts: int
    status: int | None
    reason: str
    at: datetime
    made: datetime

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Delivery:
        """Return the delivery of a decoded message."""
        return cls(*(content[name] for name in cls._fields))

    @classmethod
    def after(cls, parcel: Parcel, answer: Answer, attempts: int, at: datetime) -> Delivery:
        """Return the delivery after its last attempt."""
        state = DELIVERED if answer.is_accepted else DEAD_LETTERED
        made = _whole_ms(parcel.made)
        return cls(
            parcel.alert, parcel.version, state, attempts, answer.status, answer.reason, at, made
        )

    @property
    def is_dead(self) -> bool:
        """Return True if the message was not accepted and is not tried again."""
        return self.state == DEAD_LETTERED

    def settles(self, parcel: Parcel) -> bool:
        """Return True if nothing is left to be done about a message."""
        return (self.version, self.made) == (parcel.version, _whole_ms(parcel.made))


def newest(received: Iterable[Received]) -> dict[str, Delivery]:
    """Return the newest delivery of each alert."""
    found: dict[str, Delivery] = {}
    for one in received:
        found.pop(one.key, None)
        if one.content is not None:
            found[one.key] = Delivery.of(one.content)
    return found


def read_deliveries(recipient: Recipient) -> dict[str, Delivery]:
    """Return the newest delivery of each alert. Errors as `connectors.topic_feed.read_present`."""
    return newest(recipient.read(recipient.deliveries))


class DeliveryLog:
    """Writes the record of a recipient's deliveries."""

    def __init__(self, recipient: Recipient) -> None:
        """Read the schemas of the partnership. Errors as `Recipient.encoder`."""
        self._recipient = recipient
        self._topic = recipient.deliveries
        self._encode = recipient.encoder(self._topic)

    def write(self, delivery: Delivery) -> None:
        """Write a delivery and wait until the broker has it. Errors as `Recipient.write`."""
        value = self._encode(delivery._asdict())
        self._recipient.write(self._topic, [(delivery.alert, value)])

    def forget(self, alert: str) -> None:
        """Delete the record of an alert, so that it is delivered again. Errors as `Recipient.write`."""
        self._recipient.write(self._topic, [(alert, None)])


def _whole_ms(at: datetime) -> datetime:
    """Return an instant as Avro stores it."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)
