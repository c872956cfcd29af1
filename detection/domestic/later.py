"""Later events: those whose history or level a change of an earlier one may change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detection.domestic import people
from detection.domestic.facts import Event, Fact
from detection.domestic.memory import Memory
from detection.domestic.places import household_digests
from detection.domestic.settings import MOST_LATER, MOST_LEFT_OUT, Settings
from detection.domestic.times import position


@dataclass(frozen=True, slots=True)
class Cause:
    """Changed facts, which count for events at or after `start`, and for those until `last_day`."""

    facts: tuple[Fact, ...]
    start: tuple[int, int, bytes]
    last_day: int


def of_events(events: Iterable[Event], settings: Settings) -> list[Cause]:
    """Return the causes that changed events are for later ones."""
    starts = [(event, position(event)) for event in events]
    return [Cause(event.facts, at, at[0] + settings.reach_days) for event, at in starts]


def of_referrals(referrals: Iterable[Fact], settings: Settings) -> list[Cause]:
    """Return the causes that changed referrals are for events on their day or after it."""
    return [Cause((r,), (r.day, -1, b""), r.day + settings.reach_days) for r in referrals]


def later(causes: Sequence[Cause], memory: Memory, first_day: int) -> tuple[list[bytes], int]:
    """Return later events at the same households or with the same people, and how many are left out.

    Events before `first_day` are not told. Of each household and person the newest `MOST_LATER` are.
    """
    found: dict[bytes, None] = {}
    left_out: set[bytes] = set()
    for cause in causes:
        for ids in _searches(cause, memory, max(first_day, cause.start[0])):
            new = (memory.event(event_id) for event_id in ids[:MOST_LATER])
            found |= {event.id: None for event in new if event and position(event) >= cause.start}
            left_out.update(ids[MOST_LATER:])
    return list(found), len(left_out - found.keys())


def _searches(cause: Cause, memory: Memory, first: int) -> list[Sequence[bytes]]:
    last, most = cause.last_day, MOST_LEFT_OUT
    homes, keys = household_digests(cause.facts, memory), people.everyone(cause.facts)
    searches = [memory.events_at(home, first, last, most=most) for home in sorted(homes)]
    return searches + [memory.events_of(key, first, last, most=most) for key in sorted(keys)]
