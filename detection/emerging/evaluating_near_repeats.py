"""Near repeats of an evaluation: does one case bring others near it, in the weeks after it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy import float64
from numpy.random import Generator

from detection.emerging.evaluating_scan import HIGHEST_P
from detection.emerging.facts import Detection
from detection.emerging.finding_places import circle_of, matches_with
from detection.emerging.settings import Settings
from detection.emerging.snapshots import Snapshot
from detection.near_repeats.counting import TooManyPairsError
from detection.near_repeats.knox import Knox, knox, recent_pairs
from detection.scan.counts import Ints

_NEW_DAYS: Final = 7


def near_repeats(snapshot: Snapshot, settings: Settings, rng: Generator) -> Iterator[Detection]:
    """Return the newest chain of near repeats, if the series has more of them than chance gives.

    The Knox test is of all cases of the study period; days are permuted within strata. The chain is the
    largest of those that a case of the last week has joined.
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
    chain = _newest_chain(snapshot, points, settings)
    if len(chain) and found.both > found.expected_permuted and found.p.value <= HIGHEST_P:
        yield _detection(snapshot, chain, found)


def _newest_chain(snapshot: Snapshot, points: np.ndarray, settings: Settings) -> Ints:
    """Return the cases of the largest chain of close pairs that a case of the last week has joined."""
    pairs = recent_pairs(
        points,
        snapshot.day,
        settings.near_repeat_m,
        settings.near_repeat_days,
        snapshot.as_of - _NEW_DAYS + 1,
    )
    chain_of: dict[int, set[int]] = {}
    for one, other in pairs.tolist():
        joined = chain_of.get(one, {one}) | chain_of.get(other, {other})
        chain_of.update(dict.fromkeys(joined, joined))
    largest = max(chain_of.values(), key=lambda chain: (len(chain), -min(chain)), default=set())
    return np.array(sorted(largest), dtype=np.int64)


def _detection(snapshot: Snapshot, chain: Ints, found: Knox) -> Detection:
    circle = circle_of(snapshot.points[snapshot.site[chain]])
    cases = frozenset(snapshot.keys[index] for index in chain)
    return Detection(
        kind="near-repeat",
        series=snapshot.series,
        easting=circle.easting,
        northing=circle.northing,
        radius_m=circle.radius_m,
        first_day=int(snapshot.day[chain].min()),
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
