"""Choose the time of events: patterns of hour and weekday over a period of whole weeks."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from demo.generator.choice import Weighted

START = date(2025, 1, 6)
"""A Monday."""

WEEKS = 52
_HOURS = 24
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_OFFICE_HOURS = range(9, 17)


class Moment(NamedTuple):
    """A day, counted from the start of the period, and a minute of that day (local time)."""

    day: int
    minute: int


class Part(NamedTuple):
    """A part of a period: its start and its length, as shares of the whole."""

    start: float
    length: float


WHOLE = Part(0.0, 1.0)


class Calendar:
    """A period whose moments are written as ISO 8601 local dates and times (Europe/London)."""

    def __init__(self, start: date = START, weeks: int = WEEKS) -> None:
        """Cover `weeks` whole weeks from `start`, which should be a Monday."""
        self.start = start
        self.weeks = weeks
        # Two more weeks for events that began within the period and ended after it.
        days = weeks * 7 + 14
        self._dates = [(start + timedelta(days=day)).isoformat() for day in range(days)]
        self._times = [f"{m // 60:02}:{m % 60:02}" for m in range(_HOURS * 60)]

    def date(self, moment: Moment) -> str:
        """Return the moment's date."""
        return self._dates[moment.day]

    def day(self, number: int) -> str:
        """Return the date of a day, counted from the start; it may be outside the period."""
        return (self.start + timedelta(days=number)).isoformat()

    def time(self, moment: Moment) -> str:
        """Return the moment's time to the minute."""
        return self._times[moment.minute]

    def moment(self, pattern: Weighted[int], rng: Random, part: Part = WHOLE) -> Moment:
        """Return a moment of the period, or of a part of it, drawn from a pattern of the week."""
        hour_of_week = pattern.draw(rng)
        week_drawn = int((part.start + part.length * rng.random()) * self.weeks)
        day = week_drawn * 7 + hour_of_week // _HOURS
        return Moment(day, hour_of_week % _HOURS * 60 + int(rng.random() * 60))


def later(moment: Moment, minutes: int) -> Moment:
    """Return the moment that many minutes later."""
    days, minute = divmod(moment.minute + minutes, _HOURS * 60)
    return Moment(moment.day + days, minute)


def workdays() -> Weighted[int]:
    """Return the hours of the week in which offices and clinics see people."""
    return Weighted(
        (day * _HOURS + hour, 1.0) for day in range(_SATURDAY) for hour in _OFFICE_HOURS
    )


def week(day: float, evening: float, night: float, weekend_night: float) -> Weighted[int]:
    """Return the hours of the week, 0 for Monday's first, weighted by part of day and week."""
    return Weighted(
        (hour, _weight(hour, day, evening, night, weekend_night)) for hour in range(7 * _HOURS)
    )


def _weight(hour: int, day: float, evening: float, night: float, weekend_night: float) -> float:
    weekday, of_day = divmod(hour, _HOURS)
    late, small_hours = of_day >= 21, of_day < 4  # noqa: PLR2004 - hours of the clock
    if (weekday in {_FRIDAY, _SATURDAY} and late) or (
        weekday in {_SATURDAY, _SUNDAY} and small_hours
    ):
        return weekend_night
    if late or of_day < 7:  # noqa: PLR2004 - an hour of the clock
        return night
    return evening if of_day >= 17 else day  # noqa: PLR2004 - an hour of the clock
