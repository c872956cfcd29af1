"""The reference weeks of a week: those around its date in past years, and the periods between."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Final

import numpy as np
from numpy import int64
from numpy.typing import NDArray

_WEEK: Final = 7
_YEAR_WEEKS: Final = 52
_EPOCH: Final = date(1970, 1, 1)


def weeks_before(years: int, day: int | None) -> NDArray[int64]:
    """Return how many weeks before the newest week those of the same date in past years are (years + 1,).

    The first is 0, the newest week. `day` is a day of the newest week, since 1970-01-01: each reference is
    the week whose same weekday is nearest to the date. Without it, a year is 52 weeks.
    """
    if day is None:
        return np.arange(years + 1, dtype=int64) * _YEAR_WEEKS
    return np.array([_weeks_since(day, year) for year in range(years + 1)], int64)


def _weeks_since(day: int, years: int) -> int:
    days = day - (_years_before(_EPOCH + timedelta(day), years) - _EPOCH).days
    return (days + _WEEK // 2) // _WEEK


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return date(day.year - years, 3, 1)


def periods(last: int, before: NDArray[int64], half_width: int, number: int) -> NDArray[int64]:
    """Return the period (last + 1,) of each week up to the newest, which has the index `last`; 0 has none.

    The weeks around the reference weeks, and the newest ones, are in the period `number`; the weeks between
    are divided into number - 1 periods, the first ones longer by a week where the division is not exact. With
    one period, the weeks between have none. `before` is of `weeks_before`. Raise a ValueError if there are
    more periods than weeks between.
    """
    result = np.zeros(last + 1, int64)
    result[max(last - half_width, 0) :] = number
    for newer, older in pairwise(before):
        centre = last - int(older)
        result[centre - half_width : centre + half_width + 1] = number
        between = int(older - newer) - 2 * half_width - 1
        if number > 1:
            start = centre + half_width + 1
            result[start : start + between] = _divided(between, number - 1)
    return result


def _divided(weeks: int, number: int) -> NDArray[int64]:
    if weeks < number:
        raise ValueError(f"{number + 1} periods are too many for a year with {weeks} weeks between")
    length, rest = divmod(weeks, number)
    lengths = np.full(number, length)
    lengths[:rest] += 1
    return np.repeat(np.arange(1, number + 1, dtype=int64), lengths)
