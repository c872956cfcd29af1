"""Local time in Europe/London."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from schemas.london import latest_of, london_time, steady_offset


def test_local_time_is_an_hour_ahead_in_summer() -> None:
    assert london_time(datetime(2024, 6, 30, 23, 30, tzinfo=UTC)) == datetime(2024, 7, 1, 0, 30)
    assert london_time(datetime(2024, 1, 31, 23, 30, tzinfo=UTC)) == datetime(2024, 1, 31, 23, 30)


def test_the_offset_is_steady_but_on_the_days_of_a_clock_change() -> None:
    assert steady_offset(date(2024, 1, 31)) == timedelta(0)
    assert steady_offset(date(2024, 6, 30)) == timedelta(hours=1)
    assert steady_offset(date(2024, 3, 31)) is None
    assert steady_offset(date(2024, 10, 27)) is None


def test_the_latest_time_is_of_today_or_of_the_day_before_in_london() -> None:
    times = (time(6), time(18))
    found = latest_of(times, datetime(2026, 7, 1, 4, 59, tzinfo=UTC))
    assert found.astimezone(UTC) == datetime(2026, 6, 30, 17, tzinfo=UTC)
    found = latest_of(times, datetime(2026, 7, 1, 5, 0, tzinfo=UTC))
    assert found.astimezone(UTC) == datetime(2026, 7, 1, 5, tzinfo=UTC)
