from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.emerging.facts import Kind
from detection.emerging.levels import highest_p, is_published, recurrence_all, strength_days
from detection.emerging.settings import SHARES
from tests.detection.emerging.building import SETTINGS, detection

_TESTS: dict[Kind, int] = {"scan": 10, "near-repeat": 10, "farrington": 50, "ears": 50}
_SMALL = st.floats(1e-12, 0.5)


def test_the_shares_of_the_kinds_add_up_to_one() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)


def test_chance_gives_no_more_alarms_in_a_year_than_the_level_says() -> None:
    alarms = 0.0
    for kind, tests in _TESTS.items():
        for looked in (False, True) if kind == "scan" else (False,):
            found = replace(detection(looked=looked), kind=kind)
            alarms += 365 * tests * highest_p(found, SETTINGS, _TESTS)
    assert alarms == pytest.approx(365 / SETTINGS.level_days)


def test_a_weekly_test_may_be_seven_times_as_likely_by_chance() -> None:
    found = replace(detection(), kind="farrington")
    daily = highest_p(found, SETTINGS, _TESTS)
    assert highest_p(found, SETTINGS, _TESTS, 7.0) == pytest.approx(7 * daily)


def test_a_detection_with_too_few_cases_is_not_published() -> None:
    assert is_published(detection("abcd", p=1e-9), SETTINGS, _TESTS)
    assert not is_published(detection("abc", p=1e-9), SETTINGS, _TESTS)


@given(_SMALL, st.integers(30, 3_660))
def test_a_detection_is_published_up_to_the_level_of_its_strength(p: float, level: int) -> None:
    found, settings = detection(p=p), replace(SETTINGS, level_days=level)
    strength = strength_days(found, settings, _TESTS)
    if abs(strength - level) > 1e-6 * level:
        assert is_published(found, settings, _TESTS) == (strength > level)


@given(_SMALL)
def test_the_interval_over_one_series_is_its_own(p: float) -> None:
    assert recurrence_all(p, 1) == pytest.approx(1 / p)


@given(_SMALL, st.integers(1, 1_000))
def test_the_interval_over_all_series_is_shorter(p: float, tests: int) -> None:
    assert recurrence_all(p, tests + 1) <= recurrence_all(p, tests)
    assert recurrence_all(p, tests) >= 1 / (p * tests) * (1 - 1e-9)
