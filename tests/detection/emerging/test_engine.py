from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from detection.emerging.engine import Engine
from detection.emerging.evaluating import DAILY, WEEKLY
from detection.emerging.facts import Case, CaseKey, SeriesKey, Source, Stream
from detection.emerging.look_null import LookNull
from detection.emerging.settings import Watch
from detection.emerging.strata import KINDS, day_kind, merged
from detection.scan.p_values import Null
from tests.detection.emerging.towns import (
    AMBULANCE,
    BOTH,
    FIGHT,
    FIGHTS,
    POLICE,
    TODAY,
    Supplied,
    Town,
    case,
    engine_of,
    nobody,
    settings,
)

MANY = 1_000_000
EASY = LookNull(Null.of(np.random.default_rng(1).gumbel(1.0, 0.2, 199)), KINDS, MANY, MANY)
NULLS = dict.fromkeys([FIGHT, FIGHTS, SeriesKey("theft", (POLICE,))], EASY)

places = st.sampled_from([(375_000 + 200 * x, 165_000) for x in range(4)])
days = st.one_of(st.integers(TODAY - 4, TODAY), st.integers(TODAY - 120, TODAY + 2))
kinds = st.sampled_from(["fight", "theft"])
streams = st.sampled_from([(POLICE, "police"), (AMBULANCE, "ambulance")])


@st.composite
def cases_with_few_ids(draw: st.DrawFn) -> list[Case]:
    drawn = draw(st.lists(st.tuples(st.integers(0, 9), days, places, kinds, streams), max_size=30))
    return [
        case(f"r{record}", day, at, stream, agency, kind)
        for record, day, at, kind, (stream, agency) in drawn
    ]


def state(engine: Engine) -> object:
    """Return all that an engine knows, in an order of its own."""
    supplied = Supplied()
    made = {}
    for key in engine.series():
        each = engine.snapshot(key, engine.today, supplied, DAILY | WEEKLY)
        rates = [(r.source, r.area, r.first_day, r.counts.tolist()) for r in each.rates]
        made[key] = (
            each.keys,
            each.points.tolist(),
            each.day.tolist(),
            each.strata,
            rates,
            each.matches,
        )
    return made, dict(engine.tests("council"))


def newest(cases: Iterable[Case]) -> list[Case]:
    return list({each.key: each for each in cases}.values())


@examples(max_examples=40)
@given(cases_with_few_ids(), st.randoms(use_true_random=False))
def test_any_order_of_records_gives_the_same_state(cases: list[Case], random: Random) -> None:
    last = newest(cases)
    assert state(engine_of(cases)) == state(engine_of(random.sample(last, len(last))))


@examples(max_examples=40)
@given(cases_with_few_ids(), cases_with_few_ids(), st.data())
def test_a_rollback_restores_what_was_committed(
    cases: list[Case], more: list[Case], data: st.DataObject
) -> None:
    engine, same = engine_of(cases), engine_of(cases)
    for each in more:
        engine.put(each) if data.draw(st.booleans()) else engine.remove(each.key)
    engine.rollback()
    assert state(engine) == state(same)
    assert engine.looks(NULLS, nobody) == []


@examples(max_examples=40)
@given(cases_with_few_ids(), cases_with_few_ids())
def test_removing_what_was_put_undoes_it(cases: list[Case], more: list[Case]) -> None:
    known = {each.key for each in cases}
    engine = engine_of(cases)
    new = [each for each in more if each.key not in known]
    for each in new:
        engine.put(each)
    for each in new:
        engine.remove(each.key)
    assert state(engine) == state(engine_of(cases))


@examples(max_examples=40)
@given(cases_with_few_ids(), st.integers(0, 60))
def test_an_engine_that_grew_old_knows_what_a_new_one_knows(cases: list[Case], later: int) -> None:
    engine = engine_of(cases)
    engine.advance(TODAY + later)
    assert state(engine) == state(engine_of(newest(cases), today=TODAY + later))


@examples(max_examples=12)
@given(st.integers(0, 1_000), st.integers(1, 12))
def test_looks_find_what_a_look_at_the_whole_series_finds(seed: int, batch: int) -> None:
    town = Town(sites=25, side=1_500, seed=seed)
    engine = engine_of(town.usual(range(TODAY - 60, TODAY)))
    new = town.usual([TODAY], 12.0)[:12]
    for first in range(0, len(new), batch):
        for each in new[first : first + batch]:
            engine.put(each)
        found = [each for each in engine.looks(NULLS, nobody) if each.series == FIGHT]
        best = engine.look_at(FIGHT, EASY, nobody)
        touched = {each.key for each in new[first : first + batch]}
        if best is not None and best.cases & touched:
            assert found[0].statistic == pytest.approx(best.statistic)
        for look in found:
            assert best is not None
            assert look.statistic <= best.statistic + 1e-9
            assert len(look.cases) == look.observed >= 4


