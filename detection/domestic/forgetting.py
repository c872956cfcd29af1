"""Forgetting: removes one person from all facts in the memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from detection.domestic import people
from detection.domestic.changes import Changes
from detection.domestic.facts import Event, Fact
from detection.domestic.later import later, of_events, of_referrals
from detection.domestic.memory import Memory
from detection.domestic.settings import Settings
from detection.domestic.times import ALL_DAYS


def forget_person(
    person: bytes, memory: Memory, settings: Settings, today: int | None = None
) -> Changes:
    """Remove this person (digest of name and date of birth) from all facts in the memory.

    The agencies' references of the person go too, wherever they are. If the person was a victim of a fact,
    its safe contact goes too. If it has no other identified victim, its risk assessment goes, and a referral
    is forgotten. Events stay, without the person, and are grouped as before until a fact near them is taken.
    Events to which such an event or referral was told are touched, too, as `take` touches later ones.
    """
    digests = _digests(person, memory)
    ids = dict.fromkeys(i for d in sorted(digests) for i in memory.events_of(d, *ALL_DAYS))
    events = [event for event in map(memory.event, ids) if event]
    found = (r for d in sorted(digests) for r in memory.referrals_of(d, *ALL_DAYS))
    referrals = {referral.record: referral for referral in found}
    for event in events:
        memory.keep_event(Event(event.id, tuple(_without(f, digests) for f in event.facts)))
    for digest in sorted(digests):
        _forget_parts(memory.parts_with(digest), digests, memory)
    _forget_referrals(referrals.values(), digests, memory)
    changed = [event.id for event in events]
    causes = [*of_events(events, settings), *of_referrals(referrals.values(), settings)]
    first_day = 0 if today is None else today - settings.alert_days
    others, left_out = later(causes, changed, memory, first_day)
    return Changes(touched=tuple(dict.fromkeys([*changed, *others])), left_out=left_out)


def without_person(fact: Fact, person: bytes) -> Fact | None:
    """Return a fact without this person; None for a referral that has no other victim."""
    digests = frozenset({person}).union(
        *(people.keys(p) for p in fact.people if p.person == person)
    )
    rest = _without(fact, digests)
    is_gone = _is_victim(fact, digests) and not people.victims((rest,))
    return None if fact.kind == "referral" and is_gone else rest


def _digests(person: bytes, memory: Memory) -> frozenset[bytes]:
    events = [memory.event(event_id) for event_id in memory.events_of(person, *ALL_DAYS)]
    facts = [fact for event in events if event for fact in event.facts]
    facts += [*memory.parts_with(person), *memory.referrals_of(person, *ALL_DAYS)]
    same = (people.keys(p) for fact in facts for p in fact.people if p.person == person)
    return frozenset({person}).union(*same)


def _without(fact: Fact, digests: frozenset[bytes]) -> Fact:
    kept = tuple(p for p in fact.people if not people.keys(p) & digests)
    if len(kept) == len(fact.people):
        return fact
    rest = replace(fact, people=kept)
    if not _is_victim(fact, digests):
        return rest
    return replace(rest, contact=None, risk=fact.risk if people.victims((rest,)) else None)


def _is_victim(fact: Fact, digests: frozenset[bytes]) -> bool:
    return bool(people.victims((fact,)) & digests)


def _forget_parts(parts: Iterable[Fact], digests: frozenset[bytes], memory: Memory) -> None:
    for part in list(parts):
        memory.forget_part(part)
        if (rest := _without(part, digests)).people:
            memory.keep_part(rest)


def _forget_referrals(referrals: Iterable[Fact], digests: frozenset[bytes], memory: Memory) -> None:
    for referral in referrals:
        rest = _without(referral, digests)
        if people.victims((rest,)) or not _is_victim(referral, digests):
            memory.keep_referral(rest)
        else:
            memory.forget_referral(referral.record)
