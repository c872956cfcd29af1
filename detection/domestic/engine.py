"""The engine: takes the facts of one record into the memory, and says which events changed."""

from __future__ import annotations

from detection.domestic.changes import Changes
from detection.domestic.facts import Fact
from detection.domestic.forgetting import forget_person
from detection.domestic.later import Cause, later, of_events, of_referrals
from detection.domestic.memory import Memory
from detection.domestic.places import keep_aliases
from detection.domestic.regrouping import Regrouped, regroup
from detection.domestic.settings import Settings

__all__ = ["Changes", "forget_person", "take"]


def take(
    fact: Fact | None, record: bytes, memory: Memory, settings: Settings, today: int | None = None
) -> Changes:
    """Replace what is known of `record` by `fact`, or by nothing if it is None.

    Of two facts of one record, the one that is taken last counts. Later events are touched as long as the
    fact can change what an alert tells (`Settings.reach_days`). With `today`, those whose alerts cannot
    change any more (more than `alert_days` before it) are not touched.
    """
    if fact and fact in _known(record, memory):
        return Changes()
    if fact:
        keep_aliases(fact, memory)
    referrals = _refer(fact, record, memory)
    events = regroup(fact if fact and fact.kind != "referral" else None, record, memory, settings)
    first_day = 0 if today is None else today - settings.alert_days
    causes = of_events((*events.before, *events.after), settings) + of_referrals(
        referrals, settings
    )
    return _changes(events, causes, memory, first_day)


def _known(record: bytes, memory: Memory) -> list[Fact]:
    events = [memory.event(event_id) for event_id in memory.events_with_record(record)]
    facts = [fact for event in events if event for fact in event.facts]
    referral = memory.referral(record)
    return [*facts, *memory.parts_with(record), *([referral] if referral else [])]


def _refer(fact: Fact | None, record: bytes, memory: Memory) -> list[Fact]:
    old = memory.referral(record)
    new = fact if fact and fact.kind == "referral" else None
    if new:
        memory.keep_referral(new)
    elif old:
        memory.forget_referral(record)
    return [referral for referral in (old, new) if referral]


def _changes(events: Regrouped, causes: list[Cause], memory: Memory, first_day: int) -> Changes:
    changed = [event.id for event in events.after]
    gone = [event.id for event in events.before if memory.event(event.id) is None]
    others, left_out = later(causes, memory, first_day)
    touched = dict.fromkeys([*changed, *others])
    return Changes(tuple(touched), tuple(gone), left_out, events.is_crowded)
