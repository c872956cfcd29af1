"""Lists of rows of unequal lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from detection.scan.counts import Ints

Number = TypeVar("Number", int64, float64)


@dataclass(frozen=True, slots=True)
class Rows:
    """Members (n,) in order of their rows: row `r` has `members[starts[r]:starts[r + 1]]`."""

    starts: Ints
    members: Ints

    @classmethod
    def of(cls, rows: Ints, size: int) -> Rows:
        """Return the positions of each of so many rows in a list of rows (n,), in ascending order."""
        return cls(row_starts(rows, size), np.argsort(rows, kind="stable"))


def row_starts(rows: Ints, size: int) -> Ints:
    """Return where each of so many rows begins (size + 1,) in a sorted list of rows (n,)."""
    starts = np.zeros(size + 1, dtype=int64)
    np.cumsum(np.bincount(rows, minlength=size), out=starts[1:])
    return starts


def ragged(starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """Return, for the ranges from `starts` up to `stops` (n,), the range and the value of each element."""
    lengths = stops - starts
    rows = np.repeat(np.arange(len(lengths)), lengths)
    offsets = starts - (np.cumsum(lengths) - lengths)
    return rows, np.arange(len(rows)) + offsets[rows]


def running_sums(values: NDArray[Number], rows: Ints, starts: Ints) -> NDArray[Number]:
    """Return the running sums (n, ...) of values within each row.

    `rows` (n,) is sorted and `starts` says where each begins.
    """
    running: NDArray[Number] = np.cumsum(values, axis=0)
    before = np.zeros((len(starts) - 1, *running.shape[1:]), dtype=running.dtype)
    is_later = starts[:-1] > 0
    before[is_later] = running[starts[:-1][is_later] - 1]
    running -= before[rows]
    return running
