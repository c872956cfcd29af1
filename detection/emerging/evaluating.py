"""Evaluations: the detectors over one series as of one day. Pure, and picklable for a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from numpy import bool_, int64
from numpy.typing import NDArray

from detection.emerging.facts import CaseKey, Detection, Kind, Match, SeriesKey, Source
from detection.emerging.settings import Settings
from detection.emerging.strata import Stratum
from detection.scan.p_values import Null

DAILY: Final[frozenset[Kind]] = frozenset({"scan"})
WEEKLY: Final[frozenset[Kind]] = frozenset({"near-repeat", "farrington", "ears"})


@dataclass(frozen=True, slots=True)
class Rate:
    """The cases a day of one source in one area, and what is known of its supplies.

    Shape (D,): the days from `first_day`. `is_covered` is False on a day without a supply, which is missing.
    """

    source: Source
    area: str
    first_day: int
    counts: NDArray[int64]
    is_covered: NDArray[bool_]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One series as of one day, without the cases of held sources.

    Shapes: S sites, N counted cases of the study period. `points` (S, 2) are easting and northing in metres,
    `site`, `stratum` and `day` (N,) the site, the stratum and the day of each case. `keys` are those of the
    cases. `kinds` are the detectors that are due.
    """

    series: SeriesKey
    as_of: int
    points: NDArray[int64]
    site: NDArray[int64]
    stratum: NDArray[int64]
    day: NDArray[int64]
    keys: tuple[CaseKey, ...]
    strata: tuple[Stratum, ...]
    matches: tuple[Match, ...] = ()
    rates: tuple[Rate, ...] = ()
    complete: Mapping[Source, int] = field(default_factory=dict)
    kinds: frozenset[Kind] = DAILY


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result: what the detectors `kinds` found, and the nulls that were computed.

    `null` is that of evaluations; `look_null` is that of the looks of the day after `as_of`. Both are None if
    the series has too few cases.
    """

    series: SeriesKey
    as_of: int
    kinds: frozenset[Kind]
    detections: tuple[Detection, ...]
    null: Null | None
    look_null: Null | None


def evaluate(snapshot: Snapshot, settings: Settings, seed: int) -> Evaluation:
    """Run the detectors that are due."""
    raise NotImplementedError
