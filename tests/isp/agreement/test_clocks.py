"""Deadlines count hours of the clock or of work, and a school's day begins on a day of its calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from isp.agreement.alerts import Closure, Level, School
from isp.agreement.clocks import due, is_working_day, next_school_day
from schemas.london import LONDON, london_time

QUARTER = timedelta(minutes=15)
BANK_HOLIDAYS = {
    # As published at gov.uk/bank-holidays for England and Wales.
    date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 4), date(2026, 5, 25),
    date(2026, 8, 31), date(2026, 12, 25), date(2026, 12, 28),
    date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29), date(2027, 5, 3), date(2027, 5, 31),
    date(2027, 8, 30), date(2027, 12, 27), date(2027, 12, 28),
}  # fmt: skip
WORKING = Level(name="high", rule="graded", acknowledge_hours=4, working=True)
SCHOOL = School(urn="123456", party="school")

instants = st.integers(0, 2 * 365 * 96 - 96 * 21).map(
    lambda n: datetime(2026, 1, 1, tzinfo=UTC) + n * QUARTER
)
hours = st.integers(1, 40)


def local(text: str) -> datetime:
    """Return the instant of a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def works(at: datetime) -> bool:
    """Return True if the quarter of an hour that begins `at` is working time."""
    here = london_time(at)
    ordinary = here.weekday() < 5 and here.date() not in BANK_HOLIDAYS
    return ordinary and 9 <= here.hour < 17


def closed(begin: str, until: str) -> Closure:
    return Closure.model_validate({"from": begin, "until": until})


def test_the_bank_holidays_are_those_of_england_and_wales() -> None:
    days = [date(2026, 1, 1) + timedelta(n) for n in range(730)]
    found = {day for day in days if day.weekday() < 5 and not is_working_day(day)}
    assert found == BANK_HOLIDAYS


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-25 10:00", "2026-11-25 14:00"),
        ("2026-11-25 13:00", "2026-11-25 17:00"),  # the whole rest of the day
        ("2026-11-25 15:00", "2026-11-26 11:00"),
        ("2026-11-25 17:00", "2026-11-26 13:00"),
        ("2026-11-27 22:15", "2026-11-30 13:00"),  # Friday night
        ("2026-03-28 12:00", "2026-03-30 13:00"),  # the clocks go forward on the 29th
        ("2026-10-23 16:00", "2026-10-26 12:00"),  # and back on the 25th
        ("2026-12-24 16:30", "2026-12-29 12:30"),  # Christmas, a weekend, a substitute day
    ],
)
def test_working_hours_skip_nights_weekends_and_bank_holidays(at: str, until: str) -> None:
    assert due(WORKING, local(at)) == local(until)


@given(instants, hours)
def test_exactly_the_hours_of_a_level_are_left_to_work(at: datetime, number: int) -> None:
    level = WORKING.model_copy(update={"acknowledge_hours": number})
    until = due(level, at)
    quarters = [at + n * QUARTER for n in range((until - at) // QUARTER)]
    assert sum(map(works, quarters)) == number * 4
    assert works(until - QUARTER), "it is due at the end of working time, never in a night"


@given(instants, hours)
def test_hours_of_the_clock_pass_at_night_and_when_the_clocks_change(
    at: datetime, number: int
) -> None:
    level = Level(name="standard", rule="any", acknowledge_hours=number)
    assert due(level, at.astimezone(LONDON)) - at == timedelta(hours=number)


@given(instants, st.integers(0, 20), hours)
def test_a_later_alert_is_never_due_earlier(at: datetime, later: int, number: int) -> None:
    level = WORKING.model_copy(update={"acknowledge_hours": number})
    assert due(level, at) <= due(level, at + later * QUARTER)


@pytest.mark.parametrize(
    ("after", "begin"),
    [
        ("2026-11-25 03:00", "2026-11-25 08:30"),  # in the night before a school day
        ("2026-11-25 08:30", "2026-11-26 08:30"),
        ("2026-11-27 20:00", "2026-11-30 08:30"),
        ("2026-03-27 20:00", "2026-03-30 08:30"),  # the clocks go forward
        ("2026-12-18 15:00", "2027-01-04 08:30"),  # the school's own holidays
        ("2026-05-01 23:00", "2026-05-05 08:30"),  # a bank holiday
    ],
)
def test_a_school_is_told_before_its_next_day(after: str, begin: str) -> None:
    school = SCHOOL.model_copy(update={"closed": (closed("2026-12-19", "2027-01-03"),)})
    assert next_school_day(school, local(after)) == local(begin)


@given(instants, st.times(), st.dates(date(2026, 1, 1), date(2027, 12, 1)), st.integers(0, 60))
def test_no_school_day_lies_between_an_event_and_the_next_one(
    after: datetime, opens: time, first: date, days: int
) -> None:
    closure = closed(first.isoformat(), (first + timedelta(days)).isoformat())
    school = SCHOOL.model_copy(update={"opens": opens.replace(fold=0), "closed": (closure,)})

    def is_of_school(day: date) -> bool:
        ordinary = day.weekday() < 5 and day not in BANK_HOLIDAYS
        return ordinary and not closure.begin <= day <= closure.until

    begin = next_school_day(school, after)
    assert begin > after
    day = london_time(begin).date()
    assume(day.year <= 2027)
    assert is_of_school(day)
    between, end = london_time(after).date(), day
    while between < end:
        assert not is_of_school(between) or not (
            datetime.combine(between, school.opens, LONDON) > after
        )
        between += timedelta(days=1)


def test_a_calendar_that_never_ends_counts_for_a_year_at_most() -> None:
    for_ever = School.model_construct(
        urn="123456", party="school", opens=time(8, 30),
        closed=(Closure.model_construct(begin=date(2020, 1, 1), until=date.max),),
    )  # fmt: skip
    assert next_school_day(for_ever, local("2026-11-27 20:00")) == local("2026-11-30 08:30")
