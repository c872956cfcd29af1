"""The circle of a finding as a GeoJSON polygon."""

from __future__ import annotations

import json
from math import ceil
from typing import Final

import numpy as np

from detection.emerging.facts import Detection
from sanitiser.places.coordinates import to_degrees_many

LEAST_RADIUS_M: Final = 150
"""No circle is so small that it is one home."""

_POINTS: Final = 64
_DIGITS: Final = 6  # a tenth of a metre


def radius_of(found: Detection) -> int:
    """Return the radius of the circle that is published, in whole metres."""
    return max(LEAST_RADIUS_M, ceil(found.radius_m))


def polygon(easting: int, northing: int, radius_m: int) -> str:
    """Return a circle as a GeoJSON polygon (RFC 7946) of 64 points in WGS84, anticlockwise and closed."""
    angles = np.linspace(0, 2 * np.pi, _POINTS, endpoint=False)
    longitudes, latitudes = to_degrees_many(
        easting + radius_m * np.cos(angles), northing + radius_m * np.sin(angles)
    )
    points = [
        [round(float(x), _DIGITS), round(float(y), _DIGITS)]
        for x, y in zip(longitudes, latitudes, strict=True)
        if np.isfinite(x + y)
    ]
    return json.dumps({"type": "Polygon", "coordinates": [[*points, *points[:1]]]})
