"""The circles of a scan: for each centre, the sites around it in order of distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from detection.scan.counts import Ints
from detection.scan.ragged import Number, row_starts, running_sums

Floats = NDArray[float64]


@dataclass(frozen=True, slots=True)
class Zones:
    """The circles around each site, as one list of neighbours (compressed rows).

    Shapes: S sites, each the centre of circles; N circles. The neighbours of centre `c` are
    `sites[starts[c]:starts[c + 1]]`, nearest first and the centre itself first. Circle `n` has the
    neighbours of its centre up to and including `sites[n]`.

    - `starts` (S + 1,): the first circle of each centre.
    - `sites` (N,): the outermost site of each circle.
    - `distances` (N,): its distance to the centre, in the unit of the points: the radius of the circle.
    - `centres` (N,): the centre of each circle.
    - `by_site` (N,), `by_site_starts` (S + 1,): circles in order of their outermost site; those of site `s`
      are `by_site[by_site_starts[s]:by_site_starts[s + 1]]`.
    """

    starts: Ints
    sites: Ints
    distances: Floats
    centres: Ints
    by_site: Ints
    by_site_starts: Ints

    @classmethod
    def of(cls, centres: Ints, sites: Ints, distances: Floats, size: int) -> Zones:
        """Return the circles of `size` sites from lists that are sorted by centre and then by distance."""
        return cls(
            starts=row_starts(centres, size),
            sites=sites,
            distances=distances,
            centres=centres,
            by_site=np.argsort(sites, kind="stable"),
            by_site_starts=row_starts(sites, size),
        )

    @property
    def size(self) -> int:
        """Return the number of sites."""
        return len(self.starts) - 1

    def circles_to(self, site: int) -> Ints:
        """Return the circles whose outermost site it is: one of each centre within the radius."""
        first, last = self.by_site_starts[site : site + 2]
        return self.by_site[first:last]


def build_zones(points: NDArray[np.number], radius: float | None) -> Zones:
    """Return all circles to a radius around each of the points (S, d), d being the number of dimensions.

    Without a radius the largest circle of each centre has all points. Sites at the same distance are added
    one after another, in order of their coordinates, so that the order of the sites does not matter.
    """
    from scipy.spatial import (  # noqa: PLC0415 - large
        cKDTree,
    )

    places = np.asarray(points, dtype=float64)
    tree = cKDTree(places)
    pairs = tree.sparse_distance_matrix(
        tree, np.inf if radius is None else radius, output_type="ndarray"
    )
    centres, sites = pairs["i"].astype(int64), pairs["j"].astype(int64)
    order = np.lexsort((_ranks(places)[sites], pairs["v"], centres != sites, centres))
    return Zones.of(centres[order], sites[order], pairs["v"][order], len(places))


def limit_share(zones: Zones, base_totals: NDArray[np.number], share: float) -> Zones:
    """Return the circles that have at most `share` of all cases; `base_totals` (S,) has each site's."""
    within = sums(np.asarray(base_totals, dtype=float64), zones) <= share * base_totals.sum()
    return Zones.of(zones.centres[within], zones.sites[within], zones.distances[within], zones.size)


def sums(values: NDArray[Number], zones: Zones) -> NDArray[Number]:
    """Return the sum over the sites of each circle (N, ...) of values per site (S, ...)."""
    return running_sums(values[zones.sites], zones.centres, zones.starts)


def _ranks(points: Floats) -> Ints:
    """Return the rank of each point in the order of the coordinates."""
    ranks = np.empty(len(points), dtype=int64)
    ranks[np.lexsort(points.T[::-1])] = np.arange(len(points))
    return ranks
