"""One person is erased from all that is kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detection.domestic.engine import forget_person
from detection.domestic.facts import Fact, Person, Risk
from detection.domestic.history import history
from tests.detection.domestic.building import (
    CRIME,
    DAY,
    SETTINGS,
    digest,
    event_of,
    everything,
    fact,
    part,
    people,
    referral,
    taken,
)
from tests.detection.domestic.memory import DictMemory
from tests.detection.domestic.strategies import NAMES, worlds


@given(worlds(), st.sampled_from(NAMES))
def test_no_digest_of_a_forgotten_person_is_anywhere(facts: list[Fact], name: str) -> None:
    memory = taken(facts)
    theirs = {digest(name)} | {
        p.reference for p in _people(memory) if p.person == digest(name) and p.reference
    }
    forget_person(digest(name), memory, SETTINGS)
    kept = repr(memory.rows())
    assert [each for each in theirs if repr(each) in kept] == []


def _people(memory: DictMemory) -> list[Person]:
    facts = [fact for event in memory.events.values() for fact in event.facts]
    return [
        p for f in (*facts, *memory.parts.values(), *memory.referrals.values()) for p in f.people
    ]


@given(worlds())
def test_forgetting_leaves_the_other_events_and_people(facts: list[Fact]) -> None:
    memory = taken(facts)
    ids = set(memory.events)
    others = {
        p.person
        for e in memory.events.values()
        for f in e.facts
        for p in f.people
        if not p.reference
    }
    forget_person(digest("ann"), memory, SETTINGS)
    assert set(memory.events) == ids
    kept = {p.person for e in memory.events.values() for f in e.facts for p in f.people}
    assert others - {digest("ann")} <= kept


def test_the_safe_contact_and_the_risk_of_a_forgotten_victim_go_too() -> None:
    memory = taken([fact("a", victim="ann", contact=b"secret", risk=Risk("DASH", "high"))])
    changes = forget_person(digest("ann"), memory, SETTINGS)
    (kept,) = event_of("a", memory).facts
    assert (kept.people, kept.contact, kept.risk) == ((), None, None)
    assert changes.touched == (digest("a"),)


def test_the_safe_contact_of_the_victim_stays_when_the_suspect_is_forgotten() -> None:
    memory = taken([fact("a", victim="ann", suspect="bob", contact=b"secret")])
    forget_person(digest("bob"), memory, SETTINGS)
    (kept,) = event_of("a", memory).facts
    assert (kept.people, kept.contact) == (people("ann"), b"secret")


def test_the_agencys_reference_of_a_forgotten_person_goes_from_all_records() -> None:
    memory = taken(
        [
            fact("a", people=(Person("victim", digest("ann"), digest("ref")),)),
            fact("b", day=DAY + 9, people=(Person("suspect", None, digest("ref")),)),
        ]
    )
    forget_person(digest("ann"), memory, SETTINGS)
    assert all(not f.people for event in memory.events.values() for f in event.facts)


def test_referrals_of_a_forgotten_victim_and_waiting_parts_go_too() -> None:
    memory = taken(
        [
            referral("marac", victim="ann"),
            referral("other", victim="bob", suspect="ann"),
            part("p", "c1", victim="ann"),
        ]
    )
    forget_person(digest("ann"), memory, SETTINGS)
    assert memory.parts == {}
    assert [r.people for r in memory.referrals.values()] == [people("bob")]


def test_a_referral_of_two_victims_stays_for_the_other_one() -> None:
    both = (*people("ann"), *people("bob"))
    memory = taken([referral("marac", grade="high", people=both)])
    forget_person(digest("ann"), memory, SETTINGS)
    (kept,) = memory.referrals.values()
    assert (kept.people, kept.risk is not None) == (people("bob"), True)


def test_a_forgotten_person_has_no_history() -> None:
    memory = taken([fact("old", CRIME, DAY - 5, victim="ann"), fact("now", victim="ann")])
    forget_person(digest("ann"), memory, SETTINGS)
    assert history(event_of("now", memory), memory, SETTINGS, everything).is_empty


def test_forgetting_a_person_who_is_not_known_changes_nothing() -> None:
    memory = taken([fact("a", victim="ann")])
    before = memory.rows()
    assert forget_person(digest("bob"), memory, SETTINGS).touched == ()
    assert memory.rows() == before
    assert DictMemory().rows() != before


def test_events_that_a_forgotten_referral_was_told_to_are_decided_again() -> None:
    memory = taken(
        [
            referral("marac", DAY - 9, victim="ann", home="home"),
            fact("before", day=DAY - 20, home="home"),
            fact("of the home", home="home"),
        ]
    )
    assert forget_person(digest("ann"), memory, SETTINGS).touched == (digest("of the home"),)


def test_events_of_another_victim_of_a_kept_referral_are_decided_again() -> None:
    memory = taken(
        [referral("marac", DAY - 9, victim="bob", suspect="ann"), fact("now", victim="bob")]
    )
    assert forget_person(digest("ann"), memory, SETTINGS).touched == (digest("now"),)


def test_only_events_whose_alerts_can_change_are_decided_again() -> None:
    memory = taken(
        [
            fact("now", victim="ann", home="home"),
            *(fact(f"e{i}", day=DAY + i, home="home") for i in (5, 20)),
        ]
    )
    changes = forget_person(digest("ann"), memory, SETTINGS, today=DAY + 40)
    assert changes.touched == (digest("now"), digest("e20"))
