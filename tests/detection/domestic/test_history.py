"""The history of an event, as a recipient may see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.domestic.facts import Fact, Person, Source
from detection.domestic.history import Count, History, Referral, history
from tests.detection.domestic.building import (
    AMBULANCE,
    CRIME,
    DAY,
    HOSPITAL,
    MARAC,
    POLICE,
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

NOTHING = Count()


def history_of(
    name: str, facts: list[Fact], visible: Callable[[Source], bool] = everything
) -> History:
    memory = taken(facts)
    return history(event_of(name, memory), memory, SETTINGS, visible)


def test_where_nothing_is_known_the_history_is_empty() -> None:
    told = history_of("now", [fact("now", home="home", victim="ann", suspect="bob")])
    assert told.is_empty
    assert (told.household, told.victim, told.same_direction, told.other_direction) == (
        NOTHING,
    ) * 4


def test_earlier_events_are_counted_at_the_household_of_the_victim_and_of_the_pair() -> None:
    told = history_of(
        "now",
        [
            fact("now", home="home", victim="ann", suspect="bob"),
            fact("house", day=DAY - 9, home="home"),
            fact("ann", day=DAY - 8, victim="ann"),
            fact("pair", day=DAY - 7, home="home", victim="ann", suspect="bob"),
            fact("swapped", day=DAY - 6, victim="bob", suspect="ann"),
            fact("later", day=DAY + 1, home="home", victim="ann", suspect="bob"),
        ],
    )
    assert told.household == Count(2, (DAY - 7, DAY - 9), 7)
    assert told.victim == Count(2, (DAY - 7, DAY - 8), 7)
    assert told.same_direction == Count(1, (DAY - 7,), 7)
    assert told.other_direction == Count(1, (DAY - 6,), 6)


@pytest.mark.parametrize(("days", "count"), [(365, 1), (366, 0)])
def test_earlier_events_count_for_the_days_of_the_history(days: int, count: int) -> None:
    told = history_of("now", [fact("now", home="home"), fact("old", day=DAY - days, home="home")])
    assert told.household.count == count


def test_of_one_day_an_event_with_no_time_is_earlier_than_one_with_a_time() -> None:
    facts = [fact("timed", home="home", hour=0), fact("untimed", home="home", hour=None)]
    assert history_of("timed", facts).household == Count(1, (DAY,), 0)
    assert history_of("untimed", facts).household == NOTHING


def test_events_of_the_suspect_with_other_victims_are_a_number_alone() -> None:
    facts = [
        fact("now", victim="ann", suspect="bob"),
        fact("same", day=DAY - 3, victim="ann", suspect="bob"),
        fact("other", day=DAY - 2, victim="cat", suspect="bob"),
        fact("unknown", day=DAY - 1, suspect="bob"),
    ]
    assert history_of("now", facts).suspect_with_others == 1


def test_the_suspects_own_earlier_harm_to_themselves_is_not_another_victim() -> None:
    facts = [fact("now", suspect="bob"), fact("old", day=DAY - 2, victim="bob", suspect="bob")]
    assert history_of("now", facts).suspect_with_others == 0


_roles = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=8)


@given(_roles)
def test_the_counts_of_a_pair_in_each_direction_swap_when_the_roles_swap(
    past: list[tuple[str, str]],
) -> None:
    earlier = [fact(f"e{i}", day=DAY - 9 + i, victim=v, suspect=s) for i, (v, s) in enumerate(past)]
    one = history_of("now", [fact("now", victim="a", suspect="b"), *earlier])
    other = history_of("now", [fact("now", victim="b", suspect="a"), *earlier])
    assert one.same_direction == other.other_direction
    assert one.other_direction == other.same_direction
    assert one.same_direction.count == past.count(("a", "b"))


def test_counter_allegations_have_both_people_in_both_roles() -> None:
    both = (*people("ann", "bob"), *people("bob", "ann"))
    told = history_of(
        "now", [fact("now", people=both), fact("old", day=DAY - 1, victim="ann", suspect="bob")]
    )
    assert told.same_direction == told.other_direction == Count(1, (DAY - 1,), 1)


def only(*sources: Source) -> Callable[[Source], bool]:
    return lambda source: source in sources


def test_earlier_events_of_sources_that_are_not_visible_are_not_told() -> None:
    facts = [
        fact("now", home="home"),
        fact("seen", day=DAY - 5, home="home"),
        fact("hidden", HOSPITAL, day=DAY - 2, home="home"),
    ]
    assert history_of("now", facts, only(POLICE)).household == Count(1, (DAY - 5,), 5)
    assert history_of("now", facts, only(POLICE)).sources == (POLICE,)


def test_a_link_that_only_a_hidden_source_knows_is_not_told() -> None:
    facts = [
        fact("now", CRIME, join="c1", home="home"),
        part("victim", "c1", victim="ann"),
        fact("old", CRIME, day=DAY - 5, victim="ann"),
    ]
    assert history_of("now", facts).victim.count == 1
    assert history_of("now", facts, only(CRIME)).victim == NOTHING


def test_an_earlier_event_has_the_day_that_visible_sources_tell() -> None:
    facts = [
        fact("now", home="home", day=DAY + 9),
        fact("seen", home="home", day=DAY, hour=1),
        fact("hidden", AMBULANCE, home="home", day=DAY - 1, hour=23),
    ]
    assert history_of("now", facts, only(POLICE)).household.days == (DAY,)
    assert history_of("now", facts).household.days == (DAY - 1,)


def test_the_newest_referral_of_the_victim_is_told_with_its_risk() -> None:
    facts = [
        fact("now", victim="ann"),
        referral("old", DAY - 100, victim="ann"),
        referral("new", DAY - 50, "High", victim="ann"),
        referral("after", DAY + 1, victim="ann"),
        referral("as-suspect", DAY - 1, suspect="ann"),
    ]
    told = history_of("now", facts).referral
    assert told is not None and told.risk is not None
    assert (told, told.risk.grade) == (Referral(DAY - 50, MARAC, told.risk), "High")
    assert history_of("now", facts, only(POLICE)).referral is None


@pytest.mark.parametrize(("victim", "is_told"), [("", True), ("cat", False)])
def test_a_referral_of_the_household_is_told_if_no_victim_is_identified(
    victim: str, is_told: bool
) -> None:
    facts = [
        fact("now", home="home", victim=victim),
        referral("marac", DAY - 9, home="home", victim="ann"),
    ]
    assert (history_of("now", facts).referral is not None) is is_told


def test_a_withdrawn_referral_is_not_told() -> None:
    memory = taken(
        [
            fact("now", victim="ann"),
            referral("marac", victim="ann"),
            fact("marac", MARAC, DAY - 900),
        ]
    )
    assert history(event_of("now", memory), memory, SETTINGS, everything).referral is None


def test_children_and_flags_of_visible_facts_are_told() -> None:
    facts = [
        fact("now", home="home", children=2, flags=frozenset({"weapon"})),
        fact("call", HOSPITAL, home="home", children=3, flags=frozenset({"children"})),
    ]
    told = history_of("now", facts)
    assert (told.children, told.flags) == (3, ("children", "weapon"))
    told = history_of("now", facts, only(POLICE))
    assert (told.children, told.flags) == (2, ("weapon",))
    assert history_of("now", [fact("now", child="kid")]).children == 1


def test_all_people_of_what_is_told_are_named_for_the_conflict_of_interest() -> None:
    facts = [
        fact("now", home="home", victim="ann"),
        fact("old", day=DAY - 3, home="home", suspect="officer"),
        fact("hidden", HOSPITAL, day=DAY - 3, home="home", suspect="nurse"),
        fact("unrelated", day=DAY - 3, victim="other"),
        referral("marac", DAY - 5, victim="ann", suspect="chair"),
    ]
    told = history_of("now", facts, only(POLICE, MARAC)).people
    assert told == {digest(name) for name in ("ann", "officer", "nurse", "chair")}


def test_a_person_known_by_reference_alone_is_matched() -> None:
    known = Person("victim", None, digest("ref"))
    facts = [fact("now", people=(known,)), fact("old", day=DAY - 3, people=(known,))]
    assert history_of("now", facts).victim.count == 1


def test_an_event_known_by_address_counts_for_the_same_home_by_uprn() -> None:
    facts = [
        fact("now", home="uprn"),
        fact("old", day=DAY - 3, home="address"),
        fact("both", day=DAY - 300, home="address uprn"),
    ]
    assert history_of("now", facts).household.days == (DAY - 3, DAY - 300)


@pytest.mark.parametrize("kind", ["communal", "refuge"])
def test_events_at_a_communal_home_or_refuge_are_no_history_of_a_household(kind: str) -> None:
    memory = DictMemory()
    memory.places[digest("home")] = kind  # type: ignore[assignment]
    taken([fact("now", home="home"), fact("old", day=DAY - 1, home="home")], memory)
    assert history(event_of("now", memory), memory, SETTINGS, everything).is_empty


def test_a_victim_known_by_reference_alone_is_not_counted_as_another_victim() -> None:
    patient = (Person("victim", None, digest("patient-1")), Person("suspect", digest("bob")))
    facts = [fact("now", victim="ann", suspect="bob"), fact("old", day=DAY - 9, people=patient)]
    told = history_of("now", facts)
    assert told.suspect_with_others == 0
