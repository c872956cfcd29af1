"""Local time in Europe/London."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from schemas.london import london_time, steady_offset


def test_local_time_is_an_hour_ahead_in_summer() -> None:
    assert london_time(datetime(2024, 6, 30, 23, 30, tzinfo=UTC)) == datetime(2024, 7, 1, 0, 30)
    assert london_time(datetime(2024, 1, 31, 23, 30, tzinfo=UTC)) == datetime(2024, 1, 31, 23, 30)


def test_the_offset_is_steady_but_on_the_days_of_a_clock_change() -> None:
    assert steady_offset(date(2024, 1, 31)) == timedelta(0)
    assert steady_offset(date(2024, 6, 30)) == timedelta(hours=1)
    assert steady_offset(date(2024, 3, 31)) is None
    assert steady_offset(date(2024, 10, 27)) is None
