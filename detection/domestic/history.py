"""The history of an event: what is known of the time before it, from the sources that a recipient may see."""

from __future__ import annotations

from dataclasses import dataclass

from detection.domestic.facts import Event, Flag, Risk, Source
from detection.domestic.grouping import Facts
from detection.domestic.memory import Memory
from detection.domestic.past import Found, Past, Visible, pairs_of
from detection.domestic.people import in_role
from detection.domestic.people import victims as victims_of
from detection.domestic.places import household_digests
from detection.domestic.referrals import referrals
from detection.domestic.settings import MOST_COUNTED, MOST_DATES, REFERRAL_DAYS, Settings
from detection.domestic.times import when


@dataclass(frozen=True, slots=True)
class Count:
    """A number of earlier events. `days` has the days of the newest `MOST_DATES`, the newest first.

    If `is_exact` is False, the number is at least `count` ("100 or more"): it is at least `MOST_COUNTED`, or
    there were more than `MOST_READ` events to look through. `days_since_last` is None without any.
    """

    count: int = 0
    days: tuple[int, ...] = ()
    days_since_last: int | None = None
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Referral:
    """The newest referral, and its risk assessment as supplied."""

    day: int
    source: Source
    risk: Risk | None


@dataclass(frozen=True, slots=True)
class History:
    """The history of one event.

    `household`, `victim`, `same_direction` and `other_direction` count earlier events: at its households, of
    its victims as victims, and between a victim and a suspect of it with the same and with swapped roles.
    `suspect_with_others` is the number of earlier events of its suspects, as suspects, with other victims (at
    most `MOST_COUNTED`, of the newest `MOST_READ` events of each suspect). `children` and `flags` are of the
    event. `sources` supplied the earlier events and the referral that are shown. `people` are the
    digests of all people of the event, of these events and of the referral: if one of them works for the
    recipient, it must not have the alert.
    """

    household: Count
    victim: Count
    same_direction: Count
    other_direction: Count
    suspect_with_others: int
    referral: Referral | None
    children: int | None
    flags: tuple[Flag, ...]
    sources: tuple[Source, ...]
    people: frozenset[bytes]

    @property
    def is_empty(self) -> bool:
        """Return True if no earlier event and no referral is told ("none recorded here")."""
        counts = (self.household, self.victim, self.same_direction, self.other_direction)
        return not (self.referral or self.suspect_with_others or any(c.count for c in counts))


def history(event: Event, memory: Memory, settings: Settings, visible: Visible) -> History:
    """Return the history of the event, from the facts of visible sources alone.

    What the event itself has (its people, households, children and flags) also counts from visible sources
    alone. If no victim of it is identified, each identified victim of its suspects counts as another one.
    """
    facts = tuple(fact for fact in event.facts if visible(fact.source))
    day = when(event.facts).day
    # The day that is told is that of the visible facts: another one would tell of a source that is not.
    told_day = when([f for f in facts if f.kind == "event"] or event.facts).day
    found = _found(facts, Past(event, memory, settings.history_days, visible), memory)
    every = referrals(facts, day, REFERRAL_DAYS, memory)
    referral = next((each for each in every if visible(each.source)), None)
    told = [earlier for each in found for earlier in each.events]
    told_facts = [fact for earlier in told for fact in earlier.facts]
    others = [*told_facts, *([referral] if referral else [])]
    people = [*event.facts, *others, *(fact for earlier in told for fact in earlier.event.facts)]
    return History(
        household=_count(found[0], told_day),
        victim=_count(found[1], told_day),
        same_direction=_count(found[2], told_day),
        other_direction=_count(found[3], told_day),
        suspect_with_others=min(len(found[4].events), MOST_COUNTED),
        referral=Referral(referral.day, referral.source, referral.risk) if referral else None,
        children=_children(facts),
        flags=tuple(sorted({flag for fact in facts for flag in fact.flags})),
        sources=tuple(sorted({fact.source for fact in others})),
        people=frozenset(p.person for fact in people for p in fact.people if p.person),
    )


def _found(facts: Facts, past: Past, memory: Memory) -> list[Found]:
    pairs = pairs_of(facts)
    swapped = [(suspect, victim) for victim, suspect in pairs]
    victims, suspects = victims_of(facts), in_role(facts, "suspect")
    return [
        past.at(household_digests(facts, memory)),
        past.of_victim(victims),
        past.between(pairs),
        past.between(swapped),
        past.with_others(suspects, victims),
    ]


def _count(found: Found, day: int) -> Count:
    days = tuple(earlier.day for earlier in found.events[:MOST_DATES])
    return Count(
        min(len(found.events), MOST_COUNTED),
        days,
        max(0, day - days[0]) if days else None,
        is_exact=len(found.events) < MOST_COUNTED and not found.is_cut,
    )


def _children(facts: Facts) -> int | None:
    """Return the greatest number that one fact tells, in its own field or by its people."""
    told = [fact.children for fact in facts if fact.children is not None]
    named = [sum(person.role == "child" for person in fact.people) for fact in facts]
    return max([*told, *(number for number in named if number)], default=None)
