"""A finding in words, from its message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detection.emerging.facts import Problem
from detection.emerging.words import SourceWords, Telling, describe


def words_of(message: Mapping[str, Any], problem: Problem) -> str:
    """Return a finding in words."""
    records = message["records"]
    telling = Telling(
        what=message["what"],
        areas=message["areas"],
        streets=message["streets"],
        radius_m=message["radius_m"],
        tests=message["series_tested"],
        recurrence_days=message["recurrence_interval_days"],
        recurrence_all_days=message["recurrence_interval_all_days"],
        sources=[SourceWords(**source) for source in message["sources"]],
        records=[record["record_id"] for record in records],
        joined=sum(record["joined"] for record in records),
        alarms_per_year=message["alarms_per_year"],
        replayed_years=message["replayed_years"],
    )
    return describe(problem, telling)
