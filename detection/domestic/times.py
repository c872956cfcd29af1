"""The times of facts and events: comparison of instants and of ranges of days."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from detection.domestic.facts import Event, Fact
from detection.domestic.settings import MOST_RANGE_DAYS

ALL_DAYS: Final = (0, 2**31 - 1)
"""The first and the last day that an index has."""


class When(NamedTuple):
    """The time of an event: its first and its last possible day, and its minute if that is known."""

    day: int
    until_day: int
    minute: int | None


def when(facts: Iterable[Fact]) -> When:
    """Return the time of the fact of kind `event` with the earliest minute, or else with the earliest day.

    With equal days, the one with the shorter range counts.
    """
    times = [When(f.day, f.until_day, f.minute) for f in facts if f.kind == "event"]
    timed = [time for time in times if time.minute is not None]
    return min(timed, key=lambda t: (t.minute, t.day)) if timed else min(times, key=lambda t: t[:2])


def position(event: Event) -> tuple[int, int, bytes]:
    """Return the place of the event in the order of time: day, minute (an unknown one is first), identity."""
    day, _, minute = when(event.facts)
    return day, -1 if minute is None else minute, event.id


def distance(one: When, other: When, hours: int) -> tuple[int, int] | None:
    """Return how far apart two times are, or None if they are too far apart to be of one event.

    Two known minutes are at most `hours` apart, and nearer than any pair with an unknown one. Otherwise the
    ranges of days overlap, and neither is longer than `MOST_RANGE_DAYS`.
    """
    if one.minute is not None and other.minute is not None:
        minutes = abs(one.minute - other.minute)
        return (0, minutes) if minutes <= hours * 60 else None
    if max(_length(one), _length(other)) > MOST_RANGE_DAYS:
        return None
    overlap = one.day <= other.until_day and other.day <= one.until_day
    return (1, abs(one.day - other.day)) if overlap else None


def _length(time: When) -> int:
    return time.until_day - time.day + 1
