"""Write and map the files of a postcode index: a folder with arrays and `metadata.json`.

`sanitiser.places.packed_columns` describes the arrays.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from sanitiser.places.packed_columns import Columns, Packed, unpack

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FORMAT_VERSION = 2
METADATA_FILE = "metadata.json"
K_FLOOR = 4
"""Guidance, Appendix 1: a postcode of fewer than four households is disclosive."""

TILE_M = 10_000
TILES_EAST, TILES_NORTH = 70, 130
"""The National Grid's extent, 700 km by 1300 km, in tiles."""


class PostcodeIndexError(Exception):
    """A postcode index cannot be used."""


class IndexNotBuilt(PostcodeIndexError):
    """The folder has no postcode index."""


class IndexCorrupt(PostcodeIndexError):
    """Files of a postcode index are missing, incomplete or contradict each other."""


class IndexOfAnotherFormat(PostcodeIndexError):
    """The index was written by an earlier or later version of this program.

    `counted` is True if it was built with counts of households.
    """

    def __init__(self, message: str, *, counted: bool) -> None:
        """Take the message."""
        super().__init__(message)
        self.counted = counted


class IndexMismatch(PostcodeIndexError):
    """The index was built for another k, or k is below the guidance's minimum."""


@dataclass(frozen=True)
class Metadata:
    """The sources and settings of an index.

    `limit_m` is in metres. `households` is None if no counts were given. `substituted` counts
    postcodes that are released as another one, `without_substitute` those released with their
    district only. `succeeds` is the SHA-256 of the index before, None if there was none. `beyond_limit`
    counts postcodes whose substitute is farther than the limit, because others would be too few without them.
    """

    k: int
    limit_m: int
    source: str
    source_version: str
    rows: int
    households: str | None
    households_digest: str | None
    substituted: int
    without_substitute: int
    districts: tuple[str, ...]
    succeeds: str | None = None
    beyond_limit: int = 0
    format_version: int = FORMAT_VERSION


_COUNTS = ("|u1", "<u2")
"""The narrower type if there are few enough different counts."""
_DTYPES: dict[str, tuple[str, ...]] = {
    "run_keys": ("S7",),
    "run_rows": ("<i4",),
    "run_squares_east": ("|u1",),
    "run_squares_north": ("|u1",),
    "run_districts": ("<u2",),
    "units": ("<u2",),
    "eastings": ("<u2",),
    "northings": ("<u2",),
    "count_values": ("<i2",),
    "counts": _COUNTS,
    "moved_rows": ("<i4",),
    "moved_to": ("<i4",),
    "stands_in": ("|u1",),
    "tile_rows": ("<i4",),
    "tile_offsets": ("<i4",),
}


def check_k(k: int) -> None:
    """Refuse a k below the guidance's four households.

    Raises:
        IndexMismatch: k is below four.
    """
    if k < K_FLOOR:
        message = f"k is {k}; accepted: {K_FLOOR} or more households (guidance, Appendix 1)"
        raise IndexMismatch(message)


def save(folder: Path, metadata: Metadata, packed: Packed) -> None:
    """Write an index into `folder`, which must exist; the caller renames it into place."""
    for name, array in packed._asdict().items():
        np.save(folder / f"{name}.npy", array)
    text = json.dumps(asdict(metadata), indent=1)
    (folder / METADATA_FILE).write_text(text, encoding="utf-8")


def load(folder: Path) -> tuple[Metadata, Packed]:
    """Map the index in `folder`; reads little more than the headers.

    Raises:
        IndexNotBuilt: the folder has no index.
        IndexCorrupt: its files are damaged.
        IndexOfAnotherFormat: another release has built it.
    """
    metadata = load_metadata(folder)
    packed = Packed(*(_map(folder, name) for name in Packed._fields))
    _check_lengths(folder, metadata, packed)
    return metadata, packed


def load_columns(folder: Path) -> tuple[Metadata, Columns]:
    """Read the whole index in `folder` into memory; errors as `load`."""
    metadata, packed = load(folder)
    return metadata, unpack(packed, metadata.k)


def load_metadata(folder: Path) -> Metadata:
    """Return the metadata of an index; raises the errors of `load`."""
    path = folder / METADATA_FILE
    if not path.is_file():
        message = f"no postcode index in {folder}: build one with `ipu reference build`"
        raise IndexNotBuilt(message)
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = raw["format_version"]
        if version != FORMAT_VERSION:
            raise _of_another_format(path, version, raw.get("households"))
        metadata = Metadata(**{f.name: raw[f.name] for f in fields(Metadata) if f.name in raw})
    except (ValueError, KeyError, TypeError) as error:
        raise _corrupt(path, f"not the metadata of an index ({error!r})") from error
    if not (isinstance(metadata.k, int) and metadata.k >= K_FLOOR):
        raise _corrupt(path, f"k is {metadata.k!r}; accepted: {K_FLOOR} or more")
    if not isinstance(metadata.rows, int):
        raise _corrupt(path, f"rows is {metadata.rows!r}; accepted: a number")
    return metadata


def _map(folder: Path, name: str) -> NDArray[Any]:
    path, accepted = folder / f"{name}.npy", _DTYPES[name]
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _corrupt(path, f"cannot be mapped ({error})") from error
    if mapped.ndim != 1 or mapped.dtype not in map(np.dtype, accepted):
        expected = " or ".join(accepted)
        raise _corrupt(
            path, f"has {mapped.dtype} {mapped.shape}; expected one dimension of {expected}"
        )
    # A plain view, because the memmap subclass takes microseconds for every scalar access.
    plain: NDArray[Any] = mapped.view(np.ndarray)
    return plain


def _check_lengths(folder: Path, metadata: Metadata, packed: Packed) -> None:
    rows, runs = metadata.rows, len(packed.run_keys)
    expected = {
        **dict.fromkeys(("units", "eastings", "northings", "counts", "tile_rows"), rows),
        **dict.fromkeys(("run_squares_east", "run_squares_north", "run_districts"), runs),
        "run_rows": runs + 1,
        "moved_to": len(packed.moved_rows),
        "stands_in": (rows + 7) // 8,
        "tile_offsets": TILES_EAST * TILES_NORTH + 1,
    }
    for name, length in expected.items():
        held = len(getattr(packed, name))
        if held != length:
            raise _corrupt(folder / f"{name}.npy", f"has {held} values; expected {length}")
    if packed.run_rows[-1] != rows:
        raise _corrupt(folder / "run_rows.npy", f"ends at row {packed.run_rows[-1]} of {rows}")


def _corrupt(path: Path, what: str) -> IndexCorrupt:
    return IndexCorrupt(f"{path}: {what}. Build the index again with `ipu reference build`")


def _of_another_format(path: Path, version: object, households: object) -> IndexOfAnotherFormat:
    command = "`ipu reference build`"
    if households:
        command = f"`ipu reference build --households FILE`, where FILE is {households}"
    return IndexOfAnotherFormat(
        f"{path}: format version {version}; this program reads {FORMAT_VERSION}. "
        f"Build the index again with {command}",
        counted=bool(households),
    )
