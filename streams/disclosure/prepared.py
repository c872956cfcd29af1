"""The messages of the alerts agent: requests for cases that it prepared, and requests that it takes back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names
from isp.cases.register import Refused, Register, Taken
from schemas.actors import ALERTER
from schemas.catalogue import Catalogue
from schemas.wire import WireError, decoder
from streams.messages import Handling, Intake

log = logging.getLogger(__name__)


def prepared_topics(protocol: Protocol) -> tuple[str, ...]:
    """Return the topic of prepared requests, or nothing if the protocol has no domestic alerts."""
    return (Names(protocol.prefix).prepared,) if protocol.alerts.domestic is not None else ()


class PreparedRequests:
    """Reads the messages of the alerts agent, and asks the register what each does to a case."""

    def __init__(self, protocol: Protocol, catalogue: Catalogue) -> None:
        self.topics = prepared_topics(protocol)
        self._decode = decoder(catalogue.system["prepared"])

    def of(self, batch: Sequence[Intake]) -> list[Intake]:
        """Return the messages of the alerts agent in a batch, in their order."""
        return [intake for intake in batch if intake.topic in self.topics]

    def taken(
        self, register: Register, intake: Intake, now: datetime, handling: Handling
    ) -> Taken | Refused | None:
        """Return the effect of one message, or its refusal; None if it has no effect.

        The register is not changed. A message without a value deletes an earlier one from the topic alone.
        """
        if intake.value is None and intake.unreadable is None:
            return None
        value = intake.value or b""
        name = sha256(value).hexdigest()
        if handling is not Handling.PROCESS:
            return _unmanageable(name)
        try:
            return register.prepare(self._decode(value), now)
        except WireError:
            return Refused(ALERTER.party, name, "", ("it is not a prepared request",))
        except Exception as error:  # noqa: BLE001 - one message must never stop the others
            log.warning("a prepared request cannot be handled (%s)", type(error).__name__)
            return _unmanageable(name)


def _unmanageable(name: str) -> Refused:
    return Refused(ALERTER.party, name, "", ("it cannot be processed; report it",))
