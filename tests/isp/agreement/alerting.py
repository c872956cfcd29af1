"""A protocol with domestic alerts: the first example, with recipients of each sort."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from isp.agreement.alerts import Alerts, DomesticAlerts
from isp.agreement.protocol import Protocol


def public(number: int) -> str:
    """Return a public key for encryption."""
    return b64encode(bytes([number]) * 32).decode()


TERMS = {
    "purpose": "Response to domestic incidents",
    "questions": ["Who is at risk?"],
    "legal_basis": "cda-1998-s115",
    "conditions": ["dpa-1998-sch2-public-functions", "dpa-1998-sch3-justice"],
    "sealing_key": public(1),
}
OFFICER = {
    "post": "Head of Professional Standards",
    "contact": "standards@partnership.example",
    "sealing_key": public(2),
}


def domestic(**changes: Any) -> dict[str, Any]:
    """Return the settings of alerts as they are in a file, with changes."""
    recipients = [
        {"party": "council", "terms": TERMS, "conflict_officer": OFFICER},
        {"party": "fire"},
    ]
    return {"datasets": ["police-incident"], "recipients": recipients, **changes}


def with_alerts(protocol: Protocol, **changes: Any) -> Protocol:
    """Return the protocol with domestic alerts. Its findings are not checked."""
    settings = DomesticAlerts.model_validate(domestic(**changes))
    return protocol.model_copy(update={"alerts": Alerts(domestic=settings)})
