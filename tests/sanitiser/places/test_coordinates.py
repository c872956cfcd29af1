"""Degrees to the National Grid, against Ordnance Survey's own test points."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from convertbng import cutil

from sanitiser.places import coordinates
from sanitiser.places.coordinates import (
    NoExactTransformation,
    to_degrees_many,
    to_national_grid,
    to_national_grid_many,
)

MILLIMETRE = 0.0011


@pytest.fixture
def os_points(shared_data: Path) -> np.ndarray:
    """Return longitude, latitude, easting, northing of the 40 points of OSTN15."""
    folder = shared_data / "coordinates"
    if not folder.is_dir():
        pytest.skip("Ordnance Survey's test points are not beside the checkout")
    given = _rows(folder / "OSTN15_OSGM15_TestInput_ETRStoOSGB.txt")
    answers = _rows(folder / "OSTN15_OSGM15_TestOutput_ETRStoOSGB.txt")
    return np.array(
        [
            [float(g[2]), float(g[1]), float(a[1]), float(a[2])]
            for g, a in zip(given, answers, strict=True)
        ]
    )


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))[1:]


def test_every_ordnance_survey_point_comes_out_to_the_millimetre(os_points: np.ndarray) -> None:
    assert len(os_points) == 40
    for longitude, latitude, easting, northing in os_points:
        found = to_national_grid(longitude, latitude)
        assert found == pytest.approx((easting, northing), abs=MILLIMETRE)


def test_arrays_give_what_single_points_give(os_points: np.ndarray) -> None:
    eastings, northings = to_national_grid_many(os_points[:, 0], os_points[:, 1])
    assert eastings == pytest.approx(os_points[:, 2], abs=MILLIMETRE)
    assert northings == pytest.approx(os_points[:, 3], abs=MILLIMETRE)


def test_the_worked_example_of_caister_water_tower() -> None:
    found = to_national_grid(1.716073973, 52.658007833)
    assert found == pytest.approx((651409.804, 313177.450), abs=MILLIMETRE)


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [(-30.0, 52.0), (0.0, 70.0), (2.35, 48.85), (math.nan, 51.0), (math.inf, 51.0)],
)
def test_a_point_outside_the_grid_has_no_position(longitude: float, latitude: float) -> None:
    assert to_national_grid(longitude, latitude) is None
    eastings, northings = to_national_grid_many([longitude], [latitude])
    assert np.isnan([eastings[0], northings[0]]).all()


def test_an_approximation_is_refused_rather_than_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def helmert(_: object, __: object) -> tuple[np.ndarray, np.ndarray]:
        return np.array([651411.5]), np.array([313175.0])

    coordinates._engine.cache_clear()
    monkeypatch.setattr(coordinates, "_candidates", lambda: iter([helmert]))
    with pytest.raises(NoExactTransformation, match="OSTN15"):
        to_national_grid(1.7, 52.6)


def test_every_ordnance_survey_point_comes_back_to_its_degrees(os_points: np.ndarray) -> None:
    longitudes, latitudes = to_degrees_many(os_points[:, 2], os_points[:, 3])
    inside = ~np.isnan(longitudes)
    assert inside.sum() >= 38
    # 1e-7 of a degree is about a centimetre.
    assert longitudes[inside] == pytest.approx(os_points[inside, 0], abs=1e-7)
    assert latitudes[inside] == pytest.approx(os_points[inside, 1], abs=1e-7)


def test_a_point_far_outside_the_national_grid_has_no_degrees() -> None:
    longitudes, latitudes = to_degrees_many([-5e6], [4e6])
    assert np.isnan([longitudes[0], latitudes[0]]).all()


def test_degrees_by_an_approximation_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def helmert(_: object, __: object) -> tuple[np.ndarray, np.ndarray]:
        return np.array([1.7160753]), np.array([52.65800617])

    monkeypatch.setattr(cutil, "convert_osgb36_to_ll", helmert)
    with pytest.raises(NoExactTransformation, match="OSTN15"):
        to_degrees_many([651409.804], [313177.450])
