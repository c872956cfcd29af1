"""Later events: those whose history or level a change of an earlier one may change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from detection.domestic import people
from detection.domestic.facts import Event, Fact
from detection.domestic.memory import Memory
from detection.domestic.places import household_digests
from detection.domestic.settings import MOST_LATER, MOST_LEFT_OUT, Settings
from detection.domestic.times import ALL_DAYS, position


@dataclass(frozen=True, slots=True)
class Cause:
    """Changed facts or a changed household, which count for events from `start` until `last_day`."""

    facts: tuple[Fact, ...]
    start: tuple[int, int, bytes]
    last_day: int
    household: bytes | None = None


def of_events(events: Iterable[Event], settings: Settings) -> list[Cause]:
    """Return the causes that changed events are for later ones."""
    starts = [(event, position(event)) for event in events]
    return [Cause(event.facts, at, at[0] + settings.reach_days) for event, at in starts]


def of_referrals(referrals: Iterable[Fact], settings: Settings) -> list[Cause]:
    """Return the causes that changed referrals are for events on their day or after it."""
    return [Cause((r,), (r.day, -1, b""), r.day + settings.reach_days) for r in referrals]


def of_household(household: bytes) -> Cause:
    """Return the cause that a new alias or mark of a household is for all its events."""
    return Cause((), (ALL_DAYS[0], -1, b""), ALL_DAYS[1], household)


def later(
    causes: Sequence[Cause], changed: Iterable[bytes], memory: Memory, first_day: int
) -> tuple[list[bytes], int]:
    """Return later events at the same households or with the same people, and how many are left out.

    Events before `first_day` are not told. Of each household and person the newest `MOST_LATER` are, and
    those that are `changed` anyway.
    """
    at = cache(lambda event_id: _position(event_id, memory))
    found: dict[bytes, None] = {}
    left_out: set[bytes] = set()
    for cause in causes:
        for ids in _searches(cause, memory, max(first_day, cause.start[0])):
            found |= {i: None for i in ids[:MOST_LATER] if at(i) >= cause.start}
            left_out.update(ids[MOST_LATER:])
    return list(found), len(left_out.difference(found, changed))


def concerning(person: bytes, memory: Memory, settings: Settings, first_day: int) -> list[bytes]:
    """Return the events since `first_day` that name a person, or whose history may name the person."""
    since = max(ALL_DAYS[0], first_day - settings.reach_days)
    ids = memory.events_of(person, since, ALL_DAYS[1])
    events = [event for event in map(memory.event, ids) if event]
    referrals = memory.referrals_of(person, since, ALL_DAYS[1])
    causes = [*of_events(events, settings), *of_referrals(referrals, settings)]
    own = memory.events_of(person, first_day, ALL_DAYS[1])
    return list(dict.fromkeys([*own, *later(causes, own, memory, first_day)[0]]))


def _position(event_id: bytes, memory: Memory) -> tuple[int, int, bytes]:
    event = memory.event(event_id)
    return position(event) if event else (ALL_DAYS[0] - 1, -1, event_id)


def _searches(cause: Cause, memory: Memory, first: int) -> list[Sequence[bytes]]:
    last, most = cause.last_day, MOST_LEFT_OUT
    homes, keys = household_digests(cause.facts, memory), people.everyone(cause.facts)
    if cause.household:  # also if it may not link events any more
        homes |= set(memory.same_household(cause.household))
    searches = [memory.events_at(home, first, last, most=most) for home in sorted(homes)]
    return searches + [memory.events_of(key, first, last, most=most) for key in sorted(keys)]
