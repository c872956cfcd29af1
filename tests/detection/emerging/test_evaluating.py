from __future__ import annotations

import pickle
from collections.abc import Iterable

import numpy as np
import pytest

from detection.emerging.evaluating import DAILY, WEEKLY, Evaluation, evaluate
from detection.emerging.facts import Case, Detection, Kind, SeriesKey
from detection.emerging.look_null import LookNull
from detection.emerging.settings import Settings
from detection.emerging.strata import HOLIDAY, day_kind
from tests.detection.emerging.towns import (
    AMBULANCE,
    FIGHT,
    FIGHTS,
    MINUTES,
    TODAY,
    Supplied,
    Town,
    case,
    engine_of,
    nobody,
    settings,
)

SETTINGS = settings(study_days=182, minimum_cases=4)
DAYS = range(TODAY - 181, TODAY + 1)
MARKET = 2  # Wednesday
LEVEL = 1 / 365


def evaluated(
    cases: Iterable[Case],
    kinds: frozenset[Kind] = DAILY,
    wanted: Settings = SETTINGS,
    supplied: Supplied | None = None,
    series: SeriesKey = FIGHT,
    as_of: int = TODAY,
) -> Evaluation:
    engine = engine_of(cases, wanted, as_of)
    snapshot = engine.snapshot(series, as_of, supplied or Supplied(), kinds)
    return evaluate(pickle.loads(pickle.dumps(snapshot)), wanted, 1)


def alarms(evaluation: Evaluation) -> list[Detection]:
    return [found for found in evaluation.detections if found.p.value <= LEVEL]


def with_planted(town: Town, site: int, cases: list[Case]) -> tuple[list[Case], frozenset[str]]:
    planted = [town.case(day, site) for day in (TODAY - 2, TODAY - 1, TODAY) for _ in range(5)]
    return [*cases, *planted], frozenset(each.record for each in planted)


def market(town: Town) -> list[Case]:
    """Return cases of which many are at one place each Wednesday, the last of them two days ago."""
    wednesdays = [day for day in DAYS if day_kind(day) == MARKET]
    return [
        *town.usual(DAYS, 20.0),
        *(town.case(day, 3) for day in wednesdays for _ in range(14)),
    ]


