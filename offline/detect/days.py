"""Read and write days. A day is an int since 1970-01-01."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import Final

EPOCH: Final = date(1970, 1, 1).toordinal()
DAY_ACCEPTED: Final = "a date such as 2026-03-30 or 2026/03/30"
_SLASHED = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})")


@lru_cache(maxsize=100_000)
def day_of(text: str) -> int | None:
    """Return the day of a text: ISO 8601, with or without a time, or YYYY/MM/DD. None if it is neither.

    The date is taken as written, whatever the time zone.
    """
    try:
        return _date_of(text).toordinal() - EPOCH
    except ValueError:
        return None


def iso_of(day: int) -> str:
    """Return the day as ISO 8601."""
    return date.fromordinal(day + EPOCH).isoformat()


def _date_of(text: str) -> date:
    slashed = _SLASHED.fullmatch(text)
    if slashed and slashed[0].isascii():
        year, month, day = map(int, slashed.groups())
        return date(year, month, day)
    return datetime.fromisoformat(text).date()
