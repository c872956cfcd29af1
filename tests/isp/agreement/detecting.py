"""A protocol with emerging problems: the first example, with recipients of both groups."""

from __future__ import annotations

from typing import Any

from isp.agreement.alerts import Alerts
from isp.agreement.emerging import EmergingProblems
from isp.agreement.protocol import Protocol


def emerging(**changes: Any) -> dict[str, Any]:
    """Return the settings of emerging problems as they are in a file, with changes."""
    recipients = [{"party": "council"}, {"party": "business"}]
    return {
        "datasets": ["police-incident", "fire-incident"],
        "recipients": recipients,
        **changes,
    }


def with_problems(protocol: Protocol, **changes: Any) -> Protocol:
    """Return the protocol with emerging problems. Its findings are not checked."""
    settings = EmergingProblems.model_validate(emerging(**changes))
    domestic = protocol.domestic_alerts
    return protocol.model_copy(update={"alerts": Alerts(domestic=domestic, emerging=settings)})
