"""The parts that the alerts agent is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from detection.domestic.settings import Settings
from streams.alerts.alert_messages import AlertMessages
from streams.alerts.conflicts import Forgotten, PlaceKinds, StaffLists
from streams.alerts.coverage import Coverage
from streams.alerts.deciding import Deciding
from streams.alerts.documents import day_in_london
from streams.alerts.inputs import (
    Inputs,
)
from streams.alerts.renewing import Renewing
from streams.alerts.requesting import Requesting
from streams.alerts.visibility import Visibility
from streams.steps.route import Destination


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that an alerter is made of."""

    inputs: Inputs
    settings: Settings
    deciding: Deciding
    coverage: Coverage
    visibility: Visibility
    staff: StaffLists
    places: PlaceKinds
    forgotten: Forgotten
    requesting: Requesting
    renewing: Renewing
    messages: AlertMessages
    has_key: Callable[[str], bool]
    order_subject: Callable[[bytes], str]
    is_over: Callable[[datetime], bool]
    incident_topic: str
    prepared: Destination
    state: Destination
    principal: str
    principal_of: Callable[[str], str]

    def first_day(self, now_ms: int) -> int:
        """Return the first day of events whose alerts can change."""
        return max(0, day_in_london(now_ms) - self.settings.alert_days)
