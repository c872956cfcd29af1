"""The measured rate of alarms by chance, by the level of the alarm."""

from __future__ import annotations

from typing import NamedTuple


class Measured(NamedTuple):
    """Measured alarms in a year at a level or above, and the years of replays behind the measurement."""

    per_year: float | None = None
    years: float = 0.0


def not_measured(_recipient: str, _level_days: float) -> Measured:
    """Return no measurement."""
    return Measured()
