"""Evaluations are at local times, and one before noon is of the day before."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.emerging.schedule import EPOCH, Round, day_in_london, days_between, latest_round

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(
    lambda local: local.replace(tzinfo=UTC)
)
TIMES = st.lists(st.times(), min_size=1, max_size=5).map(tuple)


def day(year: int, month: int, number: int) -> int:
    return date(year, month, number).toordinal() - EPOCH


def at(instant: datetime) -> int:
    return int(instant.timestamp()) // 60


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (datetime(2026, 7, 14, 5, 1, tzinfo=UTC), (datetime(2026, 7, 14, 5, tzinfo=UTC), 13)),
        (datetime(2026, 7, 14, 4, 59, tzinfo=UTC), (datetime(2026, 7, 13, 17, tzinfo=UTC), 13)),
        (datetime(2026, 7, 14, 17, tzinfo=UTC), (datetime(2026, 7, 14, 17, tzinfo=UTC), 14)),
    ],
)
def test_the_newest_evaluation_counts_by_the_clock_of_london(
    now: datetime, found: tuple[datetime, int]
) -> None:
    instant, as_of = found
    times = (time(6), time(18))
    assert latest_round(now, times) == Round(at(instant), day(2026, 7, as_of))


@given(INSTANTS, TIMES)
def test_no_evaluation_is_before_its_time_and_none_is_missed(
    now: datetime, times: tuple[time, ...]
) -> None:
    found = latest_round(now, times)
    assert found.minute <= at(now)
    later = latest_round(now + timedelta(days=1, hours=1), times)
    assert later > found
    assert latest_round(now, times) == found


@given(INSTANTS, TIMES)
def test_the_as_of_day_is_today_or_one_of_two_days_before(
    now: datetime, times: tuple[time, ...]
) -> None:
    assert 0 <= day_in_london(now) - latest_round(now, times).as_of <= 2


def test_evaluations_share_the_day() -> None:
    assert days_between((time(6), time(18))) == 0.5
