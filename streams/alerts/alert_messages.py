"""The messages of alerts: encrypted for a case or a conflict officer, or a tombstone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from isp.audit.chain import ChainHead
from isp.cases.sealing import alert_name, sealed, to_officer
from schemas.exact_base64 import decoded
from streams.alerts.documents import Content
from streams.alerts.raising import HOUR_MS, AlertChange
from streams.steps.route import Destination
from transport.messages import MARKING_HEADER, Headers, Output

ESCALATED = "liaison_officer"
"""The post that receives an alert that nobody acknowledged in time."""

_SEALING_KEY_BYTES = 32
_PADDED = 4_096
"""The length of a personal document is a multiple of this, in bytes, so that it does not show the history."""


class AlertMessages:
    """Makes the message of a change."""

    def __init__(
        self, destinations: Mapping[str, Destination], case_key: Callable[[str], bytes | None]
    ) -> None:
        """Take the topics of alerts, and a function that returns the key of a case, or None."""
        self._destinations = destinations
        self._case_key = case_key

    def output(self, change: AlertChange, head: ChainHead, now_ms: int) -> Output:
        """Return the message of a new version, or the tombstone of a withdrawn alert.

        It is a tombstone, too, if the key of the case was deleted since the decision.
        The time of a message without personal content is the full hour: an exact time would join it to the
        original record.
        """
        to = self._destinations[change.told.audience.topic]
        headers: Headers = [(MARKING_HEADER, to.marking.encode())]
        alert, hour_ms = change.state.alert.hex(), now_ms - now_ms % HOUR_MS
        message = None if change.content is None else self._message(change, change.content)
        if change.content is None or message is None:
            return Output(to.topic, alert.encode(), None, headers, hour_ms)
        value = to.encode(message | _audit(head))
        at = 0 if change.content.is_personal else hour_ms
        return Output(to.topic, alert.encode(), value, headers, at)

    def _message(self, change: AlertChange, content: Content) -> dict[str, Any] | None:
        """Return the message of a new version; None without the key of its case."""
        state, alert = change.state, change.state.alert.hex()
        exact = 1 if content.is_personal else HOUR_MS
        message = {
            "alert": alert,
            "version": state.version,
            "kind": state.kind,
            "made": state.made_ms // exact * exact,
            "raised": state.raised_ms // exact * exact,
            "level": content.level,
            "rank": content.rank,
            "reasons": list(content.reasons),
            "type": content.type,
            "hour": content.hour,
            "area": content.area,
            "late": content.late,
            "due": state.due_ms // exact * exact,
            "acknowledged": state.acknowledged_ms,
            "escalated": ESCALATED if state.escalated else "",
            "nonce": b"",
            "sealed": b"",
        }
        if content.document is None:
            return message
        text = json.dumps(content.document, separators=(",", ":")).encode()
        text += b" " * (-len(text) % _PADDED)
        officer = change.told.audience.sealing_key
        if officer is not None:
            return message | to_officer(decoded(officer, _SEALING_KEY_BYTES), alert, text)
        assert content.case is not None
        key = self._case_key(content.case)
        if key is None:
            return None
        return message | {"case": content.case} | sealed(key, alert_name(alert), text)


def _audit(head: ChainHead) -> dict[str, Any]:
    return {
        "audit_chain": head.chain,
        "audit_sequence": head.sequence,
        "audit_hash": head.hash,
    }
