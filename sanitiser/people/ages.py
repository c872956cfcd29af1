"""Compute ages in whole years from a date of birth, and the bands for coarser releases."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date

_BOUNDS = (10, 18, 25, 35, 45, 55, 65)
_BANDS = ("0-9", "10-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65+")


def whole_years(born: date, on: date) -> int:
    """Return the age in whole years of somebody `born` on a day.

    A birthday counts from that day.
    """
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def band(age: int) -> str:
    """Return the band of an `age` in whole years; ten and eighteen are limits in law."""
    return _BANDS[bisect_right(_BOUNDS, age)]
