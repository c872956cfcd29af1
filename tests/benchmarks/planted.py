"""Planted problems: on which of their days three detectors find them, at the same rate of false alarms.

The district is `tests.emerging.district`, with its pattern of day of week and place. The thresholds are
those at which each detector gives one alarm a year in sets without a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np
from numpy import bool_
from numpy.typing import NDArray

from detection.emerging.facts import Case
from tests.benchmarks import daily_scan, stcd, weekly_ears
from tests.benchmarks.rivals import Alarm, Cases, first_detection, threshold_at
from tests.emerging.district import FIRST_DAY, District, plant

SETS: Final = 50
NULL_SETS: Final = 10
NULL_DAYS: Final = 365
BASE_DAYS: Final = 182
AFTER_DAYS: Final = 21
RATE: Final = 1.0
KIND: Final = "type-0"
RADIUS_M: Final = 500.0
EPSILON: Final = 0.5
"""The one of R's example; 2 finds such problems sooner."""

START: Final = FIRST_DAY + BASE_DAYS
NOT_FOUND: Final = 15
"""Days that count for a problem that is not found within two weeks."""

_WEEK: Final = 7

_MOST: Final[Mapping[str, float]] = {"scan": 40.0, "stcd": 1e5, "stcd_2": 1e7, "weekly_ears": 40.0}

AlarmsOf = Callable[[Cases, float], Sequence[Alarm]]
DaysTo = Callable[[Cases, NDArray[bool_], float], int | None]


def compare(progress: Callable[[str, int, int], None]) -> dict[str, float]:
    """Return the mean days to detection, and the share that is found within three days, of each detector."""
    district = District(rates=(6.0,))
    nulls = [_cases(district.cases(_rng(n), BASE_DAYS + NULL_DAYS)) for n in range(NULL_SETS)]
    sets = [_planted(district, NULL_SETS + n) for n in range(SETS)]
    figures: dict[str, float] = {}
    for number, (name, (alarms_of, days_to)) in enumerate(_DETECTORS.items()):
        progress(f"emerging, planted sets: {name}", number, len(_DETECTORS))
        threshold = threshold_at(RATE, alarms_of, nulls, START, _MOST[name])
        days = [
            min(days_to(cases, planted, threshold) or NOT_FOUND, NOT_FOUND)
            for cases, planted in sets
        ]
        figures[f"{name}_days"] = float(np.mean(days))
        figures[f"{name}_by_day_3"] = float(np.mean(np.array(days) <= 3))
    return figures


def _scan_alarms(cases: Cases, threshold: float) -> Sequence[Alarm]:
    return daily_scan.alarms(cases, threshold, START)


def _scan_days(cases: Cases, planted: NDArray[bool_], threshold: float) -> int | None:
    return daily_scan.days_to_detection(cases, planted, threshold, START)


def _stcd_alarms(cases: Cases, threshold: float, epsilon: float) -> Sequence[Alarm]:
    return [a for a in stcd.alarms(cases, threshold, RADIUS_M, epsilon) if a.day >= START]


def _stcd_days(
    cases: Cases, planted: NDArray[bool_], threshold: float, epsilon: float
) -> int | None:
    return first_detection(_stcd_alarms(cases, threshold, epsilon), cases.days, planted)


def _ears_alarms(cases: Cases, threshold: float) -> Sequence[Alarm]:
    return weekly_ears.alarms(cases, threshold)


def _ears_days(cases: Cases, planted: NDArray[bool_], threshold: float) -> int | None:
    return first_detection(_ears_alarms(cases, threshold), cases.days, planted)


_DETECTORS: Final[Mapping[str, tuple[AlarmsOf, DaysTo]]] = {
    "scan": (_scan_alarms, _scan_days),
    "stcd": (partial(_stcd_alarms, epsilon=EPSILON), partial(_stcd_days, epsilon=EPSILON)),
    "stcd_2": (partial(_stcd_alarms, epsilon=2.0), partial(_stcd_days, epsilon=2.0)),
    "weekly_ears": (_ears_alarms, _ears_days),
}


def _planted(district: District, number: int) -> tuple[Cases, NDArray[bool_]]:
    rng = _rng(number)
    cases = district.cases(rng, BASE_DAYS + AFTER_DAYS)
    problem = plant(district, rng, KIND, START + number % _WEEK)
    keys = {case.record for case in problem.cases}
    ordered = sorted([*cases, *problem.cases], key=lambda case: (case.minute or 0, case.record))
    return _cases(ordered), np.array([case.record in keys for case in ordered])


def _cases(cases: Sequence[Case]) -> Cases:
    points = np.array([(case.easting, case.northing) for case in cases], dtype=np.float64)
    return Cases(points, np.array([case.day for case in cases]))


def _rng(number: int) -> np.random.Generator:
    return np.random.default_rng([7, number])
