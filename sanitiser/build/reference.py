"""Build a postcode index: find the postcode that is released for each one (guidance, Appendix 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sanitiser.build.folders import new_folder
from sanitiser.build.history import History, write_history
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
from sanitiser.build.substitutes import substitutes
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
    from pathlib import Path

    from numpy.typing import NDArray

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

_SHORTEST = 5


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
    `sanitiser.build.successor`.

    `households` is a CSV file (see `read_households`); without it every count is unknown, so no
    postcode's point is released. `limit_m` is the greatest distance of a substitute, in metres.
    `report` is called with each step.

    Raises:
        IndexMismatch: k is below four.
        BadReference: a source cannot be used.
    """
    check_k(k)
    say = report or (lambda _: None)
    table = sorted_table(postcodes)
    counted = read_households(households) if households else None
    counts = counts_in(table, counted)
    say_read(say, table, counts)
    released = substitutes(table.eastings, table.northings, counts, k=k, limit_m=limit_m)
    metadata = metadata_of(table, counted, released, k, limit_m)
    say_built(say, metadata)
    write_index(out, metadata, columns_of(table, counts, released))
    return metadata


def say_read(say: Callable[[str], None], table: PostcodeTable, counts: NDArray[np.int16]) -> None:
    """Report what the sources have."""
    say(f"{len(table.keys)} postcodes from {table.source} {table.version}")
    say(f"{int((counts != UNKNOWN).sum())} postcodes with a count of households")


def say_built(say: Callable[[str], None], metadata: Metadata) -> None:
    """Report what the index releases."""
    say(
        f"{metadata.substituted} postcodes substituted, "
        f"{metadata.without_substitute} without substitute"
    )


def sorted_table(table: PostcodeTable) -> PostcodeTable:
    """Return the table in ascending order of its keys.

    Raises:
        BadReference: a postcode is given twice, has no form of one, or is outside the National Grid.
    """
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


def counts_in(table: PostcodeTable, households: Households | None) -> NDArray[np.int16]:
    """Return the count of each postcode of a sorted table, shape (n,), -1 where it is unknown."""
    counts = np.full(len(table.keys), UNKNOWN, np.int16)
    if households is not None and len(table.keys):
        rows = np.minimum(np.searchsorted(table.keys, households.keys), len(table.keys) - 1)
        held = table.keys[rows] == households.keys
        counts[rows[held]] = households.counts[held]
    return counts


def columns_of(
    table: PostcodeTable, counts: NDArray[np.int16], released: NDArray[np.int32]
) -> Columns:
    """Return the columns of an index that releases these rows of a sorted table."""
    moved = released[(released != UNKNOWN) & (released != np.arange(len(released)))]
    stands_in = np.zeros(len(released), np.bool_)
    stands_in[moved] = True
    return Columns(
        table.keys, table.eastings, table.northings, counts, released, stands_in, table.districts
    )


def metadata_of(
    table: PostcodeTable,
    households: Households | None,
    released: NDArray[np.int32],
    k: int,
    limit_m: int,
) -> Metadata:
    """Return the metadata of an index that releases these rows of a sorted table."""
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


def write_index(
    out: Path, metadata: Metadata, columns: Columns, history: History | None = None
) -> None:
    """Write an index, with its history if it succeeds another one, and put it in place of `out`."""
    with new_folder(out) as built:
        save(built, metadata, pack(columns))
        if history is not None:
            write_history(built, history, columns, metadata.k)
