"""Near repeats of an evaluation: does one case bring others near it, in the weeks after it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy import float64, int64
from numpy.random import Generator
from numpy.typing import NDArray

from detection.emerging.evaluating_scan import HIGHEST_P
from detection.emerging.facts import Detection
from detection.emerging.finding_places import matches_with
from detection.emerging.settings import Settings
from detection.emerging.snapshots import Snapshot
from detection.near_repeats.counting import TooManyPairsError
from detection.near_repeats.knox import Knox, knox, recent_pairs
from detection.scan.counts import Ints

_NEW_DAYS: Final = 7


def near_repeats(snapshot: Snapshot, settings: Settings, rng: Generator) -> Iterator[Detection]:
    """Return the newest near repeats, if the series has more of them than chance gives.

    The Knox test is of all cases of the study period; days are permuted within strata. The cases are one of
    the last week, the one with the most cases near it in the weeks before, and those.
    """
    if "near-repeat" not in snapshot.kinds or len(snapshot.keys) < settings.minimum_cases:
        return
    points = snapshot.points[snapshot.site].astype(float64)
    try:
        found = knox(
            points,
            snapshot.day,
            settings.near_repeat_m,
            settings.near_repeat_days,
            settings.replicates,
            rng,
            snapshot.stratum,
        )
    except TooManyPairsError:
        return
    cases = _newest(snapshot, points, settings)
    if len(cases) and found.both > found.expected_permuted and found.p.value <= HIGHEST_P:
        yield _detection(snapshot, cases, found)


def _newest(snapshot: Snapshot, points: NDArray[float64], settings: Settings) -> Ints:
    """Return a case of the last week with those near it before, the newest first."""
    pairs = recent_pairs(
        points,
        snapshot.day,
        settings.near_repeat_m,
        settings.near_repeat_days,
        snapshot.as_of - _NEW_DAYS + 1,
    )
    if not len(pairs):
        return np.zeros(0, dtype=int64)
    newer, numbers = np.unique(pairs[:, 1], return_counts=True)
    newest = newer[::-1][numbers[::-1].argmax()]
    return np.append(newest, pairs[pairs[:, 1] == newest, 0])


def _detection(snapshot: Snapshot, indices: Ints, found: Knox) -> Detection:
    points = snapshot.points[snapshot.site[indices]]
    cases = frozenset(snapshot.keys[index] for index in indices)
    return Detection(
        kind="near-repeat",
        series=snapshot.series,
        easting=int(points[0, 0]),
        northing=int(points[0, 1]),
        radius_m=float(np.sqrt(((points - points[0]) ** 2).sum(axis=1).max())),
        first_day=int(snapshot.day[indices].min()),
        last_day=snapshot.as_of,
        observed=len(cases),
        expected=len(cases) * found.expected_permuted / found.both,
        statistic=float(found.both),
        p=found.p,
        looked=False,
        cases=cases,
        matches=matches_with(snapshot.matches, cases),
        evidence={
            "close_pairs": float(found.both),
            "expected_pairs": found.expected_permuted,
            "near_pairs": float(found.near),
            "soon_pairs": float(found.soon),
            "pairs": float(found.pairs),
        },
    )
