"""Facts of one occasion are one event, and others are not."""

from __future__ import annotations

import pytest

from detection.domestic.facts import Person, Source
from tests.detection.domestic.building import (
    AMBULANCE,
    CRIME,
    DAY,
    HOSPITAL,
    POLICE,
    digest,
    erase,
    event_of,
    fact,
    groups,
    part,
    take_one,
    taken,
)
from tests.detection.domestic.memory import DictMemory


def together(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_an_incident_its_crime_the_people_of_it_and_an_ambulance_call_are_one_event() -> None:
    memory = taken(
        [
            fact("incident", POLICE, home="home", join="i1"),
            fact("crime", CRIME, day=DAY + 1, join="c1", incident="i1"),
            part("victim", "c1", victim="ann"),
            fact("call", AMBULANCE, hour=13, home="home"),
        ]
    )
    assert groups(memory) == {together("incident", "crime", "victim", "call")}


def test_a_part_waits_until_an_event_has_its_join() -> None:
    memory = taken([part("victim", "c1", victim="ann")])
    assert groups(memory) == set()
    take_one(fact("crime", CRIME, join="c1"), memory)
    assert groups(memory) == {together("crime", "victim")}
    assert memory.parts == {}


def test_a_part_waits_again_when_its_event_is_withdrawn() -> None:
    memory = taken([fact("crime", CRIME, join="c1"), part("victim", "c1", victim="ann")])
    changes = erase("crime", memory)
    assert changes.gone == (digest("crime"),)
    assert memory.parts.keys() == {digest("victim")}


def test_a_part_without_a_reference_is_not_kept() -> None:
    assert taken([part("victim", "", victim="ann")]).rows() == DictMemory().rows()


def test_a_waiting_part_that_is_corrected_or_erased_does_not_join_by_its_old_reference() -> None:
    memory = taken([part("one", "c1"), part("one", "c2"), part("two", "c1")])
    erase("two", memory)
    take_one(fact("crime", CRIME, join="c1"), memory)
    assert groups(memory) == {together("crime")}


@pytest.mark.parametrize(("hour", "is_one"), [(23.99, True), (24, True), (24.1, False)])
def test_events_with_a_time_are_one_within_the_hours(hour: float, is_one: bool) -> None:
    memory = taken([fact("a", home="home"), fact("b", HOSPITAL, hour=hour, home="home")])
    assert (len(groups(memory)) == 1) is is_one


@pytest.mark.parametrize(
    ("day", "until", "is_one"), [(0, 0, True), (1, 1, False), (-2, 0, True), (-8, 0, False)]
)
def test_an_event_with_no_time_is_one_with_another_on_its_day(
    day: int, until: int, is_one: bool
) -> None:
    untimed = fact("b", HOSPITAL, DAY + day, None, until_day=DAY + until, home="home")
    assert (len(groups(taken([fact("a", home="home"), untimed]))) == 1) is is_one


def test_two_records_of_one_source_are_two_events() -> None:
    memory = taken(
        [fact("a", home="home", victim="ann"), fact("b", hour=13, home="home", victim="ann")]
    )
    assert len(groups(memory)) == 2


def test_a_shared_suspect_alone_does_not_make_one_event() -> None:
    memory = taken(
        [fact("a", home="here", suspect="bob"), fact("b", HOSPITAL, home="there", suspect="bob")]
    )
    assert len(groups(memory)) == 2


def test_a_record_joins_the_nearest_event_whatever_came_first() -> None:
    facts = [
        fact("far", home="home", hour=8),
        fact("call", AMBULANCE, home="home", hour=14),
        fact("near", home="home", hour=15),
    ]
    expected = {together("far"), together("call", "near")}
    assert groups(taken(facts)) == groups(taken(facts[::-1])) == expected


def test_an_incident_with_no_time_has_the_time_of_the_crime_that_names_it() -> None:
    memory = taken(
        [
            fact("untimed", home="home", hour=None, join="i1"),
            fact("crime", CRIME, home="home", hour=8, join="c1", incident="i1"),
            fact("call", AMBULANCE, home="home", hour=9),
            fact("other", home="home", hour=12),
        ]
    )
    assert groups(memory) == {together("untimed", "crime", "call"), together("other")}


def test_records_within_the_hours_one_after_another_do_not_chain_into_one_event() -> None:
    sources = [POLICE, AMBULANCE, HOSPITAL]
    facts = [fact(str(i), s, hour=10 * i, home="home") for i, s in enumerate(sources)]
    assert groups(taken(facts)) == {together("0", "1"), together("2")}


def test_a_part_that_names_a_shared_victim_lets_the_older_event_absorb_the_younger() -> None:
    memory = taken(
        [
            fact("older", CRIME, home="here", join="c1", supplied_ms=1),
            fact("younger", HOSPITAL, hour=13, home="there", victim="ann", supplied_ms=2),
        ]
    )
    changes = take_one(part("victim", "c1", victim="ann"), memory)
    assert changes.touched == (digest("older"),)
    assert changes.gone == (digest("younger"),)


def test_an_absorbed_event_comes_back_when_the_shared_victim_is_erased() -> None:
    memory = taken(
        [
            fact("older", CRIME, join="c1", supplied_ms=1),
            fact("younger", HOSPITAL, victim="ann", supplied_ms=2),
        ]
    )
    before = memory.rows()
    take_one(part("victim", "c1", victim="ann"), memory)
    erase("victim", memory)
    assert memory.rows() == before


def test_a_new_address_never_joins_the_old_household() -> None:
    memory = taken(
        [
            fact("old", home="old-home", victim="ann"),
            fact("crime", CRIME, DAY + 50, home="old-home", join="c1"),
            part("victim", "c1", victim="ann", home="new-home"),
            fact("neighbour", HOSPITAL, DAY + 50, home="new-home"),
        ]
    )
    assert together("neighbour") in groups(memory)
    assert memory.events_at(digest("new-home"), 0, 2 * DAY) == [digest("neighbour")]


@pytest.mark.parametrize("kind", ["communal", "refuge"])
def test_communal_homes_and_refuges_never_link_events(kind: str) -> None:
    memory = DictMemory()
    memory.places[digest("home")] = kind  # type: ignore[assignment]
    taken([fact("a", home="home"), fact("b", HOSPITAL, home="home")], memory)
    assert len(groups(memory)) == 2


def test_a_mark_of_the_uprn_counts_for_its_addresses() -> None:
    memory = DictMemory()
    memory.places[digest("uprn")] = "refuge"
    taken([fact("a", home="home uprn"), fact("b", HOSPITAL, home="home")], memory)
    assert len(groups(memory)) == 2


def test_an_address_and_a_uprn_that_stood_in_one_fact_are_one_household() -> None:
    earlier = fact("known", day=DAY - 100, home="home uprn")
    facts = [fact("a", home="uprn"), fact("b", HOSPITAL, home="home")]
    assert len(groups(taken(facts))) == 2
    assert groups(taken([earlier, *facts])) == {together("known"), together("a", "b")}


def test_a_name_spelt_two_ways_is_one_victim_by_the_agencys_reference() -> None:
    ann, anne = (Person("victim", digest(name), digest("ref")) for name in ("ann", "anne"))
    other = Source("police", "police-custody")
    memory = taken([fact("a", people=(ann,)), fact("b", other, people=(anne,))])
    assert groups(memory) == {together("a", "b")}


def test_twins_are_two_people() -> None:
    assert len(groups(taken([fact("a", victim="tom"), fact("b", HOSPITAL, victim="tim")]))) == 2


def test_an_event_keeps_its_identity_when_its_first_record_is_withdrawn() -> None:
    memory = taken(
        [fact("a", home="home", supplied_ms=1), fact("b", HOSPITAL, home="home", supplied_ms=2)]
    )
    changes = erase("a", memory)
    assert changes.touched == (digest("a"),)
    assert changes.gone == ()
    assert groups(memory) == {together("b")}


def test_a_record_that_comes_back_elsewhere_does_not_take_the_identity_it_left() -> None:
    memory = taken(
        [fact("a", home="home", supplied_ms=1), fact("b", HOSPITAL, home="home", supplied_ms=2)]
    )
    erase("a", memory)
    take_one(fact("a", day=DAY + 60, home="other"), memory)
    assert groups(memory) == {together("a"), together("b")}
    assert event_of("b", memory).id == digest("a")
    assert event_of("a", memory).id != digest("a")


def test_a_correction_of_the_place_moves_the_identity_with_the_record() -> None:
    memory = taken(
        [fact("a", home="home", supplied_ms=1), fact("b", HOSPITAL, home="home", supplied_ms=2)]
    )
    changes = take_one(fact("a", home="other", supplied_ms=3), memory)
    assert event_of("a", memory).id == digest("a")
    assert event_of("b", memory).id == digest("b")
    assert set(changes.touched) == {digest("a"), digest("b")}
