"""Write and map the files of a postcode index: a folder with arrays and `metadata.json`.

Every array has one row per postcode, in ascending order of the compact postcode, except two that
list rows by 10 km tile. Coordinates are whole metres of the British National Grid (EPSG:27700).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FORMAT_VERSION = 1
METADATA_FILE = "metadata.json"
K_FLOOR = 4
"""Guidance, Appendix 1: a postcode of fewer than four households is disclosive."""

UNKNOWN = -1
TILE_M = 10_000
TILES_EAST, TILES_NORTH = 70, 130
"""The National Grid's extent, 700 km by 1300 km, in tiles."""


class PostcodeIndexError(Exception):
    """A postcode index cannot be used."""


class IndexNotBuilt(PostcodeIndexError):
    """The folder has no postcode index."""


class IndexCorrupt(PostcodeIndexError):
    """Files of a postcode index are missing, incomplete or contradict each other."""


class IndexMismatch(PostcodeIndexError):
    """The index was built for another k, or k is below the guidance's minimum."""


@dataclass(frozen=True)
class Metadata:
    """The sources and settings of an index.

    `limit_m` is in metres. `households` is None if no counts were given. `substituted` counts
    postcodes that are released as another one, `without_substitute` those released with their
    district only.
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
    format_version: int = FORMAT_VERSION


class Arrays(NamedTuple):
    """The columns of an index.

    `household_counts` has -1 for unknown. `released_rows` has for each row the row that is
    released: itself with k households or more, else its substitute, or -1 if there is none within
    the limit.
    """

    keys: NDArray[np.bytes_]
    eastings: NDArray[np.int32]
    northings: NDArray[np.int32]
    household_counts: NDArray[np.int16]
    released_rows: NDArray[np.int32]
    stands_in: NDArray[np.bool_]
    districts: NDArray[np.uint16]
    tile_rows: NDArray[np.int32]
    tile_offsets: NDArray[np.int32]


_DTYPES = ("S7", "<i4", "<i4", "<i2", "<i4", "|b1", "<u2", "<i4", "<i4")


def check_k(k: int) -> None:
    """Refuse a k below the guidance's four households.

    Raises:
        IndexMismatch: k is below four.
    """
    if k < K_FLOOR:
        message = f"k is {k}; accepted: {K_FLOOR} or more households (guidance, Appendix 1)"
        raise IndexMismatch(message)


def save(folder: Path, metadata: Metadata, arrays: Arrays) -> None:
    """Write an index into `folder`, which must exist; the caller renames the folder into place."""
    for (name, array), dtype in zip(arrays._asdict().items(), _DTYPES, strict=True):
        np.save(folder / f"{name}.npy", array.astype(dtype, copy=False))
    text = json.dumps(asdict(metadata), indent=1)
    (folder / METADATA_FILE).write_text(text, encoding="utf-8")


def load(folder: Path) -> tuple[Metadata, Arrays]:
    """Map the index in `folder`; reads only the headers.

    Raises:
        IndexNotBuilt: the folder has no index.
        IndexCorrupt: its files are damaged.
    """
    metadata = load_metadata(folder)
    columns = (_map(folder, name, d) for name, d in zip(Arrays._fields, _DTYPES, strict=True))
    arrays = Arrays(*columns)
    _check_shapes(folder, metadata, arrays)
    return metadata, arrays


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
            raise _corrupt(path, f"format version {version}; this program reads {FORMAT_VERSION}")
        metadata = Metadata(**{f.name: raw[f.name] for f in fields(Metadata)})
    except (ValueError, KeyError, TypeError) as error:
        raise _corrupt(path, f"not the metadata of an index ({error!r})") from error
    if not (isinstance(metadata.k, int) and metadata.k >= K_FLOOR):
        raise _corrupt(path, f"k is {metadata.k!r}; accepted: {K_FLOOR} or more")
    return metadata


def _map(folder: Path, name: str, dtype: Any) -> NDArray[Any]:
    path = folder / f"{name}.npy"
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _corrupt(path, f"cannot be mapped ({error})") from error
    if mapped.dtype != np.dtype(dtype) or mapped.ndim != 1:
        raise _corrupt(
            path, f"has {mapped.dtype} {mapped.shape}; expected one dimension of {dtype}"
        )
    # A plain view, because the memmap subclass takes microseconds for every scalar access.
    plain: NDArray[Any] = mapped.view(np.ndarray)
    return plain


def _check_shapes(folder: Path, metadata: Metadata, arrays: Arrays) -> None:
    expected = dict.fromkeys(Arrays._fields, metadata.rows)
    expected["tile_offsets"] = TILES_EAST * TILES_NORTH + 1
    for name, array in arrays._asdict().items():
        if len(array) != expected[name]:
            found = f"has {len(array)} rows; expected {expected[name]}"
            raise _corrupt(folder / f"{name}.npy", found)


def _corrupt(path: Path, what: str) -> IndexCorrupt:
    return IndexCorrupt(f"{path}: {what}. Build the index again with `ipu reference build`")