def test_the_same_looks_are_found_whatever_the_order_of_the_records() -> None:
    town = Town(sites=25, side=1_500)
    usual, new = town.usual(range(TODAY - 60, TODAY)), [town.case(TODAY, n % 4) for n in range(24)]
    found = []
    for _ in range(5):
        engine = engine_of(town.rng.permutation(np.array(usual, dtype=object)).tolist())
        for each in town.rng.permutation(np.array(new, dtype=object)).tolist():
            engine.put(each)
        found.append(engine.looks(NULLS, nobody))
    assert found[0]
    assert all(each == found[0] for each in found)


def test_a_look_has_what_the_counts_have_at_the_moment_of_the_record() -> None:
    town = Town()
    engine = engine_of([*town.usual(range(TODAY - 69, TODAY), 12.0), *town.usual([TODAY], 12.0)])
    null = replace(EASY, null=Null.of(np.random.default_rng(1).gumbel(5.0, 0.6, 999)))
    quiet = int(town.weights.argmin())
    found_at = 0
    for number in range(1, 16):
        engine.put(town.case(TODAY, quiet))
        for found in engine.looks({FIGHT: null}, nobody):
            found_at = found_at or number
            assert found.looked
            assert (found.kind, found.last_day) == ("scan", TODAY)
            assert found.observed == len(found.cases)
            assert found.radius_m <= 500
    assert 4 <= found_at <= 12


def test_a_place_that_was_new_today_is_looked_at() -> None:
    town = Town()
    engine = engine_of(town.usual(range(TODAY - 69, TODAY)))
    for number in range(6):
        engine.put(case(f"new{number}", TODAY, (374_000 + number, 164_000)))
    (found,) = engine.looks({FIGHT: EASY}, nobody)
    assert found.observed == 6


def test_a_corrected_record_moves_to_its_type_and_place() -> None:
    engine = engine_of([case("r")])
    engine.put(case("r", kind="theft", at=(380_000, 160_000)))
    assert engine.series() == sorted([SeriesKey("theft", (POLICE,)), FIGHTS])
    snapshot = engine.snapshot(FIGHTS, TODAY, Supplied(), DAILY)
    assert snapshot.points.tolist() == [[380_000, 160_000]]


def test_a_late_record_counts_on_its_own_day_and_one_too_old_nowhere() -> None:
    engine = engine_of([case("late", TODAY - 40), case("old", TODAY - 70)])
    snapshot = engine.snapshot(FIGHT, TODAY, Supplied(), DAILY)
    assert [key.record for key in snapshot.keys] == ["late"]
    assert snapshot.day.tolist() == [TODAY - 40]


def test_an_old_record_can_still_be_corrected_in_the_rates() -> None:
    cases = [case(f"r{n}", TODAY - n % 5) for n in range(10)]
    engine = engine_of([*cases, case("old", TODAY - 300)])
    (rate,) = engine.snapshot(FIGHT, TODAY, Supplied(), WEEKLY).rates
    assert (rate.first_day, int(rate.counts.sum())) == (TODAY - 300, 11)
    engine.remove(CaseKey(POLICE, "old"))
    (rate,) = engine.snapshot(FIGHT, TODAY, Supplied(), WEEKLY).rates
    assert (rate.first_day, int(rate.counts.sum())) == (TODAY - 4, 10)
    assert engine.case(CaseKey(POLICE, "old")) is None


def test_records_before_the_history_leave_nothing_behind() -> None:
    engine = engine_of(Town().usual(range(TODAY - 30, TODAY)))
    engine.advance(TODAY + 4_000)
    assert not engine.series()
    assert not engine._history._cases
    assert not engine._members


def test_a_series_with_more_cases_than_its_null_holds_for_waits_for_another_null() -> None:
    town = Town()
    engine = engine_of(town.usual(range(TODAY - 69, TODAY)))
    _, window = 0, len(engine.snapshot(FIGHT, TODAY, Supplied(), DAILY).keys)
    null = replace(EASY, cases_today=7, cases_window=window + 8)
    for _ in range(8):
        engine.put(town.case(TODAY, 7))
    assert FIGHT in engine.touched
    assert engine.looks({FIGHT: null}, nobody) == []
    assert not engine.touched
    assert engine.look_at(FIGHT, null, nobody) is None
    enough = replace(null, cases_today=8)
    assert engine.holds(FIGHT, enough, nobody)
    assert engine.look_at(FIGHT, enough, nobody) is not None


