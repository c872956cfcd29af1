"""One version of an emerging problem, as a recipient reads it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite
from typing import Any, Final

CLOSED, FADED = "closed", "faded"
JOINED: Final = frozenset({"opened", "grown", "moved"})
"""The statuses of versions with which a case joined."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One version of a problem. `message` is all of it, by the schema system/finding.avsc.

    `expected` are the cases expected without a problem. `once_in_days`: over all series and places of the
    recipient, chance alone gives one as strong in so many days. `alarms_per_year` was measured in replays.
    """

    id: str
    version: int
    status: str
    kind: str
    provisional: bool
    made: datetime
    opened: datetime
    what: str
    since: date
    until: date
    observed: int
    expected: float
    p: float
    once_in_days: float
    alarms_per_year: float | None
    ended: str
    message: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Finding:
        """Return the finding of a decoded message."""
        return cls(
            message["problem"], message["version"], message["status"], message["kind"],
            message["provisional"], message["made"], message["opened"], message["what"],
            message["since"], message["until"], message["observed"], message["expected"],
            message["p"], message["recurrence_interval_all_days"], message["alarms_per_year"],
            message["ended"], message,
        )  # fmt: skip

    @property
    def is_open(self) -> bool:
        """Return True if the problem is not closed; a faded one is still open."""
        return self.status != CLOSED

    @property
    def ratio(self) -> float:
        """Return how many times as many cases there were as expected."""
        return self.observed / self.expected if self.expected > 0 else float("inf")

    def feature(self) -> dict[str, Any]:
        """Return the finding as a GeoJSON feature (RFC 7946): its circle, and all else as properties.

        Dates and times are as in ISO 8601.

        Raises:
            ValueError: the geometry is not a JSON document.
        """
        properties = {n: _plain(value) for n, value in self.message.items() if n != "geometry"}
        geometry = json.loads(self.message["geometry"])
        return {
            "type": "Feature", "id": self.id, "geometry": geometry, "properties": properties,
        }  # fmt: skip


def _plain(value: Any) -> Any:
    """Return a value with its dates as texts, at any depth. A number that JSON does not have is None."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return value
