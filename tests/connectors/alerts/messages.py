"""Alerts, and the messages of their topic."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.alerts.picture import Alert
from connectors.received import Received

NOW = datetime(2026, 11, 29, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
_QUIET_S = 0.1
ONE, TWO, THREE = "3f0a51c2d4e69b78", "81c2d4e69b783f0a", "aac2d4e69b783f00"


def message(alert: str = ONE, **changes: Any) -> dict[str, Any]:
    """Return a decoded message of a depersonalised alert, with changes."""
    usual = {
        "alert": alert, "version": 1, "kind": "depersonalised", "made": NOW, "raised": NOW,
        "level": "standard", "rank": 3, "reasons": ["every event"], "type": "domestic-incident",
        "hour": "2026-11-29T14", "area": "BA2", "late": False, "due": NOW + 4 * HOUR,
        "acknowledged": None, "escalated": "", "case": None, "nonce": b"", "sealed": b"",
        "audit_chain": "", "audit_sequence": 0, "audit_hash": "",
    }  # fmt: skip
    return usual | changes


def alert(name: str = ONE, **changes: Any) -> Alert:
    """Return an alert, with changes of its message."""
    return Alert.of(message(name, **changes))


def received(name: str = ONE, at: datetime = NOW, **changes: Any) -> Received:
    """Return a message of the topic of alerts."""
    return Received(name, message(name, **changes), at)


def withdrawn(name: str = ONE, at: datetime = NOW) -> Received:
    """Return the withdrawal of an alert."""
    return Received(name, None, at)


class ListFeed:
    """A feed at the edge: it gives prepared messages, one list at each call."""

    def __init__(self, *batches: list[Received]) -> None:
        """Take the lists; the feed is whole once the first of them was given."""
        self.batches = list(batches)
        self.given = 0

    def put(self, *messages: Received) -> None:
        """Add messages, which the next call gives."""
        self.batches.append(list(messages))

    def advance(self, seconds: float) -> list[Received]:
        """Return the next list; without one, wait a moment, as a reader of a quiet topic does."""
        if not self.batches:
            time.sleep(min(seconds, _QUIET_S))
        self.given += 1
        return self.batches.pop(0) if self.batches else []

    @property
    def is_whole(self) -> bool:
        """Return True once the first list was given."""
        return self.given > 0


def content(**changes: Any) -> Mapping[str, Any]:
    """Return the content of a personal alert, with changes."""
    pair = {"same_direction": {"count": 2, "dates": ["2026-03-01"]}}
    usual = {
        "alert": ONE, "event": "0" * 16, "case": "c" * 16, "matched": "victim",
        "type": "domestic-crime", "day": "2026-11-29", "level": "escalation",
        "reasons": ["3 events in 365 days"], "standing": "escalating",
        "sources": [{"agency": "police", "dataset": "police-incident", "supplied": "2026-11-29"}],
        "history": {"household": {"count": 2, "dates": ["2026-03-01", "2026-09-09"]}, "pair": pair},
        "referral": None, "children": 2, "flags": ["weapon"],
        "contact": {"number": "01632 960001", "no_voicemail": True},
        "covered": [{"agency": "police", "dataset": "police-incident", "from": "2025-11-29"}],
        "late": False,
    }  # fmt: skip
    return usual | changes
