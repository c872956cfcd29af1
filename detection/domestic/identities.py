"""The identities of events: they stay the same while events are grouped again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b

from detection.domestic.facts import DIGEST_BYTES, Event
from detection.domestic.grouping import Facts


def named(
    groups: Sequence[Facts], before: Iterable[Event], is_taken: Callable[[bytes], bool]
) -> tuple[Event, ...]:
    """Return the events with these facts, in the order of their identities.

    An event before goes on in the group that has the record it is named after, or else its earliest
    supplied fact of kind `event`. If several go on in one group, the group has the identity of the event
    that was supplied first; the other ones are gone. A new event has the record of its first fact of
    kind `event` as its identity; if an event elsewhere has it already, a digest of it.
    """
    claims = _claims(groups, before)
    ids = set(claims.values())
    events = [Event(claims[i], groups[i]) for i in claims]
    for facts in (facts for i, facts in enumerate(groups) if i not in claims):
        new = _new_id(facts, lambda event_id: event_id in ids or is_taken(event_id))
        ids.add(new)
        events.append(Event(new, facts))
    return tuple(sorted(events, key=lambda event: event.id))


def _claims(groups: Sequence[Facts], before: Iterable[Event]) -> dict[int, bytes]:
    group_of = {f.record: i for i, facts in enumerate(groups) for f in facts if f.kind == "event"}
    claims: dict[int, bytes] = {}
    for event in sorted(before, key=_first_supplied):
        records = [event.id, *(fact.record for fact in event.facts if fact.kind == "event")]
        group = next((group_of[record] for record in records if record in group_of), None)
        if group is not None:
            claims.setdefault(group, event.id)
    return claims


def _first_supplied(event: Event) -> tuple[int, bytes]:
    return min(f.supplied_ms for f in event.facts if f.kind == "event"), event.id


def _new_id(facts: Facts, is_taken: Callable[[bytes], bool]) -> bytes:
    new = next(fact.record for fact in facts if fact.kind == "event")
    while is_taken(new):
        new = blake2b(new, digest_size=DIGEST_BYTES).digest()
    return new
