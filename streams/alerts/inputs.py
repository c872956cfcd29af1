"""The inputs of the alerts agent: the decoder of each topic, and messages that cannot be decoded."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names
from schemas.catalogue import Catalogue
from schemas.wire import DecoderFor, WireError, schema_id
from streams.messages import Intake

log = logging.getLogger(__name__)

INCIDENTS: Final = "incidents"
CASES: Final = "cases"
ORDERS: Final = "alert-orders"
ACKNOWLEDGEMENTS: Final = "acknowledgements"
STAFF: Final = "staff"

_SCHEMAS: Final = {
    INCIDENTS: "incident", CASES: "case", ORDERS: "alert-order",
    ACKNOWLEDGEMENTS: "acknowledgement", STAFF: "staff",
}  # fmt: skip


class Input(NamedTuple):
    """A topic that is read: what it has, and the party that writes it, or ''."""

    what: str
    party: str = ""


class Inputs:
    """The topics that the agent reads, and their decoders."""

    def __init__(
        self, protocol: Protocol, catalogue: Catalogue, decoder_for: Callable[[Any], DecoderFor]
    ) -> None:
        """Connect nothing; `decoder_for` returns the decoders of a schema by the ids of the writers' ones."""
        names = Names(protocol.prefix)
        self.topics: dict[str, Input] = {
            names.incidents: Input(INCIDENTS),
            names.cases: Input(CASES),
            names.alert_orders: Input(ORDERS),
        }
        for recipient in protocol.alert_recipients:
            party = recipient.party
            self.topics[names.acknowledgements(party)] = Input(ACKNOWLEDGEMENTS, party)
            self.topics[names.staff(party)] = Input(STAFF, party)
        self._decoders = {what: decoder_for(catalogue.system[s]) for what, s in _SCHEMAS.items()}

    def of(self, what: str) -> tuple[str, ...]:
        """Return the topics that have this."""
        return tuple(topic for topic, found in self.topics.items() if found.what == what)

    def parties(self, what: str) -> Mapping[str, str]:
        """Return the party of each topic that has this."""
        return {topic: f.party for topic, f in self.topics.items() if f.what == what}

    def decode(self, topic: str, value: bytes) -> dict[str, Any]:
        """Return a decoded message.

        Raises:
            WireError: the bytes are no message of the topic.
            DependencyUnavailable: the schema cannot be read now.
        """
        return self._decoders[self.topics[topic].what](schema_id(value))(value)

    def read(self, intake: Intake, counts: Counter[str]) -> dict[str, Any] | None:
        """Return a decoded message; None, counted and logged without content, if it cannot be decoded.

        Raises:
            DependencyUnavailable: the schema cannot be read now.
        """
        reason = intake.unreadable and "unreadable"
        if reason is None and intake.value is None:
            reason = "empty"
        if reason is None and intake.value is not None:
            try:
                return self.decode(intake.topic, intake.value)
            except WireError as error:
                reason = error.reason
        refuse(intake, str(reason), counts)
        return None


def refuse(intake: Intake, reason: str, counts: Counter[str]) -> None:
    """Count and log a message that is skipped."""
    counts["skipped"] += 1
    log.warning("%s[%d]@%d is skipped: %s", *intake[:3], reason)
