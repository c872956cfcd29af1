"""Local time of the partnerships (Europe/London). Dates and times of the guidance are local."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def london_time(instant: datetime) -> datetime:
    """Return the local date and time of an instant, without the time zone."""
    return instant.astimezone(LONDON).replace(tzinfo=None)


def london_today() -> date:
    """Return today's date in Europe/London, which counts for the periods of a protocol."""
    return london_time(datetime.now(UTC)).date()


def end_of_day(day: date) -> float:
    """Return the instant at which `day` ends in Europe/London, in seconds since 1970 UTC."""
    return datetime.combine(day + timedelta(days=1), time(0), LONDON).timestamp()


def latest_of(times: Iterable[time], now: datetime) -> datetime:
    """Return the newest instant, not after `now`, at which one of the daily local `times` came."""
    today = london_time(now).date()
    every = [datetime.combine(d, at, LONDON) for at in times for d in (today - timedelta(1), today)]
    past = (instant for instant in every if instant.timestamp() <= now.timestamp())
    return max(past, key=datetime.timestamp)


@lru_cache(maxsize=4_096)
def steady_offset(day: date) -> timedelta | None:
    """Return the offset of local time from UTC on `day`, or None if the clocks change on that day."""
    offsets = {
        datetime.combine(day, at, LONDON).utcoffset()
        for at in (time(0, 0), time(12, 0), time(23, 59))
    }
    first = offsets.pop()
    return None if offsets else first
