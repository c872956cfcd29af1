"""The times of the evaluations: local times of day that the protocol agrees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from schemas.london import LONDON

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
    today = now.astimezone(LONDON).date()
    rounds = (_round(day, at) for day in (today - timedelta(1), today) for at in times)
    return max(found for found in rounds if found.minute * _MINUTE_S <= now.timestamp())


def day_in_london(now: datetime) -> int:
    """Return the day of an instant in Europe/London, since 1970."""
    return now.astimezone(LONDON).date().toordinal() - EPOCH


def days_between(times: Sequence[time]) -> float:
    """Return the days from one evaluation to the next, on average."""
    return 1 / len(times)


def _round(day: date, at: time) -> Round:
    instant = datetime.combine(day, at, LONDON).timestamp()
    as_of = day if at >= _NOON else day - timedelta(1)
    return Round(int(instant) // _MINUTE_S, as_of.toordinal() - EPOCH)