def north_of(town: Town, days: Iterable[int]) -> list[Case]:
    half = np.argsort(town.points[:, 1])[town.sites // 2 :]
    return [
        town.case(day, int(site), "fire")
        for day in days
        for site in town.rng.choice(half, town.rng.poisson(5))
    ]


def test_an_evaluation_is_the_same_for_the_same_seed_and_goes_to_another_process() -> None:
    cases = Town().usual(DAYS)
    one, other = evaluated(cases), evaluated(cases[::-1])
    assert one.null is not None
    assert other.null is not None
    assert one.null.maxima.tolist() == other.null.maxima.tolist()
    assert one.detections == other.detections
    assert pickle.loads(pickle.dumps(one)).detections == one.detections


def test_a_planted_cluster_is_found_with_its_cases_and_days() -> None:
    town = Town()
    cases, planted = with_planted(town, 7, town.usual(DAYS))
    found = alarms(evaluated(cases))[0]
    assert planted <= {key.record for key in found.cases}
    assert (found.first_day, found.last_day, found.looked) == (TODAY - 2, TODAY, False)
    assert found.observed == len(found.cases)
    assert found.p.replicates == SETTINGS.replicates
    assert found.expected < found.observed / 2


def test_a_town_without_a_cluster_gives_no_alarm() -> None:
    assert not alarms(evaluated(Town().usual(DAYS)))


def test_a_market_every_wednesday_gives_no_alarm_and_hides_no_cluster() -> None:
    town = Town()
    assert not alarms(evaluated(market(town)))
    cases, planted = with_planted(town, 9, market(town))
    found = alarms(evaluated(cases))
    assert any(planted <= {key.record for key in each.cases} for each in found)


def last_market(town: Town) -> tuple[list[Case], int]:
    wednesday = max(day for day in DAYS if day_kind(day) == MARKET)
    return [each for each in market(town) if each.day <= wednesday], wednesday


def test_the_day_of_the_market_itself_gives_no_alarm() -> None:
    cases, wednesday = last_market(Town())
    assert not alarms(evaluated(cases, as_of=wednesday))


def test_without_kinds_of_days_the_market_would_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    cases, wednesday = last_market(Town())
    for module in ("tally", "snapshots", "arrivals"):
        monkeypatch.setattr(f"detection.emerging.{module}.day_kind", lambda _day: 0)
    assert alarms(evaluated(cases, as_of=wednesday))


def test_a_crowd_on_a_public_holiday_gives_no_alarm_and_hides_no_cluster() -> None:
    town = Town()
    bank_holiday = next(day for day in range(TODAY, TODAY + 400) if day_kind(day) == HOLIDAY)
    days = range(bank_holiday - 181, bank_holiday + 1)
    crowd = [town.case(bank_holiday, 3) for _ in range(15)]
    usual = town.usual(days)
    assert not alarms(evaluated([*usual, *crowd], as_of=bank_holiday))
    planted = [town.case(bank_holiday - back, 9) for back in (1, 2, 3) for _ in range(5)]
    found = alarms(evaluated([*usual, *crowd, *planted], as_of=bank_holiday))
    assert any({p.key for p in planted} <= each.cases for each in found)


def test_a_silent_agency_and_its_return_give_no_alarm() -> None:
    town = Town()
    south, north = town.usual(DAYS), north_of(town, DAYS)
    arrived = [each for each in north if each.day <= TODAY - 10]
    assert not alarms(evaluated([*south, *arrived]))
    assert not alarms(evaluated([*south, *north]))
    cases, planted = with_planted(town, 9, [*south, *north])
    found = alarms(evaluated(cases))
    assert any(planted <= {key.record for key in each.cases} for each in found)


def test_an_agency_that_has_never_come_back_is_not_read_as_zero() -> None:
    town = Town()
    north = [each for each in north_of(town, DAYS) if each.day <= TODAY - 10]
    found = alarms(evaluated([*town.usual(DAYS), *north]))
    assert not found


def test_a_month_that_is_supplied_at_once_in_order_of_places_gives_no_look() -> None:
    town = Town()
    late = sorted(
        (each for each in town.usual(DAYS, agency="fire")), key=lambda c: (c.northing, c.easting)
    )
    month = [each for each in late if each.day > TODAY - 30]
    engine = engine_of(
        [*town.usual(DAYS), *(each for each in late if each.day <= TODAY - 30)], SETTINGS
    )
    look_null = evaluate(
        engine.snapshot(FIGHT, TODAY - 1, Supplied(), DAILY), SETTINGS, 1
    ).look_null
    assert look_null is not None
    fire = month[0].source
    for each in month:
        engine.put(each)
        assert not engine.looks({FIGHT: look_null}, lambda source: source == fire)
    snapshot = engine.snapshot(FIGHT, TODAY, Supplied(), frozenset())
    look_null = evaluate(snapshot, SETTINGS, 1).look_null
    assert look_null is not None
    assert engine.holds(FIGHT, look_null, nobody)
    assert engine.look_at(FIGHT, look_null, nobody) is None
    for back in (2, 1, 0) * 6:
        engine.put(town.case(TODAY - back, int(town.weights.argmin()), "fire"))
    assert FIGHT in engine.touched
    assert not engine.looks({FIGHT: look_null}, nobody)
    assert not engine.holds(FIGHT, look_null, nobody)
    snapshot = engine.snapshot(FIGHT, TODAY, Supplied(), frozenset())
    look_null = evaluate(snapshot, SETTINGS, 1).look_null
    assert look_null is not None
    assert engine.look_at(FIGHT, look_null, nobody) is not None


def test_the_null_of_looks_is_at_least_that_of_the_evaluation() -> None:
    made = evaluated(Town().usual(DAYS))
    assert made.null is not None
    assert made.look_null is not None
    assert made.look_null.null.loc > made.null.loc - 0.3


def test_the_null_of_looks_is_of_a_busy_day_and_of_more_cases_than_there_are() -> None:
    town = Town()
    engine = engine_of([*town.usual(DAYS), *(town.case(TODAY, n % 5) for n in range(60))], SETTINGS)
    made = evaluate(engine.snapshot(FIGHT, TODAY, Supplied(), frozenset()), SETTINGS, 1)
    assert (made.detections, made.null) == ((), None)
    assert made.look_null is not None
    assert made.look_null.cases_today > 60
    assert engine.holds(FIGHT, made.look_null, nobody)


def test_the_null_of_looks_is_the_same_after_it_was_kept() -> None:
    made = evaluated(Town().usual(DAYS)).look_null
    assert made is not None
    kept = LookNull.from_bytes(made.to_bytes())
    assert (kept.kinds, kept.cases_today, kept.cases_window) == (
        made.kinds, made.cases_today, made.cases_window,
    )  # fmt: skip
    assert kept.null.p(5.0) == made.null.p(5.0)


def test_a_series_with_few_cases_is_not_tested() -> None:
    made = evaluated(Town().usual(DAYS)[:3])
    assert (made.detections, made.null, made.look_null) == ((), None, None)


def test_only_the_detectors_that_are_due_run() -> None:
    made = evaluated(Town().usual(DAYS), WEEKLY)
    assert made.kinds == WEEKLY
    assert made.null is None


def test_near_repeats_are_found_where_each_case_brings_another() -> None:
    town = Town(sites=400, side=8_000)
    cases = town.usual(DAYS, 1.5)
    repeats = [
        town.case(each.day + 4, int((town.points == (each.easting, each.northing)).all(1).argmax()))
        for each in cases[::2]
        if each.day < TODAY - 40
    ]
    new = [town.case(TODAY - back, 11) for back in (1, 3, 5, 6, 8, 9)]
    found = [
        d for d in alarms(evaluated([*cases, *repeats, *new], WEEKLY)) if d.kind == "near-repeat"
    ]
    assert {each.key for each in new} <= found[0].cases
    assert found[0].evidence["close_pairs"] > found[0].evidence["expected_pairs"]
    assert not [d for d in alarms(evaluated(cases, WEEKLY)) if d.kind == "near-repeat"]


def weekly(days: Iterable[int], a_week: int = 5) -> list[Case]:
    rng = np.random.default_rng(3)
    return [
        case(f"d{day}-{n}", day, (375_000 + 100 * n, 165_000))
        for day in days
        for n in range(rng.poisson(a_week / 7))
    ]


@pytest.mark.parametrize(("years", "kind"), [(1, "ears"), (5, "farrington")])
def test_a_high_week_is_found_by_the_detector_of_its_history(years: int, kind: Kind) -> None:
    usual = weekly(range(TODAY - 365 * years, TODAY + 1))
    high = [case(f"h{n}", TODAY - n % 7) for n in range(25)]
    wanted = settings(study_days=182)
    (found,) = [d for d in evaluated([*usual, *high], WEEKLY, wanted).detections if d.kind == kind]
    assert found.p.method == "tail"
    assert found.p.value < 1e-4
    assert found.observed == len(found.cases) > found.statistic
    assert (found.first_day, found.last_day, found.area) == (TODAY - 6, TODAY, "BA1")
    usual_week = evaluated(usual, WEEKLY, wanted)
    assert not [d for d in alarms(usual_week) if d.kind in {"ears", "farrington"}]


def test_the_week_of_rates_ends_on_the_last_complete_day() -> None:
    usual = weekly(range(TODAY - 365, TODAY - 2))
    high = [case(f"h{n}", TODAY - 3 - n % 7) for n in range(25)]
    made = evaluated([*usual, *high], WEEKLY, supplied=Supplied(complete=TODAY - 3))
    (found,) = [d for d in made.detections if d.kind == "ears"]
    assert found.last_day == TODAY - 3


def test_weeks_without_a_supply_are_missing_and_not_low() -> None:
    out = frozenset(range(TODAY - 69, TODAY - 6))
    usual = [each for each in weekly(range(TODAY - 365, TODAY + 1), 20) if each.day not in out]
    high = [case(f"h{n}", TODAY - n % 7) for n in range(30)]
    (as_zero,) = [d for d in evaluated([*usual, *high], WEEKLY).detections if d.kind == "ears"]
    made = evaluated([*usual, *high], WEEKLY, supplied=Supplied(missing=out))
    (missing,) = [d for d in made.detections if d.kind == "ears"]
    assert missing.expected > 1.3 * as_zero.expected
    assert missing.statistic != as_zero.statistic


def test_an_event_that_two_agencies_saw_is_counted_once_and_told() -> None:
    town = Town()
    cases, planted = with_planted(town, 7, town.usual(DAYS))
    twice = [
        case(
            f"a{each.record}",
            each.day,
            (each.easting, each.northing),
            AMBULANCE,
            "ambulance",
            minute=each.day * MINUTES + 600,
        )
        for each in cases
        if each.record in planted
    ]
    timed = [
        case(each.record, each.day, (each.easting, each.northing), minute=each.day * MINUTES + 610)
        if each.record in planted
        else each
        for each in cases
    ]
    found = alarms(evaluated([*timed, *twice], series=FIGHTS))[0]
    assert {match.cases[0].record for match in found.matches} & planted
    assert {key.stream.dataset for key in found.cases} == {"police-incident"}
