"""The clocks of alerts: when an alert must be acknowledged, and when the next school day begins.

Instants are aware datetimes. Hours of work and of school are in Europe/London.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from holidays import country_holidays

from isp.agreement.alerts import Level, School
from schemas.london import LONDON, london_time

_OPENS, _CLOSES = time(9), time(17)
_NONE, _ONE_DAY = timedelta(), timedelta(days=1)
_FRIDAY = 4

LONGEST_SEARCH_DAYS = 366
"""Days in which a school day is searched. A calendar without one is wrong, and counts no longer."""


def due(level: Level, at: datetime) -> datetime:
    """Return the instant until which an alert of this level, raised `at`, must be acknowledged."""
    left = timedelta(hours=level.acknowledge_hours)
    if not level.working:
        return at.astimezone(UTC) + left
    now = london_time(at)
    day = now.date()
    while True:
        available = _available(day, now)
        if left <= available:
            # The clocks change on Sundays only, so a working day has no hour twice.
            return _instant(datetime.combine(day, _CLOSES) - available + left)
        left -= available
        day += _ONE_DAY


def next_school_day(school: School, after: datetime) -> datetime:
    """Return the first start of a school day after the instant `after`.

    If the school's calendar has no school day within `LONGEST_SEARCH_DAYS`, its own closures do not count.
    """
    first = london_time(after).date()
    days = [first + _ONE_DAY * n for n in range(LONGEST_SEARCH_DAYS)]
    begins = [datetime.combine(day, school.opens, LONDON).astimezone(UTC) for day in days]
    later = [begin for begin in begins if begin > after and is_working_day(_day(begin))]
    return next((begin for begin in later if not _is_closed(school, _day(begin))), later[0])


def is_working_day(day: date) -> bool:
    """Return True for a day from Monday to Friday that is no bank holiday of England and Wales."""
    return day.weekday() <= _FRIDAY and day not in _bank_holidays(day.year)


def _available(day: date, now: datetime) -> timedelta:
    """Return the working time of a day that is not over at the local time `now`."""
    if not is_working_day(day):
        return _NONE
    begin = max(now, datetime.combine(day, _OPENS))
    return max(_NONE, datetime.combine(day, _CLOSES) - begin)


def _is_closed(school: School, day: date) -> bool:
    return any(closure.begin <= day <= closure.until for closure in school.closed)


def _day(instant: datetime) -> date:
    return london_time(instant).date()


def _instant(local: datetime) -> datetime:
    return local.replace(tzinfo=LONDON).astimezone(UTC)


@cache
def _bank_holidays(year: int) -> frozenset[date]:
    # England and Wales have the same bank holidays (Banking and Financial Dealings Act 1971, Schedule 1).
    return frozenset(country_holidays("GB", subdiv="ENG", years=year))
