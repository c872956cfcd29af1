"""The circles."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from detection.scan.zones import build_zones
from tests.detection.scan.series import Series, series


@given(series())
def test_circles_are_those_of_the_definition(given: Series) -> None:
    zones = given.zones
    rows = [
        (int(centre), tuple(zones.sites[zones.starts[centre] : circle + 1].tolist()))
        for circle, centre in enumerate(zones.centres)
    ]
    assert rows == given.around


@given(series())
def test_circles_of_a_site_are_those_on_whose_edge_it_is(given: Series) -> None:
    zones = given.zones
    for site in range(zones.size):
        assert (np.flatnonzero(zones.sites == site) == np.sort(zones.circles_to(site))).all()


def test_the_centre_comes_first_even_if_another_site_has_its_point() -> None:
    zones = build_zones(np.array([[0.0, 0.0], [5.0, 0.0], [5.0, 0.0]]), 1.0)
    assert zones.sites.tolist() == [0, 1, 2, 2, 1]
    assert zones.distances.tolist() == [0.0] * 5


def test_points_may_have_three_dimensions() -> None:
    zones = build_zones(np.array([[0.0, 0.0, 0.0], [0.0, 3.0, 4.0]]), 5.0)
    assert zones.distances.tolist() == [0.0, 5.0, 0.0, 5.0]
