"""The scan of observed counts, against plain loops."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.scan.scanning import Cluster, scan, scan_near
from tests.detection.scan.reference import found, ratio
from tests.detection.scan.series import Series, series


@given(series(), st.integers(1, 4))
def test_best_cluster_is_the_best_of_all_circles_and_windows(given: Series, minimum: int) -> None:
    clusters = scan(given.counts, given.zones, minimum)
    expected = sorted(each.llr for each in found(given.counts, given.around, minimum))
    assert [c.llr for c in clusters[:1]] == pytest.approx(expected[-1:], abs=1e-9)


@given(series())
def test_each_cluster_is_the_best_of_its_centre_and_has_its_own_counts(given: Series) -> None:
    everything = found(given.counts, given.around, 2)
    for cluster in scan(given.counts, given.zones):
        of_centre = [each for each in everything if each.centre == cluster.centre]
        assert cluster.llr == pytest.approx(max(each.llr for each in of_centre))
        (same,) = (
            each
            for each in of_centre
            if (each.sites, each.window) == (tuple(cluster.sites), cluster.window)
        )
        assert cluster.observed == same.observed
        assert cluster.expected == pytest.approx(same.expected)


@given(series())
def test_secondary_clusters_are_weaker_and_share_no_site(given: Series) -> None:
    clusters = scan(given.counts, given.zones)
    sites = [site for cluster in clusters for site in cluster.sites]
    assert len(sites) == len(set(sites))
    ratios = [cluster.llr for cluster in clusters]
    assert ratios == pytest.approx(sorted(ratios, reverse=True), abs=1e-8)


@given(series())
def test_no_centre_with_a_cluster_apart_from_all_others_is_left_out(given: Series) -> None:
    taken = {int(site) for cluster in scan(given.counts, given.zones) for site in cluster.sites}
    everything = found(given.counts, given.around, 2)
    for centre in range(len(given.points)):
        best = [each for each in everything if each.centre == centre]
        top = max((each.llr for each in best), default=0.0)
        tops = [each for each in best if each.llr > top - 1e-8]
        assert not tops or any(taken & set(each.sites) for each in tops)


@given(series(), st.randoms(use_true_random=False))
def test_order_of_cases_does_not_matter(given: Series, random: Random) -> None:
    cases = list(given.cases)
    random.shuffle(cases)
    other = replace(given, cases=tuple(cases))
    assert _facts(scan(given.counts, given.zones)) == _facts(scan(other.counts, other.zones))


@given(series(), st.randoms(use_true_random=False))
def test_order_of_sites_does_not_matter_for_the_best_ratio(given: Series, random: Random) -> None:
    order = list(range(len(given.points)))
    random.shuffle(order)
    points = [given.points[order.index(place)] for place in range(len(order))]
    cases = tuple((order[site], stratum, lag) for site, stratum, lag in given.cases)
    other = replace(given, points=tuple(points), cases=cases)
    best = [c.llr for c in scan(given.counts, given.zones, most=1)]
    assert [c.llr for c in scan(other.counts, other.zones, most=1)] == pytest.approx(best)


@given(series(), st.data())
def test_a_look_finds_the_best_circle_that_contains_the_site(
    given: Series, data: st.DataObject
) -> None:
    site = data.draw(st.integers(0, len(given.points) - 1))
    near = [each for each in found(given.counts, given.around, 2) if site in each.sites]
    cluster = scan_near(given.counts, given.zones, site)
    if cluster is None:
        assert not near
        return
    assert cluster.llr == pytest.approx(max(each.llr for each in near))
    assert site in cluster.sites
    assert any(
        (each.centre, each.sites, each.window, each.observed)
        == (cluster.centre, tuple(cluster.sites), cluster.window, cluster.observed)
        for each in near
    )


def test_no_more_clusters_than_asked_for() -> None:
    recent = ((0, 0, 0), (0, 0, 0), (1, 0, 1), (1, 0, 1))
    before = ((2, 0, 9),) * 12
    given = Series(((0, 0), (900, 0), (1800, 0)), recent + before, 1, 100.0, 0.5)
    assert len(scan(given.counts, given.zones)) == 2
    assert len(scan(given.counts, given.zones, most=1)) == 1


def test_days_without_cases_elsewhere_in_a_stratum_explain_a_burst() -> None:
    """The second supplier has cases at one place only, and all of them today: no cluster."""
    steady = tuple((site, 0, lag) for site in range(3) for lag in range(10))
    burst = tuple((0, 1, 0) for _ in range(8))
    given = Series(((0, 0), (900, 0), (1800, 0)), steady + burst, 2, 100.0, 1.0)
    assert scan(given.counts, given.zones) == []
    pooled = replace(given, cases=tuple((s, 0, lag) for s, _, lag in given.cases), strata=1)
    assert scan(pooled.counts, pooled.zones)[0].sites.tolist() == [0]


def test_ratio_is_that_of_the_definition() -> None:
    assert ratio(4, 0.67, 194) == pytest.approx(3.84, abs=0.02)
    assert ratio(1, 2.0, 10) == 0


def test_without_cases_there_is_no_cluster() -> None:
    given = Series(((0, 0),), ((0, 0, 15),), 1, None, 1.0)
    assert scan(given.counts, given.zones) == []
    assert scan_near(given.counts, given.zones, 0) is None


def _facts(clusters: list[Cluster]) -> list[tuple[object, ...]]:
    return [
        (c.centre, c.window, c.observed, c.expected, c.llr, *np.asarray(c.sites).tolist())
        for c in clusters
    ]
