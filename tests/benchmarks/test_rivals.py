"""The detectors to compare with are R's, and find what is planted at a measured rate of false alarms."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy import bool_, float64
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from detection.rates.ears import EarsOptions, assess_ears
from tests.benchmarks import stcd, weekly_ears
from tests.benchmarks.rivals import Alarm, Cases, alarms_a_year, first_detection, threshold_at

MONITORED = 90
SIDE_M = 10_000.0
DETECTORS = [stcd.alarms, weekly_ears.alarms]


def null_set(rng: Generator, count: int = 500, days: int = 182) -> Cases:
    return Cases(rng.uniform(0, SIDE_M, (count, 2)), np.sort(rng.integers(0, days, count)))


def planted_set(rng: Generator, first: int = 140) -> tuple[Cases, NDArray[bool_]]:
    points, days = null_set(rng)
    points = np.vstack([points, 4_500.0 + rng.uniform(-100, 100, (16, 2))])
    cases = Cases(points, np.append(days, first + np.arange(16) // 2))
    return cases, np.arange(len(points)) >= len(days)


def r_series(path: Path) -> tuple[NDArray[float64], NDArray[float64]]:
    with path.open(newline="") as file:
        rows = [[float(row[name]) for name in ("x", "y", "R")] for row in csv.DictReader(file)]
    table = np.array(rows)
    return table[:, :2], table[:, 2]


@pytest.mark.parametrize("is_cusum", [False, True])
def test_the_series_of_burkitt_is_that_of_r(shared_data: Path, is_cusum: bool) -> None:
    """R: stcd(x, y, t, radius = 20, epsilon = 0.5, areaA = 1, areaAcapBk = 1, threshold = 161, cusum)."""
    name = f"oracle_stcd_burkitt_cusum{str(is_cusum).upper()}.csv"
    points, expected = r_series(shared_data / "detection" / name)
    assert stcd.statistic(points, 20, 0.5, is_cusum) == pytest.approx(expected, rel=1e-12)


def test_the_alarm_of_burkitt_is_that_of_r(shared_data: Path) -> None:
    """R: idxFA 148, idxCC 107 and max(R) 183.7892, counted from 1."""
    points, _ = r_series(shared_data / "detection" / "oracle_stcd_burkitt_cusumFALSE.csv")
    assert stcd.first_alarm(points, 20, 0.5, 161) == (148 - 1, 107 - 1)
    assert stcd.statistic(points, 20, 0.5).max() == pytest.approx(183.7892, abs=1e-4)
    (first, *_) = stcd.alarms(Cases(points, np.arange(len(points))), 161, 20, 0.5)
    assert (first.day, first.members[0], first.members[-1]) == (147, 106, 147)


def test_a_bound_of_weekly_ears_is_that_of_ears() -> None:
    counts = default_rng(4).poisson(3, (5, 40))
    scores = weekly_ears.scores(counts, minimum_sigma=0.5)
    options = EarsOptions("C2", alpha=0.01, minimum_sigma=0.5)
    for area, week in np.ndindex(counts.shape):
        found = assess_ears(counts[area, : week + 1], options=options)
        assert (found is not None) == np.isfinite(scores[area, week])
        if found is not None and counts[area, week]:
            assert found.is_alarm is bool(scores[area, week] > 2.3263478740408408)


def test_weekly_ears_alarms_at_the_end_of_the_week() -> None:
    days = np.append(np.arange(0, 84, 7), [77, 78, 79, 80, 83])
    points = np.zeros((len(days), 2))
    (alarm,) = weekly_ears.alarms(Cases(points, days), 3)
    assert alarm.day == 83
    assert days[alarm.members].tolist() == [77, 77, 78, 79, 80, 83]


def test_a_day_of_detection_is_1_on_the_day_of_the_first_case() -> None:
    days = np.array([3, 5, 5, 6])
    planted = np.array([False, True, True, True])
    other, right = Alarm(5, np.array([0, 1])), Alarm(6, np.array([0, 1, 3]))
    assert first_detection([other], days, planted) is None
    assert first_detection([right, other], days, planted) == 2
    assert first_detection([Alarm(5, np.array([1, 2]))], days, planted) == 1


@pytest.mark.parametrize("alarms", DETECTORS)
def test_a_threshold_gives_the_rate_of_false_alarms_that_is_asked_for(
    alarms: Callable[..., list[Alarm]],
) -> None:
    rng = default_rng(8)
    sets = [null_set(rng) for _ in range(4)]
    threshold = threshold_at(4, alarms, sets, MONITORED, most=5_000)
    rate = alarms_a_year(partial(alarms, threshold=threshold), sets, MONITORED)
    assert 0 < rate <= 4
    assert alarms_a_year(partial(alarms, threshold=0.8 * threshold), sets, MONITORED) > rate


@pytest.mark.parametrize(
    ("days_to_detection", "threshold"),
    [(stcd.days_to_detection, 1_000), (weekly_ears.days_to_detection, 6)],
)
def test_a_planted_cluster_is_found(
    days_to_detection: Callable[..., int | None], threshold: float
) -> None:
    cases, planted = planted_set(default_rng(9))
    found = days_to_detection(*cases, planted, threshold)
    assert found is not None
    assert 1 < found <= 21
    assert days_to_detection(*cases, planted, 1e12) is None
