"""The circle of a finding, as a polygon in degrees."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from sanitiser.places.coordinates import to_national_grid_many
from streams.emerging.circles import LEAST_RADIUS_M, polygon, radius_of
from tests.detection.emerging.building import detection


def test_each_point_of_the_polygon_is_at_the_radius_from_the_centre() -> None:
    made = json.loads(polygon(375_000, 165_000, 400))
    (ring,) = made["coordinates"]
    assert (made["type"], len(ring), ring[0]) == ("Polygon", 65, ring[-1])
    eastings, northings = to_national_grid_many(*np.array(ring).T)
    distances = np.hypot(eastings - 375_000, northings - 165_000)
    assert distances == pytest.approx(np.full(65, 400), abs=0.2)


def test_the_ring_is_anticlockwise() -> None:
    (ring,) = json.loads(polygon(375_000, 165_000, 400))["coordinates"]
    x, y = np.array(ring).T
    assert np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) > 0


def test_a_circle_of_one_site_is_never_one_home() -> None:
    assert radius_of(replace(detection(), radius_m=0.0)) == LEAST_RADIUS_M
    assert radius_of(replace(detection(), radius_m=400.2)) == 401
