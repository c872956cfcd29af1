"""Measure what two postcode indexes tell together of a record that was released with both."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sanitiser.build.history import numbered
from sanitiser.places.packed_columns import UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sanitiser.build.history import History
    from sanitiser.places.packed_columns import Columns


class Indexed(NamedTuple):
    """The columns of an index, its k, and the codes of its districts."""

    columns: Columns
    k: int
    districts: tuple[str, ...]


class Change(NamedTuple):
    """The classes of a change: postcodes that the old index released alike, and the new one too.

    A class has k if the old counts give it the old k, or the new counts the new one. `under_k` counts
    the classes that have not. Left out are those that are a whole class of one of the two indexes,
    because there the other index tells nothing more. Of them `with_households` have one or more
    households by the larger of the two counts, `of_one_household` have one, and `postcodes_under_k`
    counts the postcodes of all. `smallest` is the number of households of the smallest class that is
    no whole class, None if there is none.
    """

    classes: int
    smallest: int | None
    under_k: int
    of_one_household: int
    with_households: int
    postcodes_under_k: int


def classes_under_k(old: Indexed, new: Indexed) -> Change:
    """Return the classes of the change from one index to another.

    A postcode that one of the two does not have belongs to a class there too: it is released with nothing.
    """
    lacking = old.columns.keys[~has(new.columns.keys, old.columns.keys)]
    keys = np.sort(np.concatenate((new.columns.keys, lacking)))
    codes = sorted({*old.districts, *new.districts})
    before, after = _told(old, keys, codes), _told(new, keys, codes)
    # One number for both: sorting pairs as such takes many times as long.
    width = len(keys) + len(codes) + 1
    pairs, of_pair, sizes = np.unique(
        (before + 1) * width + after + 1, return_inverse=True, return_counts=True
    )
    first, second = np.divmod(pairs, width)
    by_old = _sums(_households(old, keys), of_pair)
    by_new = _sums(_households(new, keys), of_pair)
    households = np.maximum(by_old, by_new)
    whole = (sizes == _sizes(before + 1)[first]) | (sizes == _sizes(after + 1)[second])
    few = ~whole & (by_old < old.k) & (by_new < new.k)
    return Change(
        classes=len(pairs),
        smallest=int(households[~whole].min()) if (~whole).any() else None,
        under_k=int(few.sum()),
        of_one_household=int((few & (households == 1)).sum()),
        with_households=int((few & (households > 0)).sum()),
        postcodes_under_k=int(sizes[few].sum()),
    )


def chain_classes_under_k(
    history: History, told: NDArray[np.int64], households: NDArray[np.int64], k: int
) -> int:
    """Return the number of classes of a whole chain of indexes that have fewer than k households.

    `history` is of the chain before its last index, which released the numbers `told`
    (`sanitiser.build.history.releases`) and was built for k with these numbers of households; shape
    (n,) each. A class has k if these households are k, or if an index before released one of its
    postcodes as itself. Whole classes of the chain before, or of the last index, tell nothing more.
    """
    both = numbered(history.classes, told)
    sizes = np.bincount(both, minlength=1)[both]
    now = numbered(told)
    whole = (sizes == _sizes(history.classes)[history.classes]) | (sizes == _sizes(now)[now])
    had_k = np.bincount(both, history.had_k, 1)[both] > 0
    few = ~whole & ~had_k & (_sums(households, both)[both] < k)
    return len(np.unique(both[few]))


def _told(index: Indexed, keys: NDArray[np.bytes_], codes: list[str]) -> NDArray[np.int64]:
    """Return what the index tells of each key: a key's position, beyond them a district, or -1."""
    columns = index.columns
    own = np.searchsorted(keys, columns.keys)
    district = np.array([codes.index(code) for code in index.districts] or [0], np.int64)
    alone = len(keys) + district[columns.districts]
    told = np.full(len(keys), -1, np.int64)
    moved = columns.released_rows != UNKNOWN
    told[own] = np.where(moved, own[np.where(moved, columns.released_rows, 0)], alone)
    return told


def _households(index: Indexed, keys: NDArray[np.bytes_]) -> NDArray[np.int64]:
    counts = np.zeros(len(keys), np.int64)
    counts[np.searchsorted(keys, index.columns.keys)] = index.columns.household_counts
    return np.maximum(counts, 0)


def _sums(values: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.bincount(groups, values, 1).astype(np.int64)


def _sizes(told: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.bincount(told, minlength=1)


def has(keys: NDArray[np.bytes_], others: NDArray[np.bytes_]) -> NDArray[np.bool_]:
    """Return True where an other key is among the keys, which ascend."""
    if not len(keys):
        return np.zeros(len(others), np.bool_)
    at = np.minimum(np.searchsorted(keys, others), len(keys) - 1)
    return np.equal(keys[at], others)
