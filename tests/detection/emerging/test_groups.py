from __future__ import annotations

import time
from collections import Counter
from random import Random
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from detection.emerging import groups
from detection.emerging.facts import Case
from detection.emerging.groups import CROWD, Group
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


def test_a_crowd_at_one_place_and_day_is_not_matched_and_delays_nothing() -> None:
    pairs = [
        each
        for n in range(1_000)
        for each in (case(f"p{n}"), case(f"a{n}", stream=AMBULANCE, agency="ambulance"))
    ]
    began = time.monotonic()
    group = filled(pairs)
    assert len(counted(group)) == len(pairs)
    assert group.matches({pairs[0].key}) == ()
    for each in pairs[CROWD:]:
        group.remove(each)
    assert len(counted(group)) == CROWD / 2
    assert time.monotonic() - began < 10


@given(many_cases(), st.data())
def test_what_is_no_crowd_is_matched_whatever_came_and_went(
    cases: list[Case], data: st.DataObject
) -> None:
    with mock.patch.object(groups, "CROWD", 2):
        group = filled(cases)
        gone = data.draw(st.sets(st.sampled_from(cases))) if cases else set()
        for each in gone:
            group.remove(each)
        rest = [each for each in cases if each not in gone]
        cells = Counter(map(group._cell, rest))
        alone = {each.key for each in rest if cells[group._cell(each)] > groups.CROWD}
        others = [each for each in rest if each.key not in alone]
        found = match(others, DATASETS, SETTINGS, lambda _case, _source: 0.0)
        assert {each.key for each in counted(group)} == found.counted | alone
        assert group.matches({each.key for each in rest}) == tuple(
            sorted(group.matches(found.counted), key=lambda each: each.cases)
        )


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
