"""Ages: whole years from a date of birth, and the bands that coarser readers get."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date

_BOUNDS = (10, 18, 25, 35, 45, 55, 65)
_BANDS = ("0-9", "10-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65+")


def whole_years(born: date, on: date) -> int:
    """Age in whole years of somebody `born` on a day; a birthday counts from its own day on."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def band(age: int) -> str:
    """The band that `age` in whole years lies in; ten and eighteen are bounds in law."""
    return _BANDS[bisect_right(_BOUNDS, age)]
