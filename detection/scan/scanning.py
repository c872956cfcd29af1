"""The scan of observed counts: clusters of more cases than expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from detection.scan.counts import Counts, Ints
from detection.scan.statistic import llr, rates
from detection.scan.zones import Zones, sums


@dataclass(frozen=True, slots=True)
class Cluster:
    """A circle and a window that have more cases than expected.

    `radius` is the distance of the outermost of the `sites`, in the unit of the points; `window` the number
    of days, of which the last is the as-of day.
    """

    centre: int
    radius: float
    sites: Ints
    window: int
    observed: int
    expected: float
    llr: float


def scan(counts: Counts, zones: Zones, minimum: int = 2, most: int | None = None) -> list[Cluster]:
    """Return the clusters of at least `minimum` cases, best first, at most `most`.

    As SaTScan does: the best circle and window of each centre, in order of their likelihood ratios, without
    those that share a site with a better one.
    """
    return _apart(_best_of_centres(counts, zones, minimum), most, zones.size)


def scan_near(counts: Counts, zones: Zones, site: int, minimum: int = 2) -> Cluster | None:
    """Return the best cluster among the circles that contain a site."""
    near = _of_centres(zones, zones.centres_around(site))
    contains = sums((np.arange(zones.size) == site).astype(int), near) > 0
    return next(_best_of_centres(counts, near, minimum, contains), None)


def _of_centres(zones: Zones, centres: Ints) -> Zones:
    kept = np.isin(zones.centres, centres)
    return Zones.of(zones.centres[kept], zones.sites[kept], zones.distances[kept], zones.size)


def _best_of_centres(
    counts: Counts, zones: Zones, minimum: int, allowed: NDArray[np.bool_] | None = None
) -> Iterator[Cluster]:
    """Yield the best cluster of each centre, best first."""
    observed = sums(np.cumsum(counts.recent, axis=1), zones)
    expected = sums(counts.base @ rates(counts), zones)
    ratios = np.where(observed >= minimum, llr(observed, expected, counts.total), 0.0)
    if allowed is not None:
        ratios[~allowed] = 0
    windows = ratios.argmax(axis=1)
    best = ratios[np.arange(len(ratios)), windows]
    order = np.lexsort((zones.distances, -best.round(9)))
    seen: set[int] = set()
    for zone in order[: np.count_nonzero(best > 0)]:
        centre = int(zones.centres[zone])
        if centre not in seen:
            seen.add(centre)
            window = windows[zone]
            yield Cluster(
                centre=centre,
                radius=float(zones.distances[zone]),
                sites=zones.sites[zones.starts[centre] : zone + 1],
                window=int(window) + 1,
                observed=int(observed[zone, window]),
                expected=float(expected[zone, window]),
                llr=float(best[zone]),
            )


def _apart(clusters: Iterator[Cluster], most: int | None, size: int) -> list[Cluster]:
    """Return the clusters without those that share a site with an earlier one."""
    taken = np.zeros(size, dtype=bool)
    apart: list[Cluster] = []
    for cluster in clusters:
        if len(apart) == most:
            break
        if not taken[cluster.sites].any():
            taken[cluster.sites] = True
            apart.append(cluster)
    return apart


def best_llr(counts: Counts, zones: Zones, minimum: int) -> float64:
    """Return the largest likelihood ratio of all circles and windows."""
    observed = sums(np.cumsum(counts.recent, axis=1), zones)
    expected = sums(counts.base @ rates(counts), zones)
    return float64(
        np.where(observed >= minimum, llr(observed, expected, counts.total), 0.0).max(initial=0)
    )
