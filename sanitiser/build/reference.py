"""Build a postcode index: find the postcode that is released for each one (guidance, Appendix 1)."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sanitiser.build.history import History, index_digest, releases, succeeded, write_history
from sanitiser.build.index_change import Change, Indexed, classes_under_k
from sanitiser.build.packing import pack
from sanitiser.build.past import OldIndex, without
from sanitiser.build.reference_sources import (
    BadReference,
    Households,
    PostcodeTable,
    code_point_open_csv,
    onspd_package,
    read_households,
    table_of,
)
from sanitiser.build.substitutes import substitutes
from sanitiser.build.succession import World, successors, without_company
from sanitiser.places.packed_columns import UNKNOWN, Columns, unpack
from sanitiser.places.postcode_store import (
    TILE_M,
    TILES_EAST,
    TILES_NORTH,
    Metadata,
    PostcodeIndexError,
    check_k,
    save,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sanitiser.places.packed_columns import Packed

__all__ = [
    "BadReference",
    "ChangeRefused",
    "PostcodeTable",
    "Succession",
    "build_index",
    "build_successor",
    "code_point_open_csv",
    "onspd_package",
    "read_households",
    "substitutes",
    "table_of",
]

_SHORTEST = 5


class ChangeRefused(PostcodeIndexError):
    """An index would tell, together with the one before, of fewer than k households."""


class Succession(NamedTuple):
    """A built index that succeeds another one.

    `change` is what both tell together, and `naive` what they would tell if the new one had been
    built without regard to the old one. `left_out` counts new postcodes that wait for others.
    """

    metadata: Metadata
    change: Change
    naive: Change
    left_out: int


def build_index(
    out: Path,
    postcodes: PostcodeTable,
    households: Path | None = None,
    *,
    k: int = 4,
    limit_m: int = 2000,
    report: Callable[[str], None] | None = None,
) -> Metadata:
    """Build the index of `postcodes` in the folder `out`, without regard to any other.

    An earlier index is replaced when all is written. If records were released with it, use
    `build_successor`.

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
    counted = read_households(households) if households else None
    counts = _counts(table, counted)
    _say_read(say, table, counts)
    released = substitutes(table.eastings, table.northings, counts, k=k, limit_m=limit_m)
    metadata = _metadata(table, counted, released, k, limit_m)
    _say_built(say, metadata)
    _write(out, metadata, pack(_columns(table, counts, released)))
    return metadata


def build_successor(
    out: Path,
    postcodes: PostcodeTable,
    households: Path | None,
    old: Path,
    *,
    k: int = 4,
    limit_m: int = 2000,
    report: Callable[[str], None] | None = None,
) -> Succession:
    """Build the index that succeeds the one in the folder `old`, in `out`, which may be the same.

    Records that were released with both stay among k households (`sanitiser.build.succession`).
    Without `households` the counts of the old index are used. The rest is as of `build_index`.

    Raises:
        ChangeRefused: the two would tell of fewer than k households; `out` is left as it was.
        PostcodeIndexError: the old index cannot be read, or k is below four.
        BadReference: a source cannot be used.
    """
    check_k(k)
    say = report or (lambda _: None)
    before = OldIndex.read(old)
    table = before.kept_in(_sorted(postcodes))
    counted = read_households(households) if households else before.households()
    counts = _counts(table, counted)
    _say_read(say, table, counts)
    naive = substitutes(table.eastings, table.northings, counts, k=k, limit_m=limit_m)
    told_naively = _indexed(table, counts, naive, k)
    past = before.past_in(table)
    waits = without_company(_world(table, counts, k, limit_m), past, naive)
    if waits.any():
        naive, table, counts = _kept_rows(naive, ~waits), without(table, waits), counts[~waits]
        past = before.past_in(table)
    world = _world(table, counts, k, limit_m)
    released = successors(world, past, naive)
    change = classes_under_k(before.indexed, _indexed(table, counts, released, k))
    if change.under_k:
        raise ChangeRefused(_refusal(old, change))
    metadata = replace(
        _metadata(table, counted, released, k, limit_m),
        succeeds=index_digest(old),
        beyond_limit=_beyond(world, released),
    )
    _say_built(say, metadata)
    history = succeeded(past.history, releases(released, table.districts), world.large)
    _write(out, metadata, pack(_columns(table, counts, released)), history)
    return Succession(
        metadata, change, classes_under_k(before.indexed, told_naively), int(waits.sum())
    )


def _say_read(say: Callable[[str], None], table: PostcodeTable, counts: NDArray[np.int16]) -> None:
    say(f"{len(table.keys)} postcodes from {table.source} {table.version}")
    say(f"{int((counts != UNKNOWN).sum())} postcodes with a count of households")


def _say_built(say: Callable[[str], None], metadata: Metadata) -> None:
    say(
        f"{metadata.substituted} postcodes substituted, "
        f"{metadata.without_substitute} without substitute"
    )


def _world(table: PostcodeTable, counts: NDArray[np.int16], k: int, limit_m: int) -> World:
    points = np.column_stack((table.eastings, table.northings)).astype(np.int64)
    return World(points, table.districts, counts, k, limit_m)


def _indexed(
    table: PostcodeTable, counts: NDArray[np.int16], released: NDArray[np.int32], k: int
) -> Indexed:
    return Indexed(_columns(table, counts, released), k, table.district_codes)


def _kept_rows(released: NDArray[np.int32], kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the released rows of the kept rows, by their new numbers."""
    numbers = np.cumsum(kept, dtype=np.int32) - 1
    left = released[kept]
    return np.where(left == UNKNOWN, np.int32(UNKNOWN), numbers[left])


def _beyond(world: World, released: NDArray[np.int32]) -> int:
    moved = np.flatnonzero(released != UNKNOWN)
    squares = ((world.points[moved] - world.points[released[moved]]) ** 2).sum(axis=1)
    return int((squares > world.limit_m**2).sum())


def _refusal(old: Path, change: Change) -> str:
    return (
        f"the new index is not put in place: a reader with releases of it and of the one in {old} "
        f"could tell {change.under_k} groups of fewer than {change.k} households apart. Build it with "
        "counts of households for the same districts. The section on changes of counts in "
        "docs/operations.md says what else can be done"
    )


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


def _write(out: Path, metadata: Metadata, packed: Packed, history: History | None = None) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    built = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        save(built, metadata, packed)
        if history is not None:
            write_history(built, history, unpack(packed, metadata.k), metadata.k)
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
