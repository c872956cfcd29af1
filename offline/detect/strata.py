"""The kinds of days that may be exchanged with one another."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from typing import Final

from holidays import country_holidays

from offline.detect.days import EPOCH

HOLIDAY: Final = 7


@lru_cache(maxsize=100_000)
def day_kind(day: int) -> int:
    """Return 0 for a Monday to 6 for a Sunday, or 7 for a bank holiday of England and Wales."""
    found = date.fromordinal(day + EPOCH)
    return HOLIDAY if found in _bank_holidays(found.year) else found.weekday()


@cache
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(country_holidays("GB", subdiv="ENG", years=year))
