"""Local time of the partnerships, Europe/London: the guidance's dates and times are local ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def london_time(instant: datetime) -> datetime:
    """The local date and time at an instant, without the zone."""
    return instant.astimezone(LONDON).replace(tzinfo=None)


def london_today() -> date:
    """Today's date in Europe/London, by which periods of a protocol run."""
    return london_time(datetime.now(UTC)).date()


def end_of_day(day: date) -> float:
    """The instant at which `day` ends in Europe/London, in seconds since 1970 UTC."""
    return datetime.combine(day + timedelta(days=1), time(0), LONDON).timestamp()


@lru_cache(maxsize=4_096)
def steady_offset(day: date) -> timedelta | None:
    """What local time is ahead of UTC on `day`; None where the clocks change within it."""
    offsets = {
        datetime.combine(day, at, LONDON).utcoffset()
        for at in (time(0, 0), time(12, 0), time(23, 59))
    }
    first = offsets.pop()
    return None if offsets else first
