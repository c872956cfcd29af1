"""The circles near one site, for a look: those of the whole series that contain the site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy import bool_, float64
from numpy.typing import NDArray

from detection.emerging.settings import Settings
from detection.emerging.sites import Floats, Sites
from detection.scan.counts import Counts, Ints
from detection.scan.zones import Zones, limit_share


@dataclass(frozen=True, slots=True, eq=False)
class Circles:
    """Some circles with the counts of their sites.

    `points` (S, 2) are those of the sites, in order of their coordinates. All sites that are in no circle are
    together the last in `counts`, so that the totals are those of the series. `site` is the one looked at.
    """

    counts: Counts
    zones: Zones
    points: Floats
    site: int


def circles_around(
    sites: Sites,
    site: int,
    centres: Ints,
    live: NDArray[bool_],
    count: Callable[[Ints], Counts],
    settings: Settings,
) -> Circles:
    """Return the circles around some sites. `live` (S,) has which sites have cases."""
    pairs = [sites.near(centre) for centre in centres.tolist()]
    members = np.concatenate([np.array([site]), *(near for near, _ in pairs)])
    inside = _in_order(np.unique(members[live[members]]), sites.xy())
    is_inside = np.zeros(len(sites), dtype=bool)
    is_inside[inside] = True
    counts = _with_rest(count(inside), count(np.flatnonzero(live & ~is_inside)))
    number = np.full(len(sites), -1)
    number[inside] = np.arange(len(inside))
    zones = _zones(number, centres, pairs, len(inside) + 1)
    return Circles(
        counts,
        limit_share(zones, counts.base.sum(axis=1), settings.share),
        sites.xy()[inside],
        int(number[site]),
    )


def _in_order(sites: Ints, xy: Floats) -> Ints:
    x, y = xy[sites].T
    return sites[np.lexsort((y, x))]


def _with_rest(counts: Counts, rest: Counts) -> Counts:
    return Counts(
        np.vstack((counts.base, rest.base.sum(axis=0))),
        np.vstack((counts.recent, rest.recent.sum(axis=0))),
        counts.by_lag,
    )


def _zones(number: Ints, centres: Ints, pairs: list[tuple[Ints, Floats]], size: int) -> Zones:
    """Return the circles in the order of `build_zones`: sites are numbered by their coordinates."""
    centre = np.repeat(number[centres], [len(near) for near, _ in pairs])
    member = number[np.concatenate([near for near, _ in pairs])] if pairs else centre
    squares = np.concatenate([squares for _, squares in pairs]) if pairs else np.zeros(0)
    kept = np.flatnonzero(member >= 0)
    kept = kept[np.lexsort((member[kept], squares[kept], centre[kept]))]
    return Zones.of(centre[kept], member[kept], np.sqrt(squares[kept]).astype(float64), size)
