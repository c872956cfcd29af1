"""The times of the evaluations: local times of day that the protocol agrees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from schemas.london import LONDON, latest_of

EPOCH: Final = date(1970, 1, 1).toordinal()
_NOON: Final = time(12)
_MINUTE_S: Final = 60


class Round(NamedTuple):
    """One evaluation of all series: its minute since 1970 UTC, and its as-of day since 1970."""

    minute: int
    as_of: int


def latest_round(now: datetime, times: Sequence[time]) -> Round:
    """Return the newest evaluation whose time has come; the ones before it are not made up for.

    An evaluation before noon is of the day before.
    """
    instant = latest_of((at.replace(second=0, microsecond=0) for at in times), now)
    day = instant.date() if instant.time() >= _NOON else instant.date() - timedelta(1)
    return Round(int(instant.timestamp()) // _MINUTE_S, day.toordinal() - EPOCH)


def day_in_london(now: datetime) -> int:
    """Return the day of an instant in Europe/London, since 1970."""
    return now.astimezone(LONDON).date().toordinal() - EPOCH


def days_between(times: Sequence[time]) -> float:
    """Return the days from one evaluation to the next, on average."""
    return 1 / len(times)
