"""The present alerts of a recipient, from the messages of its topic. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from connectors.received import Received


@dataclass(frozen=True, slots=True)
class Alert:
    """One version of an alert. `message` is all of it, by the schema system/alert.avsc."""

    id: str
    version: int
    kind: str
    made: datetime
    raised: datetime
    level: str
    rank: int
    late: bool
    due: datetime
    acknowledged: datetime | None
    escalated: str
    case: str | None
    message: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Alert:
        """Return the alert of a decoded message."""
        return cls(
            message["alert"], message["version"], message["kind"], message["made"],
            message["raised"], message["level"], message["rank"], message["late"], message["due"],
            message["acknowledged"], message["escalated"], message["case"], message,
        )  # fmt: skip

    @property
    def is_personal(self) -> bool:
        """Return True if the content is encrypted under the key of a case or of an officer."""
        return self.kind == "personal"


class Change(NamedTuple):
    """A message of the topic: `alert` is None if the alert was withdrawn or cannot be read here.

    `at` is the time of the message.
    """

    id: str
    alert: Alert | None
    at: datetime
    is_readable: bool = True

    @classmethod
    def of(cls, received: Received) -> Change:
        """Return the change of a message. A message with another alert's id is not readable."""
        key, content, at, is_readable = received.checked("alert")
        return cls(key, None if content is None else Alert.of(content), at, is_readable)

    @property
    def is_withdrawal(self) -> bool:
        """Return True if the alert was withdrawn."""
        return self.alert is None and self.is_readable


@dataclass(slots=True)
class Picture:
    """The newest version of each alert that is not withdrawn.

    `unreadable` are the ids of alerts whose newest version this release cannot read.
    """

    alerts: dict[str, Alert] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)

    def take(self, change: Change) -> bool:
        """Apply a message; return True if the alert was shown and was withdrawn."""
        before = self.alerts.pop(change.id, None)
        was_known = before is not None or change.id in self.unreadable
        self.unreadable.discard(change.id)
        if change.alert is not None:
            self.alerts[change.id] = change.alert
        elif not change.is_readable:
            self.unreadable.add(change.id)
        return change.is_withdrawal and was_known

    def expire(self, oldest: datetime) -> None:
        """Forget the alerts that were made before `oldest`: the topic does not retain them."""
        for alert in [a.id for a in self.alerts.values() if a.made < oldest]:
            del self.alerts[alert]

    def ranked(self) -> list[Alert]:
        """Return the alerts: unacknowledged first, then by rank, then the oldest first."""
        return sorted(self.alerts.values(), key=_urgency)


def _urgency(alert: Alert) -> tuple[bool, int, datetime, str]:
    return alert.acknowledged is not None, alert.rank, alert.raised, alert.id
