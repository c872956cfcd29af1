"""The engine: takes the facts of one record into the memory, and says which events changed."""

from __future__ import annotations

from collections.abc import Sequence

from detection.domestic.changes import Changes
from detection.domestic.facts import Fact
from detection.domestic.forgetting import forget_person
from detection.domestic.later import Cause, later, of_events, of_household, of_referrals
from detection.domestic.memory import Memory
from detection.domestic.places import keep_alias
from detection.domestic.regrouping import Regrouped, regroup, regroup_place
from detection.domestic.settings import Settings

__all__ = ["Changes", "forget_person", "take", "take_place"]


def take(
    fact: Fact | None, record: bytes, memory: Memory, settings: Settings, today: int | None = None
) -> Changes:
    """Replace what is known of `record` by `fact`, or by nothing if it is None.

    Of two facts of one record, the one that is taken last counts. Later events are touched as long as the
    fact can change an alert (`Settings.reach_days`). With `today`, those whose alerts cannot
    change any more (more than `alert_days` before it) are not touched.
    """
    if fact and fact in _known(record, memory):
        return Changes()
    is_new_alias = fact is not None and keep_alias(fact, memory)
    referrals = _refer(fact, record, memory)
    regrouped = [
        regroup(fact if fact and fact.kind != "referral" else None, record, memory, settings)
    ]
    causes = of_referrals(referrals, settings)
    if fact and is_new_alias:
        since = (fact.day if today is None else today) - settings.alert_days
        regrouped += regroup_place(fact.households[0], since, memory, settings)
        causes.append(of_household(fact.households[0]))
    return _changes(regrouped, causes, memory, settings, today)


def take_place(household: bytes, memory: Memory, settings: Settings, today: int) -> Changes:
    """Decide the events at a household again, after `Memory.place_kind` of it changed.

    They are those of the last `alert_days`, the newest `MOST_LATER` of each digest of the household.
    """
    since = today - settings.alert_days
    regrouped = regroup_place(household, since, memory, settings)
    return _changes(regrouped, [of_household(household)], memory, settings, today)


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


def _changes(
    regrouped: Sequence[Regrouped],
    causes: list[Cause],
    memory: Memory,
    settings: Settings,
    today: int | None,
) -> Changes:
    events = [event for each in regrouped for event in (*each.before, *each.after)]
    ids = dict.fromkeys(event.id for each in regrouped for event in each.after)
    changed = [event_id for event_id in ids if memory.event(event_id)]
    gone = dict.fromkeys(event.id for event in events if memory.event(event.id) is None)
    first_day = 0 if today is None else today - settings.alert_days
    every = [*of_events(events, settings), *causes]
    others, left_out = later(every, changed, memory, first_day)
    touched = dict.fromkeys([*changed, *others])
    return Changes(
        tuple(touched),
        tuple(gone),
        left_out,
        is_crowded=any(each.is_crowded for each in regrouped),
        is_too_common=any(each.is_too_common for each in regrouped),
    )
