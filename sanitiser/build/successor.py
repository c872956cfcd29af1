"""Build a postcode index that succeeds another one, so that k survives the change.

`sanitiser.build.succession` chooses what is released. `sanitiser.build.index_change` measures afterwards,
by itself, what the two indexes tell together, and an index that fails is not put in place.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sanitiser.build.folders import FolderBusy, folder_lock, restore_folder
from sanitiser.build.history import index_digest, releases, succeeded
from sanitiser.build.index_change import Change, Indexed, chain_classes_under_k, classes_under_k
from sanitiser.build.past import OldIndex, without
from sanitiser.build.reference import (
    build_index,
    columns_of,
    counts_in,
    metadata_of,
    say_built,
    say_read,
    sorted_table,
    write_index,
)
from sanitiser.build.reference_sources import read_households
from sanitiser.build.substitutes import substitutes
from sanitiser.build.succession import World, successors, without_company
from sanitiser.places.packed_columns import UNKNOWN
from sanitiser.places.postcode_store import (
    FORMAT_VERSION,
    METADATA_FILE,
    IndexNotBuilt,
    Metadata,
    PostcodeIndexError,
    check_k,
    load,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sanitiser.build.reference_sources import PostcodeTable


class ChangeRefused(PostcodeIndexError):
    """An index is not put in place, because k might not survive the change from the one before."""


class Built(NamedTuple):
    """A built index. If it succeeds another one, `change` is what both tell together of a record.

    `naive` is what they would tell if the old index had had no influence. `left_out` counts new
    postcodes that wait for others.
    """

    metadata: Metadata
    change: Change | None = None
    naive: Change | None = None
    left_out: int = 0


def build_next(
    out: Path,
    postcodes: PostcodeTable,
    households: Path | None = None,
    *,
    k: int = 4,
    limit_m: int = 2000,
    old: Path | None = None,
    report: Callable[[str], None] | None = None,
) -> Built:
    """Build an index in `out` that succeeds the one in `old`, or the one that is in `out`.

    If there is none, it is the first one. An old index that cannot be read is built again if nothing else
    changes. The rest is as of `build_successor`.

    An index that a crash left beside `out` is put back first. No other program builds in `out` meanwhile: two
    that succeed the same index would each lack what the other one releases.

    Raises:
        ChangeRefused: also if the index in `out` is not the one in `old`, or cannot be read, or if another
            program has been building it for 300 seconds.
    """
    try:
        with folder_lock(out):
            restore_folder(out)
            return _build_next(out, postcodes, households, (k, limit_m), old, report)
    except FolderBusy as error:
        raise ChangeRefused(str(error)) from None


def _build_next(
    out: Path,
    postcodes: PostcodeTable,
    households: Path | None,
    settings: tuple[int, int],
    old: Path | None,
    report: Callable[[str], None] | None,
) -> Built:
    k, limit_m = settings
    if old is not None and not old.is_dir():
        raise IndexNotBuilt(f"{old}: no such folder; accepted: the folder of a postcode index")
    in_place = out.is_dir() and any(out.iterdir())
    if old is not None and in_place and index_digest(old) != index_digest(out):
        raise ChangeRefused(
            f"{out}: has another index than {old}. The new one succeeds the index in place, with "
            "which records were released: leave out --against, or measure in another --run-dir"
        )
    old = old or (out if in_place else None)
    if old is None:
        return Built(build_index(out, postcodes, households, k=k, limit_m=limit_m, report=report))
    try:
        load(old)
    except PostcodeIndexError as error:
        _check_same(old, error, postcodes, households, settings)
        return Built(build_index(out, postcodes, households, k=k, limit_m=limit_m, report=report))
    return build_successor(out, postcodes, households, old, k=k, limit_m=limit_m, report=report)


def build_successor(
    out: Path,
    postcodes: PostcodeTable,
    households: Path | None,
    old: Path,
    *,
    k: int = 4,
    limit_m: int = 2000,
    report: Callable[[str], None] | None = None,
) -> Built:
    """Build the index that succeeds the one in the folder `old`, in `out`, which may be the same.

    Without `households` the counts of the old index are used. The other parameters are as of `build_index`.

    Raises:
        ChangeRefused: the two would tell of fewer than k households; `out` is left as it was.
        PostcodeIndexError: the old index cannot be read, or k is below four.
        BadReference: a source cannot be used.
    """
    check_k(k)
    say = report or (lambda _: None)
    before = OldIndex.read(old)
    table = before.kept_in(sorted_table(postcodes))
    counted = read_households(households) if households else before.households()
    counts = counts_in(table, counted)
    say_read(say, table, counts)
    naive = substitutes(table.eastings, table.northings, counts, k=k, limit_m=limit_m)
    told_naively = classes_under_k(before.indexed, _indexed(table, counts, naive, k))
    past = before.past_in(table)
    waits = without_company(_world(table, counts, k, limit_m), past, naive)
    if waits.any():
        naive, table, counts = _kept_rows(naive, ~waits), without(table, waits), counts[~waits]
        past = before.past_in(table)
    world = _world(table, counts, k, limit_m)
    released = successors(world, past, naive)
    new = _indexed(table, counts, released, k)
    change = classes_under_k(before.indexed, new)
    told = releases(released, table.districts)
    few = max(change.under_k, chain_classes_under_k(past.history, told, world.households, world.k))
    if few:
        raise ChangeRefused(_refusal(old, few))
    metadata = replace(
        metadata_of(table, counted, released, k, limit_m),
        succeeds=index_digest(old),
        beyond_limit=_beyond(world, released),
    )
    say_built(say, metadata)
    history = succeeded(past.history, told, world.large)
    write_index(out, metadata, new.columns, history)
    return Built(metadata, change, told_naively, int(waits.sum()))


def _check_same(
    old: Path,
    error: PostcodeIndexError,
    postcodes: PostcodeTable,
    households: Path | None,
    settings: tuple[int, int],
) -> None:
    """Refuse to replace an index that cannot be read, unless the same one is built again.

    An index that succeeds no other follows from its sources and settings alone.
    """
    digest = hashlib.sha256(households.read_bytes()).hexdigest() if households else None
    wanted = {
        "k": settings[0],
        "limit_m": settings[1],
        "source": postcodes.source,
        "source_version": postcodes.version,
        "rows": len(postcodes.keys),
        "households_digest": digest,
        "succeeds": None,
    }
    held = _raw_metadata(old)
    known = held.get("format_version") in range(1, FORMAT_VERSION + 1)
    if known and {name: held.get(name) for name in wanted} == wanted:
        return
    names = ("k", "limit_m", "source", "source_version", "households")
    settings_held = ", ".join(f"{name} {held[name]}" for name in names if name in held)
    raise ChangeRefused(
        f"{error}. What was released with it is not known, so a new index could tell single "
        "households apart. Put it back from a backup"
        + (f", or build the same one first ({settings_held})" if settings_held else "")
    ) from error


def _raw_metadata(folder: Path) -> dict[str, Any]:
    try:
        raw = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _world(table: PostcodeTable, counts: NDArray[np.int16], k: int, limit_m: int) -> World:
    points = np.column_stack((table.eastings, table.northings)).astype(np.int64)
    return World(points, table.districts, counts, k, limit_m)


def _indexed(
    table: PostcodeTable, counts: NDArray[np.int16], released: NDArray[np.int32], k: int
) -> Indexed:
    return Indexed(columns_of(table, counts, released), k, table.district_codes)


def _kept_rows(released: NDArray[np.int32], kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the released rows of the kept rows, by their new numbers."""
    numbers = np.cumsum(kept, dtype=np.int32) - 1
    left = released[kept]
    return np.where(left == UNKNOWN, np.int32(UNKNOWN), numbers[left])


def _beyond(world: World, released: NDArray[np.int32]) -> int:
    moved = np.flatnonzero(released != UNKNOWN)
    squares = ((world.points[moved] - world.points[released[moved]]) ** 2).sum(axis=1)
    return int((squares > world.limit_m**2).sum())


def _refusal(old: Path, few: int) -> str:
    return (
        f"the new index is not put in place: a reader with releases of it and of {old} and those before "
        f"could tell {few} groups of too few households apart. Build it with "
        "counts of households for the same districts. The section on changes of counts in "
        "docs/operations.md says what else can be done"
    )
