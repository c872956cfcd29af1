"""Count records of one file with the same reference: the later one replaces the earlier."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_DIGEST_BYTES: Final = 8
_BETWEEN: Final = "\x1f"
_PARTS: Final = 16
ROWS_NAMED: Final = 10


class Found(NamedTuple):
    """The number of records that replace an earlier one of the file, and their first rows."""

    records: int
    rows: tuple[int, ...]

    @property
    def caveats(self) -> list[str]:
        """Return the caveat about these records; empty if there are none."""
        if not self.records:
            return []
        more = self.records - len(self.rows)
        rows = ", ".join(map(str, self.rows)) + (f" and {more} more" if more else "")
        told = (
            "Records with the same reference as an earlier record of the file, which they replace"
        )
        return [f"{told}: {self.records} (rows {rows})"]


@dataclass(slots=True)
class Repeats:
    """A collection of record identities, with twelve bytes per record."""

    _digests: array[int] = field(default_factory=lambda: array("Q"))
    _rows: array[int] = field(default_factory=lambda: array("I"))

    def add(self, identity: Sequence[Any] | None, row: int) -> None:
        """Add the record of a row; a record without a complete identity replaces no other."""
        if identity is None:
            return
        name = _BETWEEN.join(map(str, identity)).encode("utf-8", "surrogatepass")
        digest = blake2b(name, digest_size=_DIGEST_BYTES).digest()
        self._digests.append(int.from_bytes(digest, "big"))
        self._rows.append(row)

    def found(self) -> Found:
        """Return the records with the identity of an earlier record."""
        if not self._digests:
            return Found(0, ())
        digests = np.frombuffer(self._digests, np.uint64)
        places = np.concatenate([_later(digests, part) for part in range(_PARTS)])
        rows = np.sort(np.frombuffer(self._rows, np.uint32)[places])
        return Found(len(rows), tuple(int(row) for row in rows[:ROWS_NAMED]))


def _later(digests: NDArray[np.uint64], part: int) -> NDArray[np.intp]:
    """Return the positions of those digests of a part that also occur earlier.

    Equal digests are in the same part, so that sorting a part needs little memory.
    """
    places = np.flatnonzero(digests.view(np.uint8)[::_DIGEST_BYTES] % _PARTS == part)
    of_part = digests[places]
    order = np.argsort(of_part, kind="stable")
    same = of_part[order][1:] == of_part[order][:-1]
    later: NDArray[np.intp] = places[order[1:][same]]
    return later
