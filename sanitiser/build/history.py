"""Keep the classes of postcodes that a chain of indexes released alike, for the next index.

A record keeps its id while the index changes. A reader who kept each release of it knows what each
index released for its postcode. A *class* is all postcodes that every index of the chain released alike.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from sanitiser.places.packed_columns import UNKNOWN, Columns
from sanitiser.places.postcode_store import IndexCorrupt, Metadata

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ABSENT: Final = -1
"""The release of a postcode that the index does not have."""
_FIRST_DISTRICT: Final = -2
_FILES: Final = ("history_rows", "history_classes", "history_had_k")


class History(NamedTuple):
    """The releases of a chain of indexes, shape (n,) each, by the rows of its last index.

    Postcodes with one number in `classes` were released alike by each index. `had_k` is True if one
    of them released the postcode as itself, because its counts gave it k households.
    """

    classes: NDArray[np.int64]
    had_k: NDArray[np.bool_]


def releases(
    released_rows: NDArray[np.integer[Any]], districts: NDArray[np.integer[Any]]
) -> NDArray[np.int64]:
    """Return a number for what is released of each row, shape (n,): a row, or below -1 a district."""
    alone = _FIRST_DISTRICT - districts.astype(np.int64)
    return np.where(released_rows == UNKNOWN, alone, released_rows)


def numbered(*columns: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return the same number, from 0, for the rows that have equal values in all columns."""
    numbers = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values, which = np.unique(column, return_inverse=True)
        numbers = np.unique(numbers * max(len(values), 1) + which, return_inverse=True)[1]
    return numbers


def succeeded(history: History, released: NDArray[np.int64], large: NDArray[np.bool_]) -> History:
    """Return the history of the next index, which releases these numbers and has k where `large`."""
    return History(numbered(history.classes, released), history.had_k | large)


def read_history(folder: Path, metadata: Metadata, columns: Columns) -> History:
    """Return the history of the index in `folder`, which was read with `load_columns`.

    Raises:
        IndexCorrupt: it succeeds another index, and the files about that are missing or damaged.
    """
    told = releases(columns.released_rows, columns.districts)
    had_k = columns.household_counts >= metadata.k
    if metadata.succeeds is None:
        return History(numbered(told), had_k)
    rows, classes, earlier = (_read(folder / f"{name}.npy", len(told)) for name in _FILES)
    if len(rows) != len(classes):
        raise _corrupt(folder / f"{_FILES[1]}.npy", f"has {len(classes)} values, not {len(rows)}")
    apart = np.full(len(told), UNKNOWN, np.int64)
    apart[rows] = classes
    had_k[earlier] = True
    return History(numbered(told, apart), had_k)


def write_history(folder: Path, history: History, columns: Columns, k: int) -> None:
    """Write the history of the index with these columns, built for k, into its folder.

    Only what does not follow from the columns is written: the classes of postcodes that are released alike
    now and were not always, and the postcodes that had k households and have no more.
    """
    told = numbered(releases(columns.released_rows, columns.districts))
    _, first = np.unique(numbered(told, history.classes), return_index=True)
    split = np.bincount(told[first], minlength=1) > 1
    rows = np.flatnonzero(split[told])
    earlier = np.flatnonzero(history.had_k & (columns.household_counts < k))
    for name, values in zip(_FILES, (rows, numbered(history.classes[rows]), earlier), strict=True):
        np.save(folder / f"{name}.npy", values.astype(np.int32))


def index_digest(folder: Path) -> str:
    """Return the SHA-256 of an index: of its files in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(f"{path.name}:{path.stat().st_size}:".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read(path: Path, rows: int) -> NDArray[np.int32]:
    try:
        values: NDArray[np.int32] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _corrupt(path, f"cannot be read ({error})") from error
    fits = values.ndim == 1 and values.dtype == np.int32
    if not fits or (len(values) and not 0 <= values.min() <= values.max() < rows):
        raise _corrupt(path, f"accepted: one dimension of <i4, from 0 to {rows - 1}")
    return values


def _corrupt(path: Path, what: str) -> IndexCorrupt:
    return IndexCorrupt(f"{path}: {what}. Put the index back from a backup")
