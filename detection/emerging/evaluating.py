"""Evaluations: the detectors over one series as of one day. Pure, and picklable for a process of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detection.emerging.evaluating_near_repeats import near_repeats
from detection.emerging.evaluating_rates import unusual_rates
from detection.emerging.evaluating_scan import scanned
from detection.emerging.facts import Detection, Kind, SeriesKey
from detection.emerging.look_null import LookNull
from detection.emerging.settings import Settings
from detection.emerging.snapshots import DAILY, WEEKLY, Snapshot, Supplied
from detection.scan.p_values import Null

__all__ = ["DAILY", "WEEKLY", "Evaluation", "Snapshot", "Supplied", "evaluate"]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The findings of the detectors `kinds`, and the nulls.

    `null` is for evaluations, `look_null` for the looks of `Snapshot.look_day`. Both are None if the series
    has too few cases; `null` is also None if the scan was not due.
    """

    series: SeriesKey
    as_of: int
    kinds: frozenset[Kind]
    detections: tuple[Detection, ...]
    null: Null | None
    look_null: LookNull | None


def evaluate(snapshot: Snapshot, settings: Settings, seed: int) -> Evaluation:
    """Run the detectors that are due. The same snapshot, settings and seed give the same result."""
    rng = np.random.default_rng(seed)
    clusters, null, look_null = scanned(snapshot, settings, rng)
    return Evaluation(
        snapshot.series,
        snapshot.as_of,
        snapshot.kinds,
        (*clusters, *unusual_rates(snapshot, settings), *near_repeats(snapshot, settings, rng)),
        null,
        look_null,
    )
