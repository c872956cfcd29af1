"""Decrypt personal alerts: with the key of their case, or with the key of the conflict officer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.alerts.picture import Alert
from isp.cases.client.office import Office
from isp.cases.client.recipient import opened_alert, read_sealing_key
from isp.cases.client.standing_keys import case_key
from isp.cases.errors import DisclosureError
from isp.cases.sealing import from_officer


@dataclass(frozen=True, slots=True)
class ByCase:
    """Decrypts with the key of the alert's case, from the party's inbox; `secrets` has the party's keys.

    Keys are read at each call and not stored, so an alert cannot be read after its case has ended.
    """

    office: Office
    secrets: Path

    def __call__(self, alert: Alert) -> Mapping[str, Any]:
        """Return the decrypted document. Errors as `connectors.alerts.content.content_of`."""
        if alert.case is None:
            raise DisclosureError(f"alert {alert.id} names no case; it cannot be decrypted")
        case = self.office.case(alert.case)
        return opened_alert(alert.message, case_key(self.secrets, self.office.party.id, case))


@dataclass(frozen=True, slots=True)
class ByOfficer:
    """Decrypts with the private key of the conflict officer."""

    key_file: Path

    def __call__(self, alert: Alert) -> Mapping[str, Any]:
        """Return the decrypted document. Errors as `connectors.alerts.content.content_of`."""
        text = from_officer(read_sealing_key(self.key_file), alert.id, dict(alert.message))
        document: Mapping[str, Any] = json.loads(text)
        return document
