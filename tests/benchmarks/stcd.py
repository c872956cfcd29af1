"""The detector of Assuncao and Correa (2009), as `stcd` of R's `surveillance` 1.20.3, to compare with.

"Surveillance to detect emerging space-time clusters", Computational Statistics and Data Analysis 53:2817.
Each case is the base of a cylinder that is open until now. The statistic is the sum over the cylinders of the
likelihood ratio of an intensity that is 1 + epsilon times as large inside (Shiryaev and Roberts), or its
maximum (CUSUM).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from tests.benchmarks.rivals import Alarm, Cases, first_detection

RADIUS_M = 500.0
EPSILON = 0.5

Floats = NDArray[float64]


class Step(NamedTuple):
    """The logarithms (i + 1,) of the likelihood ratios of the cylinders from each case, as of case `i`."""

    logs: Floats
    inside: NDArray[bool_]
    """The cases (i + 1,) within the radius of case `i`."""


def steps(points: Floats, radius: float, epsilon: float) -> Iterator[Step]:
    """Yield a step for each case at points (n, 2), in the order of their times."""
    within = np.zeros(len(points))  # cases in the cylinder of each case
    ever = np.zeros(len(points))  # cases within its radius at any time
    for i, point in enumerate(points):
        inside = np.hypot(*(points[: i + 1] - point).T) < radius
        within[: i + 1] += inside
        ever[: i + 1] += inside
        ever[i] = inside.sum()
        expected = ever[: i + 1] * np.arange(i + 1, 0, -1) / (i + 1)
        yield Step(within[: i + 1] * np.log1p(epsilon) - epsilon * expected, inside)


def statistic(points: Floats, radius: float, epsilon: float, is_cusum: bool = False) -> Floats:
    """Return the statistic (n,) after each case; that of CUSUM is the largest so far, as in R."""
    if is_cusum:
        largest = [step.logs.max() for step in steps(points, radius, epsilon)]
        return np.exp(np.maximum.accumulate(largest))
    return np.array([np.exp(step.logs).sum() for step in steps(points, radius, epsilon)])


def first_alarm(
    points: Floats, radius: float, epsilon: float, threshold: float
) -> tuple[int, int] | None:
    """Return the indices of the case that gives the first alarm, and of the case that is its centre."""
    for i, step in enumerate(steps(points, radius, epsilon)):
        if np.exp(step.logs).sum() > threshold:
            return i, int(step.logs.argmax())
    return None


def alarms(
    cases: Cases, threshold: float, radius: float = RADIUS_M, epsilon: float = EPSILON
) -> list[Alarm]:
    """Return the alarms; after each, only cylinders that begin later are summed.

    What is expected of a cylinder is still estimated from all cases before.
    """
    order = np.argsort(cases.days, kind="stable")
    points = cases.points[order]
    found, start = [], 0
    for i, step in enumerate(steps(points, radius, epsilon)):
        logs = step.logs[start:]
        if np.exp(logs).sum() > threshold:
            centre = start + int(logs.argmax())
            near = np.hypot(*(points[centre : i + 1] - points[centre]).T) < radius
            found.append(Alarm(int(cases.days[order[i]]), order[centre : i + 1][near]))
            start = i + 1
    return found


def days_to_detection(
    points: Floats,
    days: NDArray[int64],
    planted: NDArray[bool_],
    threshold: float,
    radius: float = RADIUS_M,
    epsilon: float = EPSILON,
) -> int | None:
    """Return the day of the planted cluster (n,) on which it is detected, or None."""
    return first_detection(alarms(Cases(points, days), threshold, radius, epsilon), days, planted)
