"""Write clusters as GeoJSON (RFC 7946): a circle each, in longitude and latitude (WGS84)."""

from __future__ import annotations

from typing import Final

import numpy as np

from offline.detect.document import Document, cluster_document
from offline.detect.errors import DetectError
from offline.detect.running import Found, Outcome
from sanitiser.places.coordinates import to_degrees_many

SMALLEST_M: Final = 100.0
"""The circle of a cluster is drawn at least so large, because one site can be one home."""
_CORNERS: Final = 64
_DECIMALS: Final = 7  # about a centimetre


def geojson_of(outcome: Outcome) -> Document:
    """Return a feature collection, the best cluster first. The properties are those of `--json`.

    `drawn_radius_m` is the radius of the circle as drawn.

    Raises:
        DetectError: a cluster is outside the National Grid.
    """
    features = [_feature(rank, found, outcome) for rank, found in enumerate(outcome.found, 1)]
    return {"type": "FeatureCollection", "features": features}


def _feature(rank: int, found: Found, outcome: Outcome) -> Document:
    radius = max(found.cluster.radius, SMALLEST_M)
    easting, northing = outcome.sites.points[found.cluster.centre].tolist()
    ring = _ring(easting, northing, radius)
    if ring is None:
        message = f"cluster {rank} at {easting:.0f},{northing:.0f} is outside the National Grid"
        message += ", so it has no longitude and latitude"
        raise DetectError(f"{message}; accepted for GeoJSON: coordinates of EPSG:27700")
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "rank": rank,
            **cluster_document(found, outcome),
            "drawn_radius_m": radius,
        },
    }


def _ring(easting: float, northing: float, radius: float) -> list[list[float]] | None:
    """Return the corners of a circle, counter-clockwise and closed; None if one has no degrees."""
    angles = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    longitudes, latitudes = to_degrees_many(
        easting + radius * np.cos(angles), northing + radius * np.sin(angles)
    )
    corners = np.column_stack([longitudes, latitudes]).round(_DECIMALS)
    if not np.isfinite(corners).all():
        return None
    return [*corners.tolist(), corners[0].tolist()]
