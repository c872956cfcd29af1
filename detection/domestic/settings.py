"""The settings of the engine, which the agent makes from the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class LevelRule:
    """A level and the rule by which an event has it, as `isp.agreement.alerts.Level` describes it."""

    name: str
    rule: Literal["marac-repeat", "graded", "repeat", "any"]
    days: int = 365
    events: int = 3
    grades: tuple[str, ...] = ("high", "very-high")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings. Levels are in the protocol's order, from the most urgent."""

    same_event_hours: int
    history_days: int
    alert_days: int
    levels: tuple[LevelRule, ...]

    @property
    def reach_days(self) -> int:
        """Return how long after an event or a referral it can change what an alert tells."""
        return max(self.history_days, REFERRAL_DAYS, *(level.days for level in self.levels))


REFERRAL_DAYS = 365
"""A referral is told for so many days."""

MOST_COUNTED = 100
"""Counts are exact up to this number."""

MOST_DATES = 20
"""The newest dates that one count tells."""

MOST_READ = 256
"""The events that one count looks through, the newest first."""

MOST_LATER = 50
"""The later events of one household or person that are decided again, the newest first."""

MOST_LEFT_OUT = 1_000
"""Later events of one household or person are counted up to this number."""

MOST_NEAR = 32
"""The events that are grouped again together."""

MOST_FACTS = 100
"""The records that references may put into one event."""

MOST_LOOKED_AT = 64
"""The events of one household or person that are looked at to find near ones, the newest first."""

MOST_RANGE_DAYS = 7
"""The longest range of days by which an event without a time is near another one."""
