"""Build a postcode index: find the postcode that is released for each one (guidance, Appendix 1)."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sanitiser.build.packing import pack
from sanitiser.build.reference_sources import (
    BadReference,
    Households,
    PostcodeTable,
    code_point_open_csv,
    onspd_package,
    read_households,
    table_of,
)
from sanitiser.places.packed_columns import UNKNOWN, Columns
from sanitiser.places.postcode_store import (
    TILE_M,
    TILES_EAST,
    TILES_NORTH,
    Metadata,
    check_k,
    save,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sanitiser.places.packed_columns import Packed

__all__ = [
    "BadReference",
    "PostcodeTable",
    "build_index",
    "code_point_open_csv",
    "onspd_package",
    "read_households",
    "substitutes",
    "table_of",
]

_RELATIVE_SLACK = 1e-9
_SHORTEST = 5


class _Positions(NamedTuple):
    """Distinct points, with the first row of each."""

    points: NDArray[np.int64]
    rows: NDArray[np.int64]


def build_index(
    out: Path,
    postcodes: PostcodeTable,
    households: Path | None = None,
    *,
    k: int = 4,
    limit_m: int = 2000,
    report: Callable[[str], None] | None = None,
) -> Metadata:
    """Build the index of `postcodes` in the folder `out`.

    An earlier index is replaced when all is written.

    `households` is a CSV file (see `read_households`); without it every count is unknown, so no
    postcode's point is released. `limit_m` is the greatest distance of a substitute, in metres.
    `report` is called with each step.

    Raises:
        IndexMismatch: k is below four.
        BadReference: a source cannot be used.
    """
    check_k(k)
    say = report or (lambda _: None)
    table = _sorted(postcodes)
    say(f"{len(table.keys)} postcodes from {table.source} {table.version}")
    counted = read_households(households) if households else None
    counts = _counts(table, counted)
    say(f"{int((counts != UNKNOWN).sum())} postcodes with a count of households")
    released = substitutes(table.eastings, table.northings, counts, k=k, limit_m=limit_m)
    metadata = _metadata(table, counted, released, k, limit_m)
    say(
        f"{metadata.substituted} postcodes substituted, "
        f"{metadata.without_substitute} without substitute"
    )
    _write(out, metadata, pack(_columns(table, counts, released)))
    return metadata


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
        eligible = _distinct(points, np.flatnonzero(enough))
        # Postcodes often share a point: search each point once.
        places, which = np.unique(points[small], axis=0, return_inverse=True)
        released[small] = _nearest(eligible, places, limit_m)[which.ravel()]
    return released


def _distinct(points: NDArray[np.int64], rows: NDArray[np.int64]) -> _Positions:
    # Rows ascend, and unique returns the first of each point.
    distinct, first = np.unique(points[rows], axis=0, return_index=True)
    return _Positions(distinct, rows[first])


def _nearest(eligible: _Positions, places: NDArray[np.int64], limit_m: int) -> NDArray[np.int64]:
    # Imported late: a worker with a finished index does not need scipy, and would start later.
    from scipy.spatial import cKDTree  # noqa: PLC0415

    tree = cKDTree(eligible.points, balanced_tree=False)
    bound = limit_m + 1
    distances, found = tree.query(places, k=2, distance_upper_bound=bound, workers=-1)
    nearest = np.full(len(places), UNKNOWN, np.int64)
    within = distances[:, 0] <= limit_m
    nearest[within] = eligible.rows[found[within, 0]]
    tied = np.flatnonzero(within & (distances[:, 1] <= distances[:, 0] * (1 + _RELATIVE_SLACK)))
    radii = distances[tied, 0] * (1 + _RELATIVE_SLACK)
    for place, equals in zip(tied, tree.query_ball_point(places[tied], radii), strict=True):
        nearest[place] = eligible.rows[equals].min()
    return nearest


def _sorted(table: PostcodeTable) -> PostcodeTable:
    keys, first = np.unique(table.keys, return_index=True)
    if len(keys) != len(table.keys):
        message = (
            f"{table.source}: {len(table.keys) - len(keys)} postcodes are given more than once"
        )
        raise BadReference(message)
    short = keys[np.strings.str_len(keys) < _SHORTEST]
    if len(short):
        raise BadReference(f"{table.source}: {short[0].decode()!r} is no postcode")
    east, north = table.eastings[first], table.northings[first]
    inside = (
        (east >= 0) & (east < TILES_EAST * TILE_M) & (north >= 0) & (north < TILES_NORTH * TILE_M)
    )
    if not inside.all():
        culprit = keys[~inside][0].decode()
        message = (
            f"{table.source}: {culprit} is outside the National Grid; "
            "accepted: easting 0 to 700000, northing 0 to 1300000"
        )
        raise BadReference(message)
    return table._replace(
        keys=keys, eastings=east, northings=north, districts=table.districts[first]
    )


def _counts(table: PostcodeTable, households: Households | None) -> NDArray[np.int16]:
    counts = np.full(len(table.keys), UNKNOWN, np.int16)
    if households is not None and len(table.keys):
        rows = np.minimum(np.searchsorted(table.keys, households.keys), len(table.keys) - 1)
        held = table.keys[rows] == households.keys
        counts[rows[held]] = households.counts[held]
    return counts


def _columns(
    table: PostcodeTable, counts: NDArray[np.int16], released: NDArray[np.int32]
) -> Columns:
    moved = released[(released != UNKNOWN) & (released != np.arange(len(released)))]
    stands_in = np.zeros(len(released), np.bool_)
    stands_in[moved] = True
    return Columns(
        table.keys, table.eastings, table.northings, counts, released, stands_in, table.districts
    )


def _metadata(
    table: PostcodeTable,
    households: Households | None,
    released: NDArray[np.int32],
    k: int,
    limit_m: int,
) -> Metadata:
    without = int((released == UNKNOWN).sum())
    return Metadata(
        k=k,
        limit_m=limit_m,
        source=table.source,
        source_version=table.version,
        rows=len(released),
        households=households.source if households else None,
        households_digest=households.digest if households else None,
        substituted=int((released != np.arange(len(released))).sum()) - without,
        without_substitute=without,
        districts=table.district_codes,
    )


def _write(out: Path, metadata: Metadata, packed: Packed) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    built = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        save(built, metadata, packed)
        built.chmod(0o755)
        _replace(built, out)
    except BaseException:
        shutil.rmtree(built, ignore_errors=True)
        raise


def _replace(built: Path, out: Path) -> None:
    # A folder cannot be renamed over one with files; a reader keeps what it has mapped.
    old = built.with_name(f"{built.name}.old")
    if out.exists():
        out.rename(old)
    built.rename(out)
    shutil.rmtree(old, ignore_errors=True)
