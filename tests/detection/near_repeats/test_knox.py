"""The Knox test gives R's table, however it counts, and permutes days where they may be exchanged."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy import float64
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from scipy.special import gammainc  # type: ignore[import-untyped]

from detection.near_repeats import counting
from detection.near_repeats.counting import Ints, TooManyPairsError, close_in_time, places_of
from detection.near_repeats.knox import knox, moment_tail, recent_pairs

Floats = NDArray[float64]

TEN_METRES = 10.0
WEEK = 7

SMALL = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 30)), min_size=2, max_size=25
)


def cases_of(rows: list[tuple[int, int, int]]) -> tuple[Floats, Ints]:
    table = np.array(rows)
    return table[:, :2].astype(float), table[:, 2]


def pair_by_pair(points: Floats, days: Ints, metres: float, span: int) -> list[tuple[int, int]]:
    return [
        (i, j)
        for i, j in combinations(range(len(days)), 2)
        if np.hypot(*(points[i] - points[j])) <= metres and abs(days[i] - days[j]) <= span
    ]


@pytest.fixture
def rng() -> Generator:
    return default_rng(20)


def near_repeats(rng: Generator) -> tuple[Floats, Ints]:
    """Return 300 cases by chance, and 10 of them again near by in the next days."""
    points, days = rng.uniform(0, 3_000, (300, 2)), rng.integers(0, 180, 300)
    again = points[:10] + rng.uniform(-5, 5, (10, 2)), days[:10] + rng.integers(1, 5, 10)
    return np.vstack([points, again[0]]), np.append(days, again[1])


def test_the_table_and_p_value_of_burkitt_are_those_of_r(shared_data: Path, rng: Generator) -> None:
    """R: knox(dist(t), dist(cbind(x, y)), eps.t = 30, eps.s = 5, B = 999)."""
    with (shared_data / "detection" / "burkitt.csv").open(newline="") as file:
        rows = [(float(r["X"]), float(r["Y"]), float(r["T"])) for r in csv.DictReader(file)]
    table = np.array(rows)
    found = knox(table[:, :2], table[:, 2].astype(int), 5, 30, 999, rng)
    assert found.table == ((7, 222), (353, 16_996))
    assert found.expected == pytest.approx(4.689953, abs=1e-6)
    assert found.p.value == pytest.approx(0.205, abs=0.04)
    assert found.p.method == "monte-carlo"


def test_a_small_table_is_that_of_r(rng: Generator) -> None:
    """R: knox(dist(t), dist(cbind(x, y)), eps.t = 2, eps.s = 3); its p-value permutes pairs, not days."""
    x = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4]
    y = [2, 6, 4, 3, 3, 8, 3, 2, 7, 9, 5, 0, 2, 8, 8, 4, 1, 9, 7, 1]
    t = [1, 1, 2, 3, 5, 8, 13, 21, 3, 4, 9, 10, 11, 4, 8, 2, 14, 20, 19, 3]
    found = knox(np.column_stack([x, y]).astype(float), np.array(t), 3, 2, 9, rng)
    assert found.table == ((15, 35), (30, 110))
    assert found.expected == pytest.approx(11.84211, abs=1e-5)


@given(SMALL, st.integers(0, 20), st.integers(0, 12))
def test_pairs_are_those_that_are_found_pair_by_pair(
    rows: list[tuple[int, int, int]], metres: int, span: int
) -> None:
    points, days = cases_of(rows)
    found = knox(points, days, metres, span, 0, default_rng(1))
    assert found.both == len(pair_by_pair(points, days, metres, span))
    assert found.near == len(pair_by_pair(points, days, metres, 999))
    assert found.soon == len(pair_by_pair(points, days, 999, span)) == close_in_time(days, span)


@given(SMALL, st.integers(0, 20), st.integers(0, 12))
def test_sites_are_counted_as_pairs_are(
    rows: list[tuple[int, int, int]], metres: int, span: int
) -> None:
    points, days = cases_of(rows * 2)
    ways = [places_of(points, metres, period) for period in (1, 999)]
    assert len({places.close_pairs(days, span) for places in ways}) == 1


def test_both_ways_of_counting_are_used(rng: Generator) -> None:
    points = rng.integers(0, 5, (200, 2)).astype(float)
    names = {type(places_of(points, 1, period)).__name__ for period in (1, 10_000)}
    assert names == {"_ByPair", "_BySite"}


@given(SMALL, st.integers(-20_000, 20_000), st.integers(0, 5))
def test_a_shift_of_all_days_changes_nothing(
    rows: list[tuple[int, int, int]], shift: int, seed: int
) -> None:
    points, days = cases_of(rows)
    here = knox(points, days, 5, 3, 19, default_rng(seed))
    there = knox(points, days + shift, 5, 3, 19, default_rng(seed))
    assert np.array_equal(here.permuted, there.permuted)
    assert here.table == there.table


@given(SMALL, st.integers(0, 20), st.integers(0, 8), st.integers(0, 31))
def test_the_pairs_of_the_last_days_are_named_older_case_first(
    rows: list[tuple[int, int, int]], metres: int, span: int, since: int
) -> None:
    points, days = cases_of(rows)
    expected = {
        (i, j) if days[i] <= days[j] else (j, i)
        for i, j in pair_by_pair(points, days, metres, span)
        if max(days[i], days[j]) >= since
    }
    found = [(int(i), int(j)) for i, j in recent_pairs(points, days, metres, span, since)]
    assert set(found) == expected
    assert len(found) == len(expected)


def test_near_repeats_are_beyond_chance(rng: Generator) -> None:
    points, days = near_repeats(rng)
    found = knox(points, days, TEN_METRES, WEEK, 999, rng)
    assert found.both >= 10
    assert found.p.method == "tail"
    assert found.p.monte_carlo == 0.001
    assert found.p.value <= 0.001
    assert found.p_poisson < 1e-6


def test_days_are_exchanged_within_a_stratum_only(rng: Generator) -> None:
    """One supplier of one place in spring and another of another place in summer are no near repeats."""
    place = np.repeat([0, 1], 100)
    points = rng.uniform(0, 100, (200, 2)) + 10_000 * place[:, None]
    days = rng.integers(0, 60, 200) + 90 * place
    apart = knox(points, days, 50, WEEK, 199, rng, strata=place)
    together = knox(points, days, 50, WEEK, 199, rng)
    assert apart.p.value > 0.05
    assert together.p.value < 0.001
    assert apart.expected_permuted == pytest.approx(apart.both, rel=0.15)
    assert together.expected < 0.7 * together.both


def test_a_silence_is_missing_and_not_without_cases(rng: Generator) -> None:
    """No permutation puts a case on a day without a supply."""
    points, days = rng.uniform(0, 1_000, (150, 2)), rng.integers(0, 100, 150)
    seen = (days < 30) | (days > 60)
    found = [knox(points[seen], days[seen], 50, 5, 199, default_rng(each)) for each in range(20)]
    assert np.mean([each.p.value for each in found]) > 0.02


def test_by_chance_the_p_value_is_uniform(rng: Generator) -> None:
    tails = [
        knox(rng.uniform(0, 500, (60, 2)), rng.integers(0, 60, 60), 60, 5, 99, rng).p.monte_carlo
        for _ in range(300)
    ]
    for level in (0.05, 0.2, 0.5):
        share = np.mean([tail is not None and tail <= level for tail in tails])
        assert share == pytest.approx(level, abs=3.5 * np.sqrt(level * (1 - level) / 300) + 0.01)


def test_the_tail_by_moments_is_that_of_the_replicates(rng: Generator) -> None:
    permuted = rng.poisson(6, 20_000)
    for observed in (8, 12, 16):
        assert moment_tail(observed, permuted) == pytest.approx(gammainc(observed, 6), rel=0.15)


@given(st.lists(st.integers(0, 30), min_size=2, max_size=30), st.integers(0, 60))
def test_more_close_pairs_never_have_a_larger_tail(permuted: list[int], observed: int) -> None:
    replicates = np.array(permuted)
    assert moment_tail(observed, replicates) >= moment_tail(observed + 1, replicates)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_cases_have_no_pairs(count: int, rng: Generator) -> None:
    found = knox(np.zeros((count, 2)), np.zeros(count, int), 10, 7, 19, rng)
    assert (found.table, found.expected, found.p.value) == (((0, 0), (0, 0)), 0, 1)
    assert len(recent_pairs(np.zeros((count, 2)), np.zeros(count, int), 10, 7, 1)) == 0


@pytest.mark.parametrize("sites", [30, 20_000])
def test_20_000_cases_are_tested(sites: int, rng: Generator) -> None:
    points = rng.uniform(0, 10_000, (sites, 2))[rng.integers(0, sites, 20_000)]
    found = knox(points, rng.integers(0, 182, 20_000), 400, 30, 9, rng)
    assert found.both == pytest.approx(found.expected, rel=0.05)
    assert found.pairs == 20_000 * 19_999 // 2


def test_more_pairs_than_there_is_memory_for_are_refused(
    monkeypatch: pytest.MonkeyPatch, rng: Generator
) -> None:
    monkeypatch.setattr(counting, "_MOST_PAIRS", 100)
    with pytest.raises(TooManyPairsError, match="pairs of 100 cases are at most 50 m apart"):
        knox(rng.uniform(0, 60, (100, 2)), rng.integers(0, 50, 100), 50, 7, 9, rng)
