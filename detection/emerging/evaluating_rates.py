"""The rates of an evaluation: this week's cases of a source in an area, against the weeks before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy import bool_
from numpy.typing import NDArray

from detection.emerging.evaluating_scan import HIGHEST_P
from detection.emerging.facts import Detection, Kind, PValue
from detection.emerging.finding_places import circle_of
from detection.emerging.rate_series import WEEK, Rate, detector_of
from detection.emerging.settings import Settings
from detection.emerging.snapshots import Snapshot
from detection.rates.assessment import Assessment
from detection.rates.ears import EarsOptions, assess_ears
from detection.rates.farrington import NOUFAILY, assess_farrington
from detection.scan.counts import Ints

_C2: Final = EarsOptions("C2", baseline=26)
"""Half a year of weeks: with the seven of R only a multiple of the usual could be significant."""

_OTHERS: Final = (EarsOptions("C1"), EarsOptions("C3", alpha=0.025))


class Weeks(NamedTuple):
    """The cases of consecutive weeks (T,), of which some are not known. The last ends on `last_day`."""

    counts: Ints
    missing: NDArray[bool_]
    last_day: int


def unusual_rates(snapshot: Snapshot, settings: Settings) -> Iterator[Detection]:
    """Return the rates of the last complete week that are unusually high.

    Farrington Flexible is used if the history has three years, else EARS.
    """
    for rate in snapshot.rates:
        kind = detector_of(len(rate.counts))
        weeks = weeks_of(rate, snapshot)
        if kind in snapshot.kinds and weeks:
            yield from _assessed(snapshot, rate, weeks, kind, settings)


def weeks_of(rate: Rate, snapshot: Snapshot) -> Weeks | None:
    """Return the weeks up to the last complete day. A week is missing if one of its days has no supply."""
    last_day = min(snapshot.complete.get(rate.source, snapshot.as_of), snapshot.as_of)
    days = last_day - rate.first_day + 1
    weeks = days // WEEK
    if weeks < 1:
        return None
    used = slice(days - weeks * WEEK, days)
    counts = rate.counts[used].reshape(weeks, WEEK).sum(axis=1)
    covered = rate.is_covered[used].reshape(weeks, WEEK).sum(axis=1)
    return Weeks(counts, covered < WEEK, last_day)


def _assessed(
    snapshot: Snapshot, rate: Rate, weeks: Weeks, kind: Kind, settings: Settings
) -> Iterator[Detection]:
    found = (
        assess_farrington(weeks.counts, weeks.missing, NOUFAILY, weeks.last_day)
        if kind == "farrington"
        else assess_ears(weeks.counts, weeks.missing, _C2)
    )
    if found is None or found.observed < settings.minimum_cases or not found.is_enough:
        return
    indices = _cases(snapshot, rate, weeks.last_day)
    if found.observed > found.expected and found.p_predictive <= HIGHEST_P and len(indices):
        evidence = _evidence(found) | ({} if kind == "farrington" else _bounds(weeks))
        yield _detection(snapshot, rate.area, weeks, indices, kind, found, evidence)


def _cases(snapshot: Snapshot, rate: Rate, last_day: int) -> Ints:
    is_of_week = (snapshot.day > last_day - WEEK) & (snapshot.day <= last_day)
    return np.array(
        [
            index
            for index in np.flatnonzero(is_of_week).tolist()
            if snapshot.areas[index] == rate.area
            and snapshot.strata[snapshot.stratum[index]].source == rate.source
        ],
        dtype=np.int64,
    )


def _detection(
    snapshot: Snapshot,
    area: str,
    weeks: Weeks,
    indices: Ints,
    kind: Kind,
    found: Assessment,
    evidence: dict[str, float],
) -> Detection:
    circle = circle_of(snapshot.points[snapshot.site[indices]])
    return Detection(
        kind=kind,
        series=snapshot.series,
        easting=circle.easting,
        northing=circle.northing,
        radius_m=circle.radius_m,
        first_day=weeks.last_day - WEEK + 1,
        last_day=weeks.last_day,
        observed=found.observed,
        expected=found.expected,
        statistic=found.upper,
        p=PValue(found.p_predictive, "tail"),
        looked=False,
        cases=frozenset(snapshot.keys[index] for index in indices),
        evidence=evidence,
        area=area,
    )


def _evidence(found: Assessment) -> dict[str, float]:
    return {
        "upper": found.upper,
        "p_of_detector": found.p,
        "references": float(found.references),
        "dispersion": found.dispersion,
        "has_trend": float(found.has_trend),
    }


def _bounds(weeks: Weeks) -> dict[str, float]:
    """Return the bounds of EARS C1 and C3, where there are any."""
    assessed = ((o, assess_ears(weeks.counts, weeks.missing, o)) for o in _OTHERS)
    return {f"upper_{o.method.lower()}": a.upper for o, a in assessed if a is not None}
