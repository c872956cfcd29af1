from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.emerging.calibration import Calibration, TooShortError, calibrate
from detection.emerging.facts import Case, SeriesKey
from detection.emerging.replays import History, permuted
from detection.emerging.settings import Settings
from tests.detection.emerging.building import AGENCY_OF, AMBULANCE, DAY, POLICE, STREAMS

_SETTINGS = Settings(watches=(), study_days=56, replicates=199)
_SERIES = SeriesKey("fight", STREAMS, is_group=True)


def _cases(seed: int, days: int = 140, many: int = 600) -> list[Case]:
    rng = np.random.default_rng(seed)
    points = rng.integers(370_000, 376_000, (60, 2)).tolist()
    site, day = rng.integers(0, 60, many).tolist(), rng.integers(0, days, many).tolist()
    streams = (POLICE, AMBULANCE)
    return [
        Case(
            str(number),
            streams[number % 2],
            AGENCY_OF[streams[number % 2]],
            "fight",
            points[site[number]][0],
            points[site[number]][1],
            day=DAY + day[number],
        )
        for number in range(many)
    ]


def _planted(cases: list[Case]) -> list[Case]:
    days = range(DAY + 100, DAY + 130)
    return [
        *cases,
        *(replace(cases[0], record=f"planted{day}-{n}", day=day) for day in days for n in range(3)),
    ]


def _measured(cases: list[Case], years: float = 0.5, seed: int = 1) -> Calibration:
    return calibrate([History.of(_SERIES, cases)], _SETTINGS, years, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def measured() -> Calibration:
    return _measured(_cases(1), years=3)


def test_at_least_the_years_asked_for_are_replayed(measured: Calibration) -> None:
    assert 3 <= measured.years < 3.3


def test_chance_opens_no_more_problems_than_the_level_says(measured: Calibration) -> None:
    for level in (30, 100):
        allowed = measured.years * 365 / level
        assert measured.opened[level] <= allowed + 3 * allowed**0.5


def test_alarms_are_found_at_a_low_level_and_fewer_at_a_high_one(measured: Calibration) -> None:
    rates = [measured.alarms_per_year(level) for level in measured.levels]
    assert rates[0] > 0
    assert all(low >= high for low, high in pairwise(rates))


def test_a_cluster_in_the_history_is_no_alarm_by_chance() -> None:
    planted = _measured(_planted(_cases(2)), years=1)
    assert planted.opened[365] <= 2


def test_the_same_seed_gives_the_same_measurement() -> None:
    assert _measured(_cases(3)) == _measured(_cases(3))


def test_the_level_below_is_told_for_a_level_that_was_not_measured() -> None:
    measured = Calibration(2.0, {30: 8, 365: 1})
    assert [measured.alarms_per_year(level) for level in (10, 30, 364, 365, 9_999)] == [
        *(4.0, 4.0, 4.0),
        *(0.5, 0.5),
    ]


def test_a_measurement_is_restored_from_its_bytes(measured: Calibration) -> None:
    assert Calibration.from_bytes(measured.to_bytes()) == measured


def test_the_progress_rises_to_the_end() -> None:
    shares: list[float] = []
    history = History.of(_SERIES, _cases(4, days=120, many=200))
    calibrate([history], _SETTINGS, 0.1, np.random.default_rng(1), shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize("many", [0, 40])
def test_a_history_no_longer_than_the_study_period_is_refused(many: int) -> None:
    with pytest.raises(TooShortError):
        _measured(_cases(5, days=50, many=many))


@given(st.integers(0, 1_000))
def test_a_permutation_keeps_the_days_and_the_places_of_each_stratum(seed: int) -> None:
    history = History.of(_SERIES, _cases(6, days=30, many=100))
    other = permuted(history, np.random.default_rng(seed))
    assert (other.day == history.day).all()
    assert (other.stratum == history.stratum).all()
    for stratum in range(history.strata):
        places = [np.sort(each.site[each.stratum == stratum]) for each in (history, other)]
        assert (places[0] == places[1]).all()


def test_the_counts_of_a_day_are_those_of_the_study_period_and_of_the_window() -> None:
    cases = _cases(7)
    history = History.of(_SERIES, cases)
    as_of = DAY + 100
    counts = history.counts(as_of, _SETTINGS)
    morning = history.counts(as_of, _SETTINGS, is_morning=True)
    studied = [case.day for case in cases if as_of - 56 < case.day <= as_of]
    recent = [studied.count(as_of - lag) for lag in range(7)]
    assert counts.total == len(studied)
    assert counts.recent.sum(axis=0).tolist() == counts.by_lag.sum(axis=0).tolist() == recent
    assert morning.recent.sum(axis=0).tolist() == [0, *recent[1:]]
