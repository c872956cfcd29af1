"""The place of a detection: its cases and the circle around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from detection.emerging.facts import CaseKey, Match
from detection.emerging.sites import Floats
from detection.scan.counts import Ints


class Circle(NamedTuple):
    """A circle in metres (EPSG:27700)."""

    easting: int
    northing: int
    radius_m: float


def circle_of(points: Ints | Floats) -> Circle:
    """Return a circle that has all points (N, 2), around their mean."""
    centre = points.mean(axis=0).round()
    radius = np.sqrt(((points - centre) ** 2).sum(axis=1).max()) if len(points) > 1 else 0.0
    return Circle(int(centre[0]), int(centre[1]), float(radius))


def matches_with(matches: Sequence[Match], cases: frozenset[CaseKey]) -> tuple[Match, ...]:
    """Return the matches of which a case is among these."""
    return tuple(match for match in matches if match.cases[0] in cases)