def test_a_series_without_a_null_waits_for_one() -> None:
    engine = engine_of([])
    for each in Town().usual([TODAY], 8.0):
        engine.put(each)
    assert FIGHT in engine.touched
    assert engine.has_today(FIGHT)
    assert engine.looks({}, nobody) == []
    assert engine.size(FIGHT) == len(list(engine._members[FIGHT].series.cases(TODAY, TODAY)))


@pytest.mark.parametrize("kinds", [1, 3, 8])
def test_a_look_counts_in_the_strata_of_its_null(kinds: int) -> None:
    town = Town()
    engine = engine_of(town.usual(range(TODAY - 69, TODAY)))
    for _ in range(8):
        engine.put(town.case(TODAY, 7))
    (found,) = engine.looks({FIGHT: replace(EASY, kinds=kinds)}, nobody)
    strata = {merged(day_kind(day), kinds) for day in range(TODAY - 69, TODAY + 1)}
    counts, _ = engine._members[FIGHT].series.counts()
    assert counts.by_lag.shape[0] == len(strata)
    assert found.observed >= 8


def test_a_held_source_has_no_looks_until_it_is_settled() -> None:
    town = Town()
    engine = engine_of(town.usual(range(TODAY - 69, TODAY)))
    police = Source("police", "police-incident")
    for _ in range(8):
        engine.put(town.case(TODAY, 7))
    assert engine.looks(NULLS, lambda source: source == police) == []
    found = engine.look_at(FIGHT, EASY, nobody)
    assert found is not None
    assert found.observed >= 8


def test_the_looks_of_another_source_leave_a_held_source_out() -> None:
    town = Town()
    days = range(TODAY - 69, TODAY)
    engine = engine_of([*town.usual(days), *town.usual(days, agency="fire")])
    fire = Source("fire", "police-incident")
    for _ in range(8):
        engine.put(town.case(TODAY, 7, "fire"))
        engine.put(town.case(TODAY, 7))
    (found,) = engine.looks({FIGHT: EASY}, lambda source: source == fire)
    assert found.observed < 16
    assert {engine.case(key).agency for key in found.cases} == {"police"}  # type: ignore[union-attr]


def test_an_evaluation_leaves_a_held_source_out() -> None:
    town = Town()
    days = range(TODAY - 69, TODAY)
    engine = engine_of([*town.usual(days), *town.usual(days, agency="fire")])
    held = Supplied(frozenset({Source("fire", "police-incident")}))
    snapshot = engine.snapshot(FIGHT, TODAY, held, WEEKLY)
    assert {stratum.source.agency for stratum in snapshot.strata} == {"police"}


def test_tests_are_the_series_with_the_minimum_of_cases() -> None:
    engine = engine_of([case(f"r{n}", TODAY - n) for n in range(3)])
    assert engine.tests("council")["scan"] == 0
    engine.put(case("fourth"))
    assert engine.tests("council")["scan"] == 2
    engine.rollback()
    assert engine.tests("council")["scan"] == 0


def test_the_tests_of_rates_are_counted_again_when_records_are_taken_in() -> None:
    engine = engine_of([case("first", TODAY - 30)])
    assert engine.tests("council")["ears"] == 0
    for number in range(9):
        engine.put(case(f"r{number}", TODAY - number))
    assert engine.tests("council")["ears"] == 1


def test_the_rates_of_three_years_are_for_farrington() -> None:
    cases = [case(f"r{n}", TODAY - n) for n in range(0, 1_200, 7)]
    assert engine_of(cases).tests("council")["farrington"] == 1


def test_a_recipient_has_the_series_of_what_it_may_read() -> None:
    wanted = settings(
        watches=(
            Watch("council", BOTH),
            Watch("school", frozenset({AMBULANCE})),
            Watch("nobody", frozenset()),
        )
    )
    engine = engine_of(
        [case("p"), case("a", stream=AMBULANCE, agency="ambulance", at=(380_000, 160_000))], wanted
    )
    alone = SeriesKey("fights", (AMBULANCE,), is_group=True)
    assert set(engine.series_of("council")) == {FIGHT, SeriesKey("fight", (AMBULANCE,)), FIGHTS}
    assert set(engine.series_of("school")) == {SeriesKey("fight", (AMBULANCE,)), alone}
    assert engine.series_of("nobody") == []


def test_the_streams_that_nobody_watches_are_not_counted() -> None:
    engine = engine_of([case("r", stream=Stream("police-incident", "other"))])
    assert engine.series() == []


def test_two_profiles_of_a_dataset_are_one_series_of_a_recipient() -> None:
    other = Stream("police-incident", "statistics")
    engine = engine_of(
        [case("r"), case("s", stream=other)],
        settings(watches=(Watch("council", frozenset({POLICE, other})),), groups=()),
    )
    assert engine.series_of("council") == [FIGHT]
