"""EARS gives R's bounds and alarms, and never reads a missing day or week as zero."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy import int64
from numpy.typing import NDArray

from detection.rates.ears import (
    C1,
    EarsOptions,
    Method,
    assess_ears,
    first_assessed,
    pooled_dispersion,
)
from tests.detection.rates.r_answers import AGONA, NEWPORT

METHODS: list[Method] = ["C1", "C2", "C3"]
WEEKS = (30, 77, 150, 200, 250, 290, 311)

OTHERS = [
    (
        EarsOptions("C2", alpha=0.01, baseline=5),
        "3.14636227402 5.25244467621 9.7540794248 8.22401762575 8.82602077876 9.75565500052 5.05244467621",
        """
        21 30 31 36 47 62 63 71 75 79 80 81 82 83 111 128 144 145 165 180 191 192 193 210 211 212 220 232
        233 241 264 281 282 283 284 285 294 295 312
        """,
    ),
    (
        EarsOptions("C2", minimum_sigma=3),
        "11.4135540614 11.4135540614 12.5564112042 13.4135540614 14.4135540614 12.9849826328 11.9849826328",
        "82",
    ),
    (
        EarsOptions("C3", alpha=0.05, baseline=10, minimum_sigma=1),
        "7.84368928829 4.94618250494 5.50645004515 4.04779141769 9.3975950422 4.77148443314 1.64485362695",
        """
        22 23 35 36 37 38 64 80 81 82 83 84 85 129 130 145 146 147 180 193 194 195 211 212 242 243 265 266
        284 285 286 287 296
        """,
    ),
]

HISTORIES = st.lists(st.integers(0, 12), min_size=12, max_size=30).map(np.array)
OPTIONS = st.sampled_from([EarsOptions(method) for method in METHODS])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("method", METHODS)
def test_series_and_alarms_of_salmonella_newport_are_those_of_r(
    shared_data: Path, method: Method
) -> None:
    """R: earsC(aggregate(salmNewport, by = "unit"), control = list(method, range, alpha = 0.001))."""
    options = EarsOptions(method)
    rows = rows_of(shared_data / "detection" / f"oracle_ears{method}_salmNewport.csv")
    for row in rows:
        found = assess_ears(NEWPORT.counts[: int(row["t"])], options=options)
        assert found is not None
        assert found.observed == int(row["obs"])
        assert found.upper == pytest.approx(float(row["ub"]), rel=1e-9, abs=1e-9)
        assert found.is_alarm is bool(int(row["alarm"]))


@pytest.mark.parametrize(("options", "bounds", "alarms"), OTHERS)
def test_other_options_give_the_answers_of_r(
    options: EarsOptions, bounds: str, alarms: str
) -> None:
    """R: earsC(disProg2sts(salmonella.agona), control = list(range = 20:312, method, baseline, ...))."""
    found = {t: assess_ears(AGONA.counts[:t], options=options) for t in range(20, 313)}
    uppers = [each.upper for t, each in found.items() if each is not None and t in WEEKS]
    assert uppers == pytest.approx([float(bound) for bound in bounds.split()], rel=1e-9)
    raised = [t for t, each in found.items() if each is not None and each.is_alarm]
    assert raised == [int(t) for t in alarms.split()]


@pytest.mark.parametrize(("method", "first"), [("C1", 7), ("C2", 9), ("C3", 11)])
def test_the_first_count_with_all_its_references_is_known(method: Method, first: int) -> None:
    """R: range begins at baseline + 1, + 3 and + 5, counted from 1."""
    assert first_assessed(EarsOptions(method)) == first


@given(HISTORIES, OPTIONS, st.floats(1e-9, 0.4), st.floats(1e-9, 0.4))
def test_the_bound_rises_as_alpha_falls(
    counts: NDArray[int64], options: EarsOptions, one: float, other: float
) -> None:
    low = assess_ears(counts, options=replace(options, alpha=max(one, other)))
    high = assess_ears(counts, options=replace(options, alpha=min(one, other)))
    assert low is not None
    assert high is not None
    assert low.upper <= high.upper


@given(HISTORIES, st.sampled_from(METHODS[:2]), st.integers(1, 60))
def test_a_count_is_above_the_bound_where_its_tail_is_below_alpha(
    counts: NDArray[int64], method: Method, newest: int
) -> None:
    options = EarsOptions(method)
    found = assess_ears(np.append(counts, newest), options=options)
    assert found is not None
    assert found.is_alarm is (found.p < options.alpha)


@given(HISTORIES, OPTIONS, st.data())
def test_what_is_written_on_missing_days_has_no_influence(
    counts: NDArray[int64], options: EarsOptions, data: st.DataObject
) -> None:
    length = len(counts)
    missing = np.array(data.draw(st.lists(st.booleans(), min_size=length, max_size=length)))
    low, high = np.where(missing, 0, counts), np.where(missing, 999, counts)
    assert assess_ears(low, missing, options) == assess_ears(high, missing, options)


@given(HISTORIES, OPTIONS)
def test_days_before_the_references_have_no_influence(
    counts: NDArray[int64], options: EarsOptions
) -> None:
    longer = np.concatenate([np.full(20, 99), counts])
    assert assess_ears(longer[-12:], options=options) == assess_ears(counts[-12:], options=options)


def test_the_days_before_a_missing_day_are_the_references_instead() -> None:
    counts = np.array([5, 1, 2, 3, 4, 5, 6, 0, 7, 9])
    missing = counts == 0
    found, without = assess_ears(counts, missing, C1), assess_ears(counts[~missing], options=C1)
    assert found == without


def test_a_series_is_not_assessed_after_a_long_silence() -> None:
    counts = np.arange(30)
    missing = np.zeros(30, bool)
    missing[18:29] = True
    assert assess_ears(counts, missing, C1) is None


def test_a_missing_count_is_not_assessed() -> None:
    counts = np.arange(30)
    assert assess_ears(counts, counts == 29) is None


def test_too_few_references_give_no_assessment() -> None:
    assert assess_ears(np.arange(7)) is None
    assert assess_ears(np.arange(8)) is not None


@pytest.mark.parametrize("options", [{"baseline": 2}, {"minimum_sigma": -1}, {"alpha": 0}])
def test_options_out_of_bounds_are_refused_by_name(options: dict[str, int]) -> None:
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} is {options[name]}, but must"):
        EarsOptions(**options)  # type: ignore[arg-type]


def test_two_cases_after_none_are_beyond_the_bound_but_not_beyond_chance() -> None:
    found = assess_ears(np.array([0] * 9 + [2]), dispersion=1)
    assert found is not None
    assert found.is_alarm
    assert found.p == 0
    assert found.p_predictive == pytest.approx(1 / 8**2)


def test_a_dispersion_that_is_not_known_makes_the_predictive_tail_larger() -> None:
    counts = np.array([3, 2, 4, 3, 5, 2, 3, 4, 3, 12])
    known, unknown = assess_ears(counts, dispersion=1), assess_ears(counts)
    assert known is not None
    assert unknown is not None
    assert unknown.p_predictive > known.p_predictive


def test_the_dispersion_of_many_series_ignores_missing_counts_and_empty_series() -> None:
    rng = np.random.default_rng(5)
    counts = rng.negative_binomial(4, 0.5, (400, 30))
    missing = rng.random(counts.shape) < 0.2
    counts[:3] = 0
    assert pooled_dispersion(np.where(missing, 999, counts), missing) == pytest.approx(2, abs=0.1)
    assert pooled_dispersion(np.zeros((2, 9), int64)) == 1


@pytest.mark.parametrize(("mean", "dispersion"), [(0.2, 1.0), (3.0, 1.0), (5.0, 2.0), (30.0, 3.0)])
def test_the_predictive_tail_is_honest(mean: float, dispersion: float) -> None:
    """Few of many series without a change have a small tail: at most 1.2 times as many as it says."""
    rng = np.random.default_rng(11)
    shape = (4_000, 10)
    series = (
        rng.poisson(mean, shape)
        if dispersion == 1
        else rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion, shape)
    )
    pooled = pooled_dispersion(series)
    found = [assess_ears(counts, options=EarsOptions("C2"), dispersion=pooled) for counts in series]
    tails = np.array([each.p_predictive for each in found if each is not None])
    for level in (0.05, 0.01):
        margin = 3 * np.sqrt(level / len(tails))
        assert (tails < level).mean() <= 1.2 * level + margin
