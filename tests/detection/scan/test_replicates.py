"""Replicates and looks, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detection.scan.counts import Counts
from detection.scan.drawing import Draws, Sampler
from detection.scan.looks import LookTrial
from detection.scan.replicates import look_maxima, replicate_maxima
from detection.scan.trials import ScanTrial, largest_of_each
from tests.detection.scan.reference import largest, ratio
from tests.detection.scan.series import Series, series

SEEDS = st.integers(0, 1000)
FLOORS = st.sampled_from([0.0, 0.5, 2.0, 5.0, 50.0])


@given(series(), SEEDS)
def test_replicates_keep_the_margins(given: Series, seed: int) -> None:
    counts = given.counts
    sampler = Sampler(counts)
    for sites in sampler.draw(5, np.random.default_rng(seed)).sites:
        by_stratum = np.zeros_like(counts.base)
        np.add.at(by_stratum, (sites, sampler.strata), 1)
        assert (by_stratum <= counts.base).all()
        by_lag = np.zeros_like(counts.by_lag)
        np.add.at(by_lag, (sampler.strata, sampler.lags), 1)
        assert (by_lag == counts.by_lag).all()


@given(series(), SEEDS, FLOORS, st.integers(1, 3))
def test_maximum_of_a_replicate_is_the_largest_ratio(
    given: Series, seed: int, floor: float, minimum: int
) -> None:
    trial = ScanTrial(given.counts, given.zones, minimum)
    draws = trial.sampler.draw(4, np.random.default_rng(seed))
    exact = [
        largest(_counts(given.counts, trial.sampler, sites), given.around, minimum)
        for sites in draws.sites
    ]
    _assert_exact_from(floor, trial.largest(draws, floor), exact)


@given(series(), SEEDS, FLOORS, st.booleans())
def test_maximum_of_a_day_is_the_largest_ratio_of_its_looks(
    given: Series, seed: int, floor: float, is_late: bool
) -> None:
    arriving = given.counts.by_lag.copy()
    arriving[:, 0 if is_late else 1 :] //= 2 if is_late else arriving.sum() + 1
    trial = LookTrial(given.counts, given.zones, 2, arriving)
    draws = trial.sampler.draw(3, np.random.default_rng(seed))
    exact = [_largest_look(given, trial, sites) for sites in draws.sites]
    _assert_exact_from(floor, trial.largest(draws, floor), exact)


@given(series(), SEEDS)
def test_every_replicate_is_exact_whatever_the_floors_were(given: Series, seed: int) -> None:
    counts, zones = given.counts, given.zones
    maxima = replicate_maxima(counts, zones, 25, np.random.default_rng(seed))
    plain = largest_of_each(_NoFloor(counts, zones, 2), 25, np.random.default_rng(seed))
    assert maxima.tolist() == plain.tolist()


def test_same_seed_gives_the_same_maxima() -> None:
    given = _steady()
    for maxima in (replicate_maxima, look_maxima):
        first = maxima(given.counts, given.zones, 30, np.random.default_rng(7))
        second = maxima(given.counts, given.zones, 30, np.random.default_rng(7))
        assert first.tolist() == second.tolist()


def test_a_day_without_arrivals_has_no_looks() -> None:
    given = Series(((0, 0),), ((0, 0, 1), (0, 0, 1)), 1, None, 1.0)
    maxima = look_maxima(given.counts, given.zones, 20, np.random.default_rng(1))
    assert maxima.tolist() == [0.0] * 20


def test_looks_of_a_day_find_at_least_what_its_end_shows_at_a_new_case() -> None:
    given = _steady()
    ends = replicate_maxima(given.counts, given.zones, 400, np.random.default_rng(1))
    looks = look_maxima(given.counts, given.zones, 400, np.random.default_rng(1))
    assert np.median(looks) > np.median(ends)


@pytest.mark.parametrize("cases", [3, 300, 3000])
def test_counts_of_any_size_fit(cases: int) -> None:
    many = tuple((site, 0, lag) for site in (0, 1) for lag in range(6) for _ in range(cases))
    given = Series(((0, 0), (900, 0)), many, 1, 100.0, 1.0)
    trial = ScanTrial(given.counts, given.zones, 2)
    draws = trial.sampler.draw(3, np.random.default_rng(1))
    exact = [
        largest(_counts(given.counts, trial.sampler, sites), given.around, 2)
        for sites in draws.sites
    ]
    assert trial.largest(draws, 0.0) == pytest.approx(exact)


class _NoFloor(ScanTrial):
    def largest(self, draws: Draws, floor: float) -> NDArray[np.float64]:
        return super().largest(draws, 0.0)


def _steady() -> Series:
    points = tuple((x * 100, y * 100) for x in range(6) for y in range(6))
    cases = tuple(((i * 7) % 36, i % 2, (i * 13) % 20) for i in range(400))
    return Series(points, cases, 2, 250.0, 0.5)


def _assert_exact_from(floor: float, maxima: NDArray[np.float64], exact: list[float]) -> None:
    for value, right in zip(maxima, exact, strict=True):
        if right >= floor + 1e-6:
            assert value == pytest.approx(right)
        else:
            assert value <= right + 1e-6


def _counts(counts: Counts, sampler: Sampler, sites: NDArray[np.int32]) -> Counts:
    recent = np.zeros_like(counts.recent)
    np.add.at(recent, (sites, sampler.lags), 1)
    return Counts(counts.base, recent, counts.by_lag)


def _largest_look(given: Series, trial: LookTrial, sites: NDArray[np.int32]) -> float:
    """Return the largest ratio of the looks of a day, by loops."""
    counts, sampler, moments = given.counts, trial.sampler, trial.moments
    totals = counts.base.sum(axis=0)
    best = 0.0
    for now in range(1, int(moments.max(initial=0)) + 1):
        here = moments <= now
        total = counts.total - int((~here).sum())
        (newest,) = sites[moments == now]
        for _, circle in given.around:
            if newest not in circle:
                continue
            for window in range(counts.recent.shape[1]):
                counted = here & (sampler.lags <= window)
                observed = int(np.isin(sites[counted], circle).sum())
                expected = sum(
                    counts.base[list(circle), k].sum()
                    * (counted & (sampler.strata == k)).sum()
                    / totals[k]
                    for k in range(len(totals))
                    if totals[k]
                )
                if observed >= 2:
                    best = max(best, ratio(observed, float(expected), total))
    return best
