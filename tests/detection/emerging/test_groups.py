from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from detection.emerging.facts import Case
from detection.emerging.groups import Group
from detection.emerging.matching import match
from tests.detection.emerging.towns import AMBULANCE, MINUTES, POLICE, TODAY, case, settings

SETTINGS = settings()
DATASETS = ("police-incident", "ambulance-incident")

places = st.sampled_from([(375_000 + 120 * x, 165_000) for x in range(5)])
minutes = st.one_of(st.none(), st.integers(0, MINUTES - 1))
streams = st.sampled_from([(POLICE, "police"), (AMBULANCE, "ambulance"), (POLICE, "transport")])


@st.composite
def many_cases(draw: st.DrawFn) -> list[Case]:
    drawn = draw(
        st.lists(st.tuples(st.integers(TODAY - 2, TODAY), places, minutes, streams), max_size=14)
    )
    return [
        case(f"r{n}", day, at, stream, agency, minute=None if m is None else day * MINUTES + m)
        for n, (day, at, m, (stream, agency)) in enumerate(drawn)
    ]


def filled(cases: list[Case]) -> Group:
    group = Group(SETTINGS, DATASETS, TODAY)
    for each in cases:
        group.put(each)
    return group


def counted(group: Group) -> set[Case]:
    return set(group.series.cases(0, TODAY + 10))


@given(many_cases(), st.randoms(use_true_random=False))
def test_the_counted_cases_follow_from_all_cases_whatever_their_order(
    cases: list[Case], random: Random
) -> None:
    found = match(cases, DATASETS, SETTINGS, lambda _case, _source: 0.0)
    group = filled(random.sample(cases, len(cases)))
    assert {each.key for each in counted(group)} == found.counted


@given(many_cases(), st.data())
def test_taking_a_case_out_leaves_what_the_others_give(
    cases: list[Case], data: st.DataObject
) -> None:
    group = filled(cases)
    gone = data.draw(st.sets(st.sampled_from(cases))) if cases else set()
    for each in gone:
        group.remove(each)
    assert counted(group) == counted(filled([each for each in cases if each not in gone]))
    assert len(group.series) == len(counted(group))


@given(many_cases())
def test_put_and_remove_report_what_is_counted_now_and_was_not(cases: list[Case]) -> None:
    group = Group(SETTINGS, DATASETS, TODAY)
    for change, each in [*((group.put, c) for c in cases), *((group.remove, c) for c in cases)]:
        before = counted(group)
        assert set(change(each)) == counted(group) - before
    assert not counted(group)
    assert not group._cells


def test_one_event_of_two_agencies_is_counted_once_with_the_first_dataset() -> None:
    noon = TODAY * MINUTES + 720
    ambulance = case("a", stream=AMBULANCE, agency="ambulance", minute=noon + 20)
    police = case("p", minute=noon)
    group = filled([ambulance, police])
    assert counted(group) == {police}
    (matched,) = group.matches({police.key})
    assert matched.cases == (police.key, ambulance.key)
    assert 0.9 < matched.confidence <= 1
    group.remove(police)
    assert counted(group) == {ambulance}


def test_old_cases_leave_the_group_with_the_study_period() -> None:
    group = filled([case("old"), case("a", stream=AMBULANCE, agency="ambulance")])
    group.advance(TODAY + 400)
    assert not group._cases
    assert group.series.is_empty
