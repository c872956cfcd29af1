"""The words of days, periods and numbers in a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

_ORDINALS = (
    *("First", "Second", "Third", "Fourth", "Fifth"),
    *("Sixth", "Seventh", "Eighth", "Ninth", "Tenth"),
)
_YEAR = (365, 366)


def day_words(day: int) -> str:
    """Return a day since 1970 in words: 3 March 2026."""
    told = date(1970, 1, 1) + timedelta(days=day)
    return f"{told.day} {told:%B %Y}"


def days_words(days: Sequence[int]) -> str:
    """Return the days in words, in the order of time, each once: 3 March 2026 and 5 March 2026."""
    *first, last = (day_words(day) for day in sorted(set(days)))
    return f"{', '.join(first)} and {last}" if first else last


def period_words(days: int) -> str:
    """Return the length of a period: 12 months, or a number of days."""
    if days in _YEAR:
        return "12 months"
    return "1 day" if days == 1 else f"{days} days"


def ordinal_words(number: int) -> str:
    """Return an ordinal with a capital letter: Third, or 21st."""
    if number <= len(_ORDINALS):
        return _ORDINALS[number - 1]
    is_teen = number // 10 % 10 == 1
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
