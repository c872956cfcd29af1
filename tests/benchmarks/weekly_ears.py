"""Plain weekly EARS C2 for each area, to compare with: an alarm where a week's count exceeds the bound."""

from __future__ import annotations

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from tests.benchmarks.rivals import Alarm, Cases, first_detection

AREA_M = 3_000.0
"""About an outward postcode of a town."""

MINIMUM_SIGMA = 0.5
"""Without one, any case in an area without cases is an alarm at every threshold."""

BASELINE = 7
GUARD = 2
WEEK = 7


def scores(counts: NDArray[int64], minimum_sigma: float = MINIMUM_SIGMA) -> NDArray[float64]:
    """Return the distance (A, T) of the counts (A, T) from the means before, in standard deviations.

    The first weeks have no reference: their score is minus infinity.
    """
    result = np.full(counts.shape, -np.inf)
    first = BASELINE + GUARD
    if counts.shape[1] <= first:
        return result
    windows = np.lib.stride_tricks.sliding_window_view(counts, BASELINE, axis=1)
    reference = windows[:, : counts.shape[1] - first]
    sigma = np.maximum(reference.std(axis=2, ddof=1), minimum_sigma)
    result[:, first:] = (counts[:, first:] - reference.mean(axis=2)) / sigma
    return result


def alarms(
    cases: Cases,
    threshold: float,
    area_m: float = AREA_M,
    minimum_sigma: float = MINIMUM_SIGMA,
) -> list[Alarm]:
    """Return the alarms at the ends of the weeks, one for each square of `area_m` above its bound.

    The bound is the mean and `threshold` standard deviations. The last week counts if it is whole.
    """
    first, last = int(cases.days.min()), int(cases.days.max())
    weeks = (cases.days - first) // WEEK
    whole = (last - first + 1) // WEEK
    squares = np.floor(cases.points / area_m).astype(int64)
    _, area = np.unique(squares, axis=0, return_inverse=True)
    area = area.reshape(-1)
    counts = np.zeros((area.max() + 1, max(whole, int(weeks.max()) + 1)), int64)
    np.add.at(counts, (area, weeks), 1)
    above = np.argwhere(scores(counts[:, :whole], minimum_sigma) > threshold)
    return [
        Alarm(first + WEEK * (int(week) + 1) - 1, np.flatnonzero((area == place) & (weeks == week)))
        for place, week in above[np.argsort(above[:, 1], kind="stable")]
    ]


def days_to_detection(
    points: NDArray[float64],
    days: NDArray[int64],
    planted: NDArray[bool_],
    threshold: float,
    area_m: float = AREA_M,
    minimum_sigma: float = MINIMUM_SIGMA,
) -> int | None:
    """Return the day of the planted cluster (n,) on which it is detected, or None."""
    return first_detection(
        alarms(Cases(points, days), threshold, area_m, minimum_sigma), days, planted
    )
