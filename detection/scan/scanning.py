"""The scan of observed counts: clusters of more cases than expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from detection.scan.counts import Counts, Ints
from detection.scan.ragged import ragged, row_starts, running_sums
from detection.scan.statistic import llr, shares
from detection.scan.zones import Zones, sums

_DIGITS: Final = 9  # ratios that differ less are equal: the order of a sum may differ


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


@dataclass(frozen=True, slots=True)
class _Circles:
    """Circles (n,) with the counts of their windows (n, W): `index` is their place among all circles."""

    index: Ints
    observed: Ints
    expected: NDArray[float64]


def scan(counts: Counts, zones: Zones, minimum: int = 2, most: int | None = None) -> list[Cluster]:
    """Return the clusters of at least `minimum` cases, best first, at most `most`.

    As SaTScan does: the best circle and window of each centre, in order of their likelihood ratios, without
    those that share a site with a better one. Of equal ones the smaller circle is first.
    """
    circles = _Circles(
        index=np.arange(len(zones.sites)),
        observed=sums(np.cumsum(counts.recent, axis=1), zones),
        expected=sums(counts.base @ shares(counts), zones),
    )
    return _apart(_best_of_centres(circles, counts.total, zones, minimum), zones.size, most)


def scan_near(counts: Counts, zones: Zones, site: int, minimum: int = 2) -> Cluster | None:
    """Return the best cluster among the circles that contain a site, if any has more cases than expected."""
    outermost = zones.circles_to(site)
    centres = zones.centres[outermost]
    rows, index = ragged(zones.starts[centres], zones.starts[centres + 1])
    starts, members = row_starts(rows, len(centres)), zones.sites[index]
    has_site = index >= outermost[rows]
    observed = running_sums(np.cumsum(counts.recent[members], axis=1), rows, starts)[has_site]
    if not (observed[:, -1:] >= minimum).any():
        return None
    expected = running_sums(counts.base[members] @ shares(counts), rows, starts)[has_site]
    circles = _Circles(index[has_site], observed, expected)
    return next(_best_of_centres(circles, counts.total, zones, minimum), None)


def _best_of_centres(
    circles: _Circles, total: int, zones: Zones, minimum: int
) -> Iterator[Cluster]:
    """Yield the best cluster of each centre, best first."""
    is_high = (circles.observed >= minimum) & (circles.observed > circles.expected)
    rows, windows = np.nonzero(is_high)
    ratios = llr(circles.observed[is_high], circles.expected[is_high], total)
    index = circles.index[rows]
    centres = zones.centres[index]
    rounded = ratios.round(_DIGITS)
    order = np.lexsort((centres, windows, zones.distances[index], -rounded))
    order = order[rounded[order] > 0]
    _, firsts = np.unique(centres[order], return_index=True)
    for best in order[np.sort(firsts)]:
        row, window, centre = rows[best], windows[best], centres[best]
        yield Cluster(
            centre=int(centre),
            radius=float(zones.distances[index[best]]),
            sites=zones.sites[zones.starts[centre] : index[best] + 1],
            window=int(window) + 1,
            observed=int(circles.observed[row, window]),
            expected=float(circles.expected[row, window]),
            llr=float(ratios[best]),
        )


def _apart(clusters: Iterator[Cluster], size: int, most: int | None) -> list[Cluster]:
    """Return the clusters without those that share a site with an earlier one."""
    is_taken = np.zeros(size, dtype=bool)
    apart: list[Cluster] = []
    for cluster in clusters:
        if len(apart) == most:
            break
        if not is_taken[cluster.sites].any():
            is_taken[cluster.sites] = True
            apart.append(cluster)
    return apart
