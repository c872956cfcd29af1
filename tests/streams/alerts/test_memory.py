"""The engine's memory over the state store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.domestic.facts import Event, Fact, Person, Source
from streams.alerts.events import AlertState, EventRow
from streams.alerts.memory import StateMemory
from streams.alerts.rows import ALERTS
from streams.state.dated import DatedStore

HOME, JANE = b"h" * 12, b"j" * 12


def fact(record: bytes = b"r" * 12, day: int = 100, **changes: object) -> Fact:
    people = (Person("victim", JANE),)
    source = Source("police", "police-incident")
    known = Fact(record, source, "event", 1, day, day, households=(HOME,), people=people)
    return replace(known, **changes)  # type: ignore[arg-type]


def digest(number: int) -> bytes:
    return number.to_bytes(12)


@pytest.fixture
def memory() -> StateMemory:
    store = DatedStore(ALERTS)
    store.begin(20_000)
    return StateMemory(store, lambda _: "ordinary")


@given(
    days=st.lists(st.integers(0, 40), max_size=20), most=st.integers(1, 9), first=st.integers(0, 40)
)
def test_ranges_give_the_newest_first_and_at_most_as_many(
    days: list[int], most: int, first: int
) -> None:
    store = DatedStore(ALERTS)
    store.begin(20_000)
    memory = StateMemory(store, lambda _: "ordinary")
    events = [Event(digest(i), (fact(digest(i), day),)) for i, day in enumerate(days)]
    for event in events:
        memory.keep_event(event)
    wanted = sorted(
        ((e.facts[0].day, e.id) for e in events if first <= e.facts[0].day <= 35), reverse=True
    )
    assert memory.events_at(HOME, first, 35) == [each for _, each in wanted]
    assert memory.events_of(JANE, first, 35, most) == [each for _, each in wanted][:most]
    assert memory.events_of(JANE, 36, 35) == []


def test_an_event_keeps_its_alerts_when_its_facts_change_and_after_it_is_gone(
    memory: StateMemory,
) -> None:
    event, state = Event(digest(1), (fact(),)), AlertState(b"a" * 8, "council", 3)
    memory.keep_row(EventRow(event.id, event.facts, (state,), day=100))
    memory.keep_event(Event(event.id, (fact(day=101),)))
    row = memory.row(event.id)
    assert row is not None
    assert (row.alerts, row.day) == ((state,), 101)
    memory.forget_event(event.id)
    assert memory.event(event.id) is None
    assert list(memory.events_with_record(b"r" * 12)) == []
    assert memory.with_alert(b"a" * 8) == event.id
    gone = memory.row(event.id)
    assert gone is not None
    assert gone.alerts == (state,)


def test_an_event_without_alerts_leaves_nothing(memory: StateMemory) -> None:
    memory.keep_event(Event(digest(1), (fact(),)))
    memory.forget_event(digest(1))
    assert memory.row(digest(1)) is None


def test_a_part_is_found_by_its_join_incident_record_and_people(memory: StateMemory) -> None:
    part = fact(kind="part", join=digest(7), incident=digest(8))
    memory.keep_part(part)
    for key in (digest(7), digest(8), part.record, JANE):
        assert memory.parts_with(key) == [part]
    memory.forget_part(part)
    assert memory.parts_with(digest(7)) == []


def test_a_referral_is_found_by_person_and_household_and_replaced(memory: StateMemory) -> None:
    referral = fact(kind="referral", day=50)
    memory.keep_referral(referral)
    assert memory.referrals_of(JANE, 0, 99) == memory.referrals_of(HOME, 50, 50) == [referral]
    moved = replace(referral, day=60, people=())
    memory.keep_referral(moved)
    assert memory.referrals_of(JANE, 0, 99) == []
    assert memory.referral(referral.record) == moved
    memory.forget_referral(referral.record)
    assert memory.referral(referral.record) is None


def test_an_address_keeps_its_first_uprn_and_all_addresses_of_it_are_one_home(
    memory: StateMemory,
) -> None:
    memory.keep_alias(digest(1), digest(9))
    memory.keep_alias(digest(1), digest(8))
    memory.keep_alias(digest(2), digest(9))
    assert set(memory.same_household(digest(1))) == {digest(1), digest(2), digest(9)}
    assert memory.same_household(digest(9))[0] == digest(9)
    assert memory.same_household(digest(5)) == (digest(5),)


def test_a_decoded_row_is_not_used_for_other_bytes(memory: StateMemory) -> None:
    memory.keep_event(Event(digest(1), (fact(),)))
    assert memory.event(digest(1)) == Event(digest(1), (fact(),))
    memory._store.rollback()
    memory._store.begin(20_000)
    assert memory.event(digest(1)) is None


def test_what_a_batch_changes_is_in_the_next_answer(memory: StateMemory) -> None:
    assert list(memory.events_at(HOME, 0, 200)) == []
    memory.keep_event(Event(digest(1), (fact(),)))
    assert list(memory.events_at(HOME, 0, 200)) == [digest(1)]
    assert list(memory.events_with_record(b"r" * 12)) == [digest(1)]
    memory.forget_event(digest(1))
    assert list(memory.events_at(HOME, 0, 200)) == []
    assert list(memory.events_with_record(b"r" * 12)) == []
    assert memory.same_household(digest(1)) == (digest(1),)
    memory.keep_alias(digest(1), digest(9))
    assert memory.same_household(digest(1)) == (digest(1), digest(9))


def test_a_batch_uses_no_answer_of_the_batch_before(memory: StateMemory) -> None:
    memory.keep_event(Event(digest(1), (fact(),)))
    memory.keep_alias(digest(1), digest(9))
    assert list(memory.events_at(HOME, 0, 200)) == [digest(1)]
    assert memory.same_household(digest(1)) == (digest(1), digest(9))
    memory._store.rollback()
    memory._store.begin(20_000)
    memory.begin()
    assert list(memory.events_at(HOME, 0, 200)) == []
    assert memory.same_household(digest(1)) == (digest(1),)


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({}, 1),
        ({"escalated": True}, 1),
        ({"acknowledged_ms": 9}, 0),
        ({"kind": "withdrawn"}, 0),
        ({"leaves_ms": 9}, 0),  # a withdrawal that waits for the full hour
        ({"is_for_officer": True}, 0),
    ],
)
def test_an_alert_waits_for_an_acknowledgement_until_it_has_one_or_leaves(
    memory: StateMemory, changes: dict[str, Any], number: int
) -> None:
    known = AlertState(b"a" * 8, "council", 3, "depersonalised", due_ms=60_000)
    event = Event(digest(1), (fact(),))
    memory.keep_row(EventRow(event.id, event.facts, (replace(known, **changes),), day=100))
    assert memory.unacknowledged() == number
