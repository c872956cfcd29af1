"""A protocol with terms for requests that are prepared from alerts, and such requests."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from isp.agreement.alerts import AlertRecipient, Alerts, AlertTerms, DomesticAlerts
from isp.agreement.protocol import Protocol
from isp.cases.prepared import PreparedRequest
from isp.cases.register import Refused, Taken
from isp.cases.sealing import public_half
from tests.isp.cases.table import CASE, JANE, NOW, PROTOCOL, TODAY, Table

STANDING = X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
"""The recipient's key for all cases that are prepared for it."""
EVENT = "00000000000000ee"
CONDITIONS = ("dpa-1998-sch2-public-functions", "dpa-1998-sch3-justice")
FIELDS = {"police-crime-victim": ("name", "home_address", "crime_reference")}


def terms(**changes: Any) -> AlertTerms:
    """Return the terms of the council."""
    usual = {
        "purpose": "Response to a domestic incident",
        "questions": ["What has the victim reported?"],
        "legal_basis": "cda-1998-s115",
        "conditions": CONDITIONS,
        "sealing_key": public_half(STANDING),
    }
    return AlertTerms.model_validate(usual | changes)


def with_terms(protocol: Protocol = PROTOCOL, **changes: Any) -> Protocol:
    """Return the protocol with domestic alerts, of which the council has terms and probation has none."""
    recipients = (
        AlertRecipient(party="council", terms=terms(**changes)),
        AlertRecipient(party="probation"),
    )
    datasets = ("police-crime-victim", "police-incident", "drug-treatment-adult")
    domestic = DomesticAlerts(datasets=datasets, recipients=recipients)
    return protocol.model_copy(update={"alerts": Alerts(domestic=domestic)})


AGREED = with_terms()
WITHOUT = PROTOCOL.model_copy(update={"alerts": Alerts()})
"""The protocol without alerts."""


def prepared_document(**changes: Any) -> dict[str, Any]:
    """Return the content of a request about Jane Roe, prepared for the council and decided by the police."""
    agreed = terms().model_dump(mode="json", exclude={"days"})
    usual = {
        "case": CASE,
        "recipient": "council",
        "supplier": "police",
        "subjects": [JANE.model_dump(mode="json")],
        "fields": FIELDS,
        "until": (TODAY + timedelta(28)).isoformat(),
        "event": EVENT,
        "salt": "5a" * 16,
        "at": NOW.isoformat(),
    }
    return agreed | usual | changes


def prepared(**changes: Any) -> PreparedRequest:
    """Return such a request."""
    return PreparedRequest.model_validate(prepared_document(**changes))


def message_of(asked: PreparedRequest) -> dict[str, Any]:
    """Return the message of the alerts agent with a request (prepared.avsc)."""
    return {"case": asked.case, "kind": "request", "document": asked.model_dump_json()}


def take_back(case: str = CASE) -> dict[str, Any]:
    """Return the message of the alerts agent that takes a request back."""
    return {"case": case, "kind": "take_back", "document": ""}


class Desk(Table):
    """A register that takes messages of the alerts agent, too."""

    def __init__(self, protocol: Protocol = AGREED) -> None:
        super().__init__(protocol)

    def prepare(
        self, message: dict[str, Any] | None = None, **changes: Any
    ) -> Taken | Refused | None:
        """Give a message to the register: that of a prepared request, if none is given."""
        said = message if message is not None else document_message(**changes)
        taken = self.register.prepare(said, self.now)
        if isinstance(taken, Taken):
            self.register.keep(taken.key, taken.record)
        return taken


def document_message(**changes: Any) -> dict[str, Any]:
    """Return the message of a request, which need not be a valid one."""
    document = prepared_document(**changes)
    return {"case": document["case"], "kind": "request", "document": json.dumps(document)}
