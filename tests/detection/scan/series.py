"""Series of cases for the tests of the scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from detection.scan.counts import Counts
from detection.scan.zones import Zones, build_zones, limit_share
from tests.detection.scan.reference import Point, circles

DAYS = 20
WINDOW = 4

Case = tuple[int, int, int]
"""Site, stratum, days before the as-of day."""


@dataclass(frozen=True)
class Series:
    """Points and cases of a few strata, and the limits of the circles."""

    points: tuple[Point, ...]
    cases: tuple[Case, ...]
    strata: int
    radius: float | None
    share: float

    @property
    def counts(self) -> Counts:
        return counts_of(self.cases, len(self.points), self.strata)

    @property
    def zones(self) -> Zones:
        zones = build_zones(np.array(self.points), self.radius)
        return limit_share(zones, self.counts.base.sum(axis=1), self.share)

    @property
    def around(self) -> list[tuple[int, tuple[int, ...]]]:
        totals = self.counts.base.sum(axis=1).tolist()
        return list(circles(self.points, self.radius, totals, self.share))


def counts_of(cases: tuple[Case, ...], sites: int, strata: int, window: int = WINDOW) -> Counts:
    """Return the counts of cases."""
    base = np.zeros((sites, strata), dtype=np.int64)
    recent = np.zeros((sites, window), dtype=np.int64)
    by_lag = np.zeros((strata, window), dtype=np.int64)
    for site, stratum, lag in cases:
        base[site, stratum] += 1
        if lag < window:
            recent[site, lag] += 1
            by_lag[stratum, lag] += 1
    return Counts(base, recent, by_lag)


def is_margin(counts: Counts, recent: NDArray[np.int64]) -> bool:
    """Return True if the cases per lag are those of the counts, and no site has more than it has."""
    days = (recent.sum(axis=0) == counts.by_lag.sum(axis=0)).all()
    return bool(days and (recent.sum(axis=1) <= counts.base.sum(axis=1)).all())


@st.composite
def series(draw: st.DrawFn) -> Series:
    """A series of up to 60 cases at up to 12 sites."""
    place = st.integers(0, 12).map(lambda step: step * 100)
    points = draw(st.lists(st.tuples(place, place), min_size=1, max_size=12, unique=True))
    strata = draw(st.integers(1, 3))
    case = st.tuples(
        st.integers(0, len(points) - 1),
        st.integers(0, strata - 1),
        st.integers(0, DAYS - 1) | st.integers(0, WINDOW - 1),
    )
    return Series(
        points=tuple(points),
        cases=tuple(draw(st.lists(case, min_size=1, max_size=60))),
        strata=strata,
        radius=draw(st.sampled_from([None, 0.0, 150.0, 500.0])),
        share=draw(st.sampled_from([0.2, 0.5, 1.0])),
    )
