"""Clusters as GeoJSON are valid by RFC 7946 and are where they were found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from offline.detect.errors import DetectError
from offline.detect.geojson import SMALLEST_M, geojson_of
from offline.detect.reading import read_events
from offline.detect.running import Order, detect
from sanitiser.places.coordinates import to_national_grid_many
from schemas.catalogue import load_catalogue
from tests.offline.detect.events import planted


def features_of(file: Path, **settings: Any) -> dict[str, Any]:
    return geojson_of(detect(read_events(file, load_catalogue()), Order(replicates=9, **settings)))


@pytest.fixture
def features(tmp_path: Path) -> dict[str, Any]:
    return features_of(planted(tmp_path / "events.csv"))


def test_it_is_a_collection_of_polygons_without_a_reference_system(
    features: dict[str, Any],
) -> None:
    assert features["type"] == "FeatureCollection"
    assert "crs" not in features
    assert features["features"]
    for feature in features["features"]:
        assert feature.keys() == {"type", "geometry", "properties"}
        assert feature["type"] == "Feature"
        assert feature["geometry"]["type"] == "Polygon"


def test_each_ring_is_closed_and_counter_clockwise(features: dict[str, Any]) -> None:
    for feature in features["features"]:
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        assert len(ring) > 4
        x, y = np.array(ring).T
        assert np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) > 0


def test_positions_are_longitude_and_latitude_of_the_circle(features: dict[str, Any]) -> None:
    for feature in features["features"]:
        told = feature["properties"]
        ring = np.array(feature["geometry"]["coordinates"][0])
        eastings, northings = to_national_grid_many(ring[:, 0], ring[:, 1])
        away = np.hypot(eastings - told["centre"][0], northings - told["centre"][1])
        assert away == pytest.approx(told["drawn_radius_m"], abs=0.05)


def test_one_site_is_drawn_as_a_circle_and_never_as_a_point(features: dict[str, Any]) -> None:
    told = features["features"][0]["properties"]
    assert (told["radius_m"], told["drawn_radius_m"], told["rank"]) == (0, SMALLEST_M, 1)


def test_a_cluster_outside_the_national_grid_is_refused(tmp_path: Path) -> None:
    file = planted(tmp_path / "events.csv", easting=5_000_000)
    with pytest.raises(DetectError, match="accepted for GeoJSON: coordinates of EPSG:27700"):
        features_of(file)
