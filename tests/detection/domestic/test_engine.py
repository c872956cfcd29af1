"""Taking records: what is kept depends on the facts, and what changed is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.domestic.engine import Changes, take, take_place
from detection.domestic.facts import Event, Fact
from detection.domestic.history import history
from detection.domestic.levels import levels
from detection.domestic.memory import PlaceKind
from detection.domestic.settings import MOST_FACTS, MOST_LATER
from tests.detection.domestic.building import (
    DAY,
    HOSPITAL,
    SETTINGS,
    digest,
    erase,
    everything,
    fact,
    groups,
    part,
    referral,
    take_one,
    taken,
)
from tests.detection.domestic.memory import DictMemory
from tests.detection.domestic.strategies import HOMES_WITH_ALIASES, worlds


def world() -> DictMemory:
    memory = DictMemory()
    memory.places |= {digest("communal"): "communal", digest("refuge"): "refuge"}
    return memory


def told(memory: DictMemory) -> dict[frozenset[bytes], object]:
    """Return what is told of each event, by its records: identities depend on the order of arrival."""
    return {_records(event): _told(event, memory) for event in memory.events.values()}


def _records(event: Event) -> frozenset[bytes]:
    return frozenset(each.record for each in event.facts)


def _told(event: Event, memory: DictMemory) -> object:
    return history(event, memory, SETTINGS, everything), levels(event, memory, SETTINGS)


@given(worlds(HOMES_WITH_ALIASES), st.randoms(use_true_random=False))
def test_facts_in_any_order_give_the_same_events_and_parts(
    facts: list[Fact], random: object
) -> None:
    one = taken(facts, world())
    other = taken(_shuffled(facts, random), world())
    assert groups(one) == groups(other)
    assert (one.parts, one.referrals) == (other.parts, other.referrals)


@given(worlds(HOMES_WITH_ALIASES), st.randoms(use_true_random=False))
def test_facts_in_any_order_give_the_same_histories_and_levels(
    facts: list[Fact], random: object
) -> None:
    # With a different hour each, identities never decide which of two events is the earlier one.
    facts = [
        replace(each, minute=each.day * 1440 + i)
        for i, each in enumerate(facts)
        if each.kind == "event"
    ]
    assert told(taken(facts, world())) == told(taken(_shuffled(facts, random), world()))


@given(worlds(), st.integers(0, 11))
def test_taking_a_fact_twice_changes_nothing(facts: list[Fact], index: int) -> None:
    memory = taken(facts, world())
    before = memory.rows()
    for each in facts[index : index + 1]:
        is_kept = each.kind != "part" or each.join
        assert take_one(each, memory) == Changes() or not is_kept
    assert memory.rows() == before


@given(worlds(), st.integers(0, 11))
def test_a_fact_and_then_its_erasure_leave_the_memory_as_before(
    facts: list[Fact], index: int
) -> None:
    facts = sorted(facts, key=lambda each: (each.supplied_ms, each.record))
    extra, rest = facts[index : index + 1], facts[:index] + facts[index + 1 :]
    memory = taken(rest, world())
    before = memory.rows()
    taken(extra, memory)
    for each in extra:
        take(None, each.record, memory, SETTINGS)
    assert groups(memory) == groups(taken(rest, world()))
    assert memory.rows()[1:3] == before[1:3]


@given(worlds())
def test_erasing_every_record_leaves_nothing(facts: list[Fact]) -> None:
    memory = taken(facts, world())
    for each in facts:
        take(None, each.record, memory, SETTINGS)
    assert memory.rows() == DictMemory().rows()


@given(worlds(), worlds())
def test_each_event_whose_telling_changes_is_touched_or_gone(
    facts: list[Fact], more: list[Fact]
) -> None:
    memory = taken(facts, world())
    for each in more:  # corrections of the first ones, and new records
        before = {event.id: _told(event, memory) for event in memory.events.values()}
        changes = take_one(each, memory)
        after = {event.id: _told(event, memory) for event in memory.events.values()}
        changed = {event_id for event_id in after if after[event_id] != before.get(event_id)}
        assert changed <= set(changes.touched)
        assert before.keys() - after.keys() == set(changes.gone)


@given(worlds())
def test_homes_that_are_communal_or_a_refuge_are_no_history_of_a_household(
    facts: list[Fact],
) -> None:
    marked = [replace(each, households=(digest("refuge"),), people=()) for each in facts]
    memory = taken(marked, world())
    for event in memory.events.values():
        assert history(event, memory, SETTINGS, everything).is_empty


def test_a_late_record_touches_the_later_events_of_its_household_and_people() -> None:
    memory = taken(
        [
            fact("before", day=DAY - 1, home="home"),
            fact("after", day=DAY + 40, home="home"),
            fact("person", day=DAY + 50, suspect="ann"),
            fact("other", day=DAY + 50, home="other"),
            fact("too-late", day=DAY + 366, home="home"),
        ]
    )
    changes = take_one(fact("late", home="home", victim="ann"), memory)
    assert changes.touched[0] == digest("late")
    assert set(changes.touched[1:]) == {digest("after"), digest("person")}


def test_later_events_whose_alerts_cannot_change_any_more_are_not_touched() -> None:
    memory = taken([fact("old", day=DAY + 1, home="home"), fact("new", day=DAY + 40, home="home")])
    late = fact("late", home="home")
    changes = take(late, late.record, memory, SETTINGS, today=DAY + 60)
    assert changes.touched == (digest("late"), digest("new"))


def test_a_referral_and_its_withdrawal_touch_the_events_of_its_victim() -> None:
    memory = taken(
        [fact("event", day=DAY + 9, victim="ann"), fact("earlier", day=DAY - 9, victim="ann")]
    )
    assert take_one(referral("marac", victim="ann"), memory).touched == (digest("event"),)
    assert erase("marac", memory).touched == (digest("event"),)


def test_a_new_alias_touches_all_events_of_its_household() -> None:
    memory = taken(
        [fact("one", day=DAY - 20, home="address"), fact("two", day=DAY - 9, home="uprn")]
    )
    before = _told(memory.events[digest("two")], memory)
    changes = take_one(fact("alias", home="address uprn"), memory)
    assert changes.touched[0] == digest("alias")
    assert set(changes.touched[1:]) == {digest("one"), digest("two")}
    assert _told(memory.events[digest("two")], memory) != before


def test_events_that_a_new_alias_links_become_one_event_whatever_came_first() -> None:
    alias = fact("alias", day=DAY - 9, home="address uprn")
    others = [fact("a", home="address"), fact("b", HOSPITAL, home="uprn")]
    expected = {frozenset({"alias"}), frozenset({"a", "b"})}
    assert groups(taken([alias, *others])) == groups(taken([*others, alias])) == expected


@pytest.mark.parametrize("kind", ["communal", "refuge"])
def test_marking_a_household_separates_its_events_and_decides_them_again(kind: PlaceKind) -> None:
    facts = [
        fact("a", home="home"),
        fact("b", HOSPITAL, home="home"),
        fact("c", day=DAY + 3, home="home"),
    ]
    memory = taken(facts)
    memory.places[digest("home")] = kind
    changes = take_place(digest("home"), memory, SETTINGS, today=DAY + 4)
    assert set(changes.touched) == {digest("a"), digest("b"), digest("c")}
    memory.places.clear()
    assert take_place(digest("home"), memory, SETTINGS, today=DAY + 4).gone == (digest("b"),)
    assert groups(memory) == {frozenset({"a", "b"}), frozenset({"c"})}


def test_a_reference_that_too_many_records_share_is_not_believed() -> None:
    number = MOST_FACTS + 20
    memory = taken(fact(f"e{i}", day=DAY + i, join="n/a") for i in range(number))
    sizes = sorted(len(event.facts) for event in memory.events.values())
    assert sizes == [*[1] * 20, MOST_FACTS]
    again = fact(f"e{number - 1}", day=DAY + number - 1, join="n/a")
    assert take_one(again, memory) == Changes(is_too_common=True)


def test_a_correction_in_an_event_with_the_most_records_stays_in_it() -> None:
    memory = taken(fact(f"e{i}", join="c1") for i in range(MOST_FACTS))
    take_one(fact("e0", join="c1", victim="ann"), memory)
    assert len(memory.events) == 1


def test_later_events_beyond_the_limit_are_counted() -> None:
    memory = taken(fact(f"e{i}", day=DAY + 1 + i, home="home") for i in range(MOST_LATER + 7))
    changes = take_one(fact("late", home="home"), memory)
    assert len(changes.touched) == 1 + MOST_LATER
    assert changes.left_out == 7
    assert digest("e0") not in changes.touched


def test_a_clock_that_jumps_does_not_hide_an_event() -> None:
    memory = taken([fact("future", day=2 * DAY, home="home"), fact("now", home="home")])
    assert groups(memory) == {frozenset({"future"}), frozenset({"now"})}


def test_a_record_that_changes_its_kind_is_kept_once() -> None:
    memory = taken(
        [part("a", "c1", victim="ann"), referral("a", victim="ann"), fact("a", HOSPITAL)]
    )
    assert (memory.parts, memory.referrals) == ({}, {})
    assert groups(memory) == {frozenset({"a"})}


def _shuffled(facts: list[Fact], random: object) -> list[Fact]:
    order = list(facts)
    random.shuffle(order)  # type: ignore[attr-defined]
    return order
