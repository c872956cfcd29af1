"""Regrouping: takes the facts of one record into the events of its neighbourhood."""

from __future__ import annotations

from dataclasses import dataclass, replace

from detection.domestic import people
from detection.domestic.facts import Event, Fact
from detection.domestic.grouping import Facts, grouped, references
from detection.domestic.identities import named
from detection.domestic.memory import Memory
from detection.domestic.neighbourhood import Neighbourhood
from detection.domestic.places import household_digests
from detection.domestic.settings import MOST_LATER, Settings
from detection.domestic.times import ALL_DAYS


@dataclass(frozen=True, slots=True)
class Regrouped:
    """Events that changed, as they were `before` and are `after`; new and gone ones are in one of the two."""

    before: tuple[Event, ...]
    after: tuple[Event, ...]
    is_crowded: bool
    is_too_common: bool = False


def regroup(fact: Fact | None, record: bytes, memory: Memory, settings: Settings) -> Regrouped:
    """Replace the facts of the record, group its neighbourhood again, and keep the result.

    References that more than `MOST_FACTS` records share are not believed ("n/a" is no reference): the fact is
    kept without them.
    """
    near = Neighbourhood(memory, settings.same_event_hours)
    near.add(record, fact)
    if fact and near.is_too_common:
        alone = replace(fact, join=None, incident=None)
        return replace(regroup(alone, record, memory, settings), is_too_common=True)
    return _regrouped(near, fact, record, memory, settings.same_event_hours)


def regroup_place(
    household: bytes, first_day: int, memory: Memory, settings: Settings
) -> list[Regrouped]:
    """Group the events at a household again, the newest `MOST_LATER` since that day."""
    same = memory.same_household(household)
    found = [memory.events_at(h, first_day, ALL_DAYS[1], most=MOST_LATER) for h in same]
    events = (memory.event(event_id) for ids in found for event_id in ids)
    facts = [next(f for f in event.facts if f.kind == "event") for event in events if event]
    return [regroup(fact, fact.record, memory, settings) for fact in facts]


def _regrouped(
    near: Neighbourhood, fact: Fact | None, record: bytes, memory: Memory, hours: int
) -> Regrouped:
    before, parts = tuple(near.events.values()), tuple(near.parts.values())
    pool = {each.record: each for event in before for each in event.facts}
    pool |= near.parts
    pool.pop(record, None)
    if fact:
        pool[record] = fact
    groups, waiting = grouped(pool.values(), lambda f: _links(f, memory), hours)
    known = near.events.keys()
    after = named(groups, before, lambda e: e not in known and memory.event(e) is not None)
    _keep_parts(parts, waiting, memory)
    return _keep_events(before, after, memory, near.is_crowded)


def _links(facts: Facts, memory: Memory) -> frozenset[bytes]:
    return household_digests(facts, memory) | people.victims(facts)


def _keep_parts(before: Facts, after: Facts, memory: Memory) -> None:
    for part in set(before) - set(after):
        memory.forget_part(part)
    for part in set(after) - set(before):
        if references(part):  # without one it could never be found again
            memory.keep_part(part)


def _keep_events(
    before: tuple[Event, ...], after: tuple[Event, ...], memory: Memory, is_crowded: bool
) -> Regrouped:
    was, now = set(before), set(after)
    ids = {event.id for event in after}
    for event in before:
        if event.id not in ids:
            memory.forget_event(event.id)
    changed = tuple(event for event in after if event not in was)
    for event in changed:
        memory.keep_event(event)
    return Regrouped(tuple(event for event in before if event not in now), changed, is_crowded)
