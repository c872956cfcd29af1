"""P-values and recurrence intervals."""

from __future__ import annotations

from math import inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy import float64
from numpy.typing import NDArray

from detection.scan.p_values import Null, recurrence_interval

MAXIMA = np.random.default_rng(1).gumbel(6.0, 1.5, 999)
NULL = Null.of(MAXIMA)
VALUES = st.floats(0, 40)


def test_parameters_are_those_of_the_distribution() -> None:
    null = Null.of(np.random.default_rng(2).gumbel(6.0, 1.5, 100_000))
    assert (null.loc, null.scale) == pytest.approx((6.0, 1.5), rel=0.01)


def test_gumbel_p_value_is_the_tail() -> None:
    value = NULL.loc - NULL.scale * log(-log(1 - 1e-5))
    assert NULL.p(value).gumbel == pytest.approx(1e-5)


def test_monte_carlo_p_value_is_the_rank_among_the_replicates() -> None:
    null = Null.of(np.arange(1.0, 100.0))
    assert null.p(90.5).monte_carlo == pytest.approx(10 / 100)
    assert null.p(1000.0).monte_carlo == pytest.approx(1 / 100)
    assert null.p(0.0).monte_carlo == 1


def test_a_tie_counts_against_the_cluster() -> None:
    assert Null.of(np.array([1.0, 2.0, 3.0])).p(3.0).monte_carlo == pytest.approx(2 / 4)


def test_gumbel_is_used_below_the_tenth_rank_only() -> None:
    ordered = np.sort(MAXIMA)[::-1]
    assert NULL.p(ordered[8] - 1e-3).method == "monte-carlo"
    assert NULL.p(ordered[8] + 1e-3).method == "gumbel"
    used = NULL.p(ordered[8] + 1e-3)
    assert (used.value, used.replicates) == (used.gumbel, 999)


@given(st.lists(VALUES, min_size=2), VALUES, VALUES)
def test_a_greater_ratio_is_never_more_likely_by_chance(
    maxima: list[float], one: float, other: float
) -> None:
    null = Null.of(np.array(maxima))
    low, high = (null.p(value) for value in sorted((one, other)))
    assert (low.monte_carlo or 0) >= (high.monte_carlo or 0)
    if low.gumbel is not None and high.gumbel is not None:
        assert low.gumbel >= high.gumbel


@given(VALUES, st.floats(1e-9, 1))
def test_below_the_threshold_every_p_value_is_greater(value: float, p: float) -> None:
    if value < NULL.threshold(p) - 2e-5:
        assert NULL.p(value).value > p


@given(st.floats(1e-9, 0.5))
def test_threshold_is_not_much_too_low(p: float) -> None:
    assert NULL.p(NULL.threshold(p) + 1e-3).value <= p * 1.5


@given(st.lists(VALUES))
def test_bytes_give_the_same_p_values(maxima: list[float]) -> None:
    null = Null.of(np.array(maxima))
    other = Null.from_bytes(null.to_bytes())
    assert len(null.to_bytes()) == 4 * len(maxima)
    for value in (0.0, 3.3, *maxima):
        assert other.p(value) == null.p(value)


@pytest.mark.parametrize("maxima", [[], [2.0], [2.0] * 50])
def test_without_spread_the_rank_is_used(maxima: list[float]) -> None:
    p = Null.of(np.array(maxima)).p(3.0)
    assert (p.method, p.value, p.gumbel) == ("monte-carlo", 1 / (len(maxima) + 1), None)


def test_recurrence_interval_is_days_by_p() -> None:
    assert recurrence_interval(0.001) == pytest.approx(1000)
    assert recurrence_interval(0.242) == pytest.approx(4, abs=0.5)
    assert recurrence_interval(0.001, days=7) == pytest.approx(7000)
    assert recurrence_interval(1.0) == 1


def test_recurrence_interval_takes_back_the_adjustment_for_earlier_analyses() -> None:
    adjusted = 1 - (1 - 0.001) ** 30
    assert recurrence_interval(adjusted, analyses=30) == pytest.approx(1000)


def test_a_p_value_of_zero_never_recurs() -> None:
    assert recurrence_interval(0.0) == inf


@given(st.floats(1e-300, 1), st.integers(1, 1000))
def test_recurrence_interval_is_at_least_the_time_between_analyses(p: float, analyses: int) -> None:
    assert recurrence_interval(p, 2.0, analyses) >= 2.0


def _sparse(size: int, seed: int) -> NDArray[float64]:
    """Return maxima of which nine of ten are 0, the others about those of four cases and more."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(size) < 0.9, 0.0, 3.0 + rng.exponential(1.2, size))


SPARSE = Null.of(_sparse(999, 3))


def test_where_circles_with_enough_cases_are_rare_p_values_are_not_too_low() -> None:
    drawn = _sparse(200_000, 4)
    for p in (1e-3, 1e-4):
        values = [SPARSE.p(float(value)).value for value in drawn[drawn > 5]]
        assert sum(value <= p for value in values) <= 2.5 * p * len(drawn)


@given(VALUES, st.floats(1e-9, 1))
def test_below_the_threshold_every_p_value_is_greater_where_maxima_are_rare(
    value: float, p: float
) -> None:
    if value < SPARSE.threshold(p) - 1e-4:
        assert SPARSE.p(value).value > p


def test_a_tail_is_not_guessed_from_fewer_than_five_maxima() -> None:
    null = Null.of(np.array([0.0] * 995 + [3.0, 4.0, 5.0, 6.0]))
    assert null.p(50.0).value == pytest.approx(1 / 1_000)
    assert null.threshold(1e-4) == inf
