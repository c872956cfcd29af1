"""The scan of an evaluation, its null, and the null of the looks of the next day."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator

from detection.emerging.arrivals import next_day
from detection.emerging.facts import Detection
from detection.emerging.finding_places import matches_with
from detection.emerging.settings import Settings
from detection.emerging.snapshots import Snapshot
from detection.emerging.tables import Table
from detection.scan.p_values import Null
from detection.scan.replicates import look_maxima, replicate_maxima
from detection.scan.scanning import Cluster, scan
from detection.scan.zones import Zones, build_zones, limit_share

HIGHEST_P: Final = 0.2
"""Detections with a greater p-value are of no use at any level."""

_MINIMUM: Final = 2
_MOST: Final = 20


def scanned(
    snapshot: Snapshot, settings: Settings, rng: Generator
) -> tuple[tuple[Detection, ...], Null | None, Null | None]:
    """Return the clusters, the null and the null of the looks of the next day.

    Clusters have the minimum of cases that a finding must have. The nulls are over clusters of two cases or
    more, as in SaTScan: where cases are few, a minimum leaves replicates without any cluster, and a Gumbel
    distribution does not fit them. The p-values are therefore a little too large.
    """
    if "scan" not in snapshot.kinds or len(snapshot.keys) < settings.minimum_cases:
        return (), None, None
    table = Table.of(snapshot)
    counts = table.counts(snapshot.as_of, settings)
    zones = _zones(table, settings)
    null = Null.of(replicate_maxima(counts, zones, settings.replicates, rng, _MINIMUM))
    clusters = scan(counts, zones, settings.minimum_cases, most=_MOST)
    found = (_detection(cluster, null, snapshot) for cluster in clusters)
    kept = tuple(each for each in found if each.p.value <= HIGHEST_P)
    return kept, null, _look_null(snapshot, table, settings, rng)


def _look_null(snapshot: Snapshot, table: Table, settings: Settings, rng: Generator) -> Null:
    later, arriving = next_day(snapshot, table, settings, rng)
    counts = later.counts(snapshot.as_of + 1, settings)
    zones = _zones(later, settings)
    return Null.of(look_maxima(counts, zones, settings.replicates, rng, _MINIMUM, arriving))


def _zones(table: Table, settings: Settings) -> Zones:
    zones = build_zones(table.points, settings.radius_m)
    return limit_share(zones, np.bincount(table.site, minlength=len(table.points)), settings.share)


def _detection(cluster: Cluster, null: Null, snapshot: Snapshot) -> Detection:
    easting, northing = snapshot.points[cluster.centre].tolist()
    first_day = snapshot.as_of - cluster.window + 1
    (inside,) = np.nonzero(np.isin(snapshot.site, cluster.sites) & (snapshot.day >= first_day))
    cases = frozenset(snapshot.keys[index] for index in inside)
    return Detection(
        kind="scan",
        series=snapshot.series,
        easting=easting,
        northing=northing,
        radius_m=cluster.radius,
        first_day=first_day,
        last_day=snapshot.as_of,
        observed=cluster.observed,
        expected=cluster.expected,
        statistic=cluster.llr,
        p=null.p(cluster.llr),
        looked=False,
        cases=cases,
        matches=matches_with(snapshot.matches, cases),
        evidence={"window_days": float(cluster.window), "sites": float(len(cluster.sites))},
    )
