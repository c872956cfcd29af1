"""Find the nearest postcode with enough households (guidance, Appendix 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sanitiser.places.packed_columns import UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

ANYWHERE_M = 10_000_000
"""A limit in metres that excludes no two points of the National Grid."""
_RELATIVE_SLACK = 1e-9


class Positions(NamedTuple):
    """Distinct points in metres (EPSG:27700), shape (n, 2), with the first row of each, shape (n,)."""

    points: NDArray[np.int64]
    rows: NDArray[np.int64]


def substitutes(
    eastings: NDArray[np.int32],
    northings: NDArray[np.int32],
    counts: NDArray[np.int16],
    *,
    k: int,
    limit_m: int,
) -> NDArray[np.int32]:
    """Return the released row of each row, shape (n,): itself with k households, else the nearest with k.

    -1 if there is none within `limit_m` metres; of equally near postcodes, the first row.
    """
    rows = np.arange(len(counts), dtype=np.int32)
    enough = counts >= k
    released = np.where(enough, rows, np.int32(UNKNOWN))
    small = np.flatnonzero(~enough)
    if enough.any() and len(small):
        points = np.column_stack((eastings, northings)).astype(np.int64)
        eligible = distinct(points, np.flatnonzero(enough))
        # Postcodes often share a point: search each point once.
        places, which = np.unique(points[small], axis=0, return_inverse=True)
        released[small] = nearest(eligible, places, limit_m)[which.ravel()]
    return released


def distinct(points: NDArray[np.int64], rows: NDArray[np.int64]) -> Positions:
    """Return the distinct points of some rows, which ascend, with the first row of each."""
    # unique returns the first of each point.
    found, first = np.unique(points[rows], axis=0, return_index=True)
    return Positions(found, rows[first])


def nearest(eligible: Positions, places: NDArray[np.int64], limit_m: int) -> NDArray[np.int64]:
    """Return the eligible row nearest to each place, shape (m,), -1 if there is none within the limit.

    `places` has shape (m, 2), in metres. Of equally near rows it is the first.
    """
    # Imported late: a worker with a finished index does not need scipy, and would start later.
    from scipy.spatial import cKDTree  # noqa: PLC0415

    tree = cKDTree(eligible.points, balanced_tree=False)
    bound = limit_m + 1
    distances, found = tree.query(places, k=2, distance_upper_bound=bound, workers=-1)
    chosen = np.full(len(places), UNKNOWN, np.int64)
    within = distances[:, 0] <= limit_m
    chosen[within] = eligible.rows[found[within, 0]]
    tied = np.flatnonzero(within & (distances[:, 1] <= distances[:, 0] * (1 + _RELATIVE_SLACK)))
    radii = distances[tied, 0] * (1 + _RELATIVE_SLACK)
    for place, equals in zip(tied, tree.query_ball_point(places[tied], radii), strict=True):
        chosen[place] = eligible.rows[equals].min()
    return chosen
