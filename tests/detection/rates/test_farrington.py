"""Farrington Flexible gives R's answers, and has no use for weeks that are missing."""

from __future__ import annotations

from calendar import isleap
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import int64
from numpy.typing import NDArray

from detection.rates.assessment import Assessment
from detection.rates.farrington import (
    NOUFAILY,
    R_DEFAULT,
    FarringtonOptions,
    Threshold,
    assess_farrington,
    years_of,
)
from detection.rates.reference import weeks_before
from tests.detection.rates.r_answers import ANSWERS, ANSWERS_WITH_GAPS, NEWPORT, Answers, Series

HISTORIES = st.lists(st.integers(0, 12), min_size=120, max_size=160).map(np.array)
THRESHOLDS = st.sampled_from(["delta", "nbPlugin", "muan"])


def assessed(series: Series, week: int, options: FarringtonOptions) -> Assessment | None:
    first = series.first_day
    day = None if first is None else first + 7 * (week - 1)
    return assess_farrington(series.counts[:week], series.missing[:week], options, day)


@pytest.mark.parametrize("answers", ANSWERS + ANSWERS_WITH_GAPS)
def test_bounds_and_tails_are_those_of_r(answers: Answers) -> None:
    """R: farringtonFlexible(x, control = list(range = week, ...)), see r_answers."""
    for week, (upper, expected, dispersion, p, trend, alarm) in answers.rows():
        found = assessed(answers.series, week, answers.options)
        assert found is not None
        assert (found.dispersion, found.p) == pytest.approx((dispersion, p), rel=1e-6, abs=1e-9)
        assert (found.has_trend, found.is_alarm) == (bool(trend), bool(alarm))
        assert found.is_enough is not np.isnan(upper)
        if found.is_enough:
            assert found.expected == pytest.approx(expected, rel=1e-6, abs=1e-9)
            assert found.upper == pytest.approx(upper, rel=1e-6, abs=1e-9)


def test_a_week_without_a_count_is_not_assessed() -> None:
    missing = NEWPORT.missing.copy()
    missing[-1] = True
    assert assess_farrington(NEWPORT.counts, missing) is None


@pytest.mark.parametrize("options", [R_DEFAULT, NOUFAILY])
def test_what_is_written_in_missing_weeks_has_no_influence(options: FarringtonOptions) -> None:
    missing = NEWPORT.missing.copy()
    missing[[300, 301, 320, 471, 526]] = True
    low, high = NEWPORT.counts.copy(), NEWPORT.counts.copy()
    low[missing], high[missing] = 0, 1_000
    assert assess_farrington(low, missing, options) == assess_farrington(high, missing, options)


def test_a_missing_week_is_not_zero() -> None:
    missing = NEWPORT.missing.copy()
    missing[528 - 1 - 52 * 2] = True
    counts = np.where(missing, 0, NEWPORT.counts)
    with_mask, as_zero = assess_farrington(counts, missing), assess_farrington(counts)
    assert with_mask is not None
    assert as_zero is not None
    assert with_mask.expected > as_zero.expected


@pytest.mark.parametrize(
    ("weeks", "years"), [(55, 0), (56, 1), (107, 1), (108, 2), (264, 5), (2_000, 5)]
)
def test_a_short_history_has_fewer_years_of_reference(weeks: int, years: int) -> None:
    """R's range begins at week 52 b + w + 1."""
    assert years_of(weeks, R_DEFAULT) == years


def test_a_history_of_less_than_a_year_is_not_assessed() -> None:
    assert assess_farrington(NEWPORT.counts[:50]) is None


def test_too_many_periods_are_refused() -> None:
    with pytest.raises(ValueError, match="60 periods are too many"):
        assess_farrington(NEWPORT.counts, options=FarringtonOptions(periods=60))


def test_a_single_case_after_years_without_one_is_not_beyond_chance() -> None:
    counts = np.zeros(300, int64)
    counts[-1] = 1
    found = assess_farrington(counts)
    assert found is not None
    assert found.p < 1e-9
    assert found.p_predictive == pytest.approx(1 / 36, rel=1e-3)


@settings(max_examples=40, deadline=None)
@given(HISTORIES, THRESHOLDS, st.floats(1e-6, 0.2), st.floats(1e-6, 0.2))
def test_the_bound_rises_as_alpha_falls(
    counts: NDArray[int64], threshold: Threshold, one: float, other: float
) -> None:
    options = FarringtonOptions(threshold=threshold, limit_cases=0)
    low = assess_farrington(counts, options=replace(options, alpha=max(one, other)))
    high = assess_farrington(counts, options=replace(options, alpha=min(one, other)))
    if low is not None and high is not None:
        assert low.upper <= high.upper * (1 + 1e-12)


@settings(max_examples=40, deadline=None)
@given(HISTORIES, st.sampled_from(["delta", "nbPlugin"]), st.integers(0, 40))
def test_a_count_above_the_bound_has_a_tail_below_alpha(
    counts: NDArray[int64], threshold: Threshold, newest: int
) -> None:
    counts = np.append(counts, newest)
    options = FarringtonOptions(threshold=threshold, limit_cases=0)
    found = assess_farrington(counts, options=options)
    if found is not None and abs(found.upper - newest) > 1e-9:
        assert (newest > found.upper) == (found.p < options.alpha)


@settings(max_examples=40, deadline=None)
@given(HISTORIES, st.integers(0, 40), st.integers(0, 40))
def test_the_more_cases_the_smaller_both_tails(
    counts: NDArray[int64], one: int, other: int
) -> None:
    few = assess_farrington(np.append(counts, min(one, other)))
    many = assess_farrington(np.append(counts, max(one, other)))
    if few is not None and many is not None:
        assert few.p >= many.p
        assert few.p_predictive >= many.p_predictive * (1 - 1e-9)


@settings(max_examples=30, deadline=None)
@given(HISTORIES, st.integers(0, 20_000))
def test_a_shift_by_the_cycle_of_the_calendar_changes_nothing(
    counts: NDArray[int64], day: int
) -> None:
    """Dates and weekdays repeat every 28 years from 1901 to 2099."""
    later = day + 28 * 1_461 // 4
    assert assess_farrington(counts, day=day) == assess_farrington(counts, day=later)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40_000), st.integers(1, 10))
def test_reference_weeks_are_the_nearest_to_the_date(day: int, years: int) -> None:
    today = date(1970, 1, 1) + timedelta(day)
    weeks = int(weeks_before(years, day)[years])
    past = today - timedelta(weeks=weeks)
    assert min(abs((past - same).days) for same in _years_before(today, years)) <= 3


def _years_before(day: date, years: int) -> list[date]:
    """Return the same day some years before; the days about it for 29 February, if that year has none."""
    year = day.year - years
    if (day.month, day.day) == (2, 29) and not isleap(year):
        return [date(year, 2, 28), date(year, 3, 1)]
    return [day.replace(year=year)]


def test_weeks_before_the_reference_have_no_influence() -> None:
    longer = np.concatenate([np.full(500, 99), NEWPORT.counts])
    missing = np.zeros(len(longer), bool)
    assert assess_farrington(longer, missing) == assess_farrington(NEWPORT.counts)
