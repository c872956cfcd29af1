"""Levels: how strong a detection must be to be published, over all series and places of a recipient.

Chance alone gives at most one published detection in `level_days` days, over all tests of all kinds. Each
kind may give its share of them (`Settings.shares`). One half of the scan's share is for evaluations, one half
for the looks between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import expm1, inf, log1p
from typing import Final

from detection.emerging.facts import Detection, Kind
from detection.emerging.settings import Settings

Tests = Mapping[Kind, int]
"""The number of tests of each kind for one recipient at one evaluation, or one day of looks."""

_HALF: Final = 0.5


def is_published(
    detection: Detection, settings: Settings, tests: Tests, days_between: float = 1.0
) -> bool:
    """Return True if a detection is strong enough, and has the minimum of cases.

    `days_between` is the number of days between two tests of its kind: 1 for looks and daily evaluations.
    """
    if len(detection.cases) < settings.minimum_cases:
        return False
    return detection.p.value <= highest_p(detection, settings, tests, days_between)


def highest_p(
    detection: Detection, settings: Settings, tests: Tests, days_between: float = 1.0
) -> float:
    """Return the highest p-value with which a detection of that kind is published."""
    of_one = days_between * share_of(detection, settings) / max(1, tests.get(detection.kind, 0))
    return min(1.0, of_one / settings.level_days)


def strength_days(
    detection: Detection, settings: Settings, tests: Tests, days_between: float = 1.0
) -> float:
    """Return the largest `level_days` at which a detection would still be published."""
    if detection.p.value <= 0:
        return inf
    many = max(1, tests.get(detection.kind, 0))
    return days_between * share_of(detection, settings) / (detection.p.value * many)


def share_of(detection: Detection, settings: Settings) -> float:
    """Return the share of the alarms by chance that detections of that kind may give."""
    share = settings.shares.get(detection.kind, 0.0)
    return share * _HALF if detection.kind == "scan" else share


def recurrence_all(p: float, tests: int, days: float = 1.0) -> float:
    """Return the days in which chance alone gives one as strong in any of `tests` series."""
    if p >= 1:
        return days
    any_of = -expm1(max(1, tests) * log1p(-p))
    return days / any_of if any_of > 0 else inf
