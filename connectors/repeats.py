"""Records of one file that have the same reference: the later one replaces the earlier."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import numpy as np

_DIGEST_BYTES: Final = 8
_BETWEEN: Final = "\x1f"
ROWS_NAMED: Final = 10


class Found(NamedTuple):
    """How many records replace an earlier one of the file, and the first of their rows."""

    records: int
    rows: tuple[int, ...]

    @property
    def caveats(self) -> list[str]:
        """What is said of them; nothing where there are none."""
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
    """Gathers what records are known by, in twelve bytes a record."""

    _digests: array[int] = field(default_factory=lambda: array("Q"))
    _rows: array[int] = field(default_factory=lambda: array("I"))

    def add(self, identity: Sequence[Any] | None, row: int) -> None:
        """Take the record of a row; one whose identity is not wholly known replaces no other."""
        if identity is None:
            return
        name = _BETWEEN.join(map(str, identity)).encode("utf-8", "surrogatepass")
        digest = blake2b(name, digest_size=_DIGEST_BYTES).digest()
        self._digests.append(int.from_bytes(digest, "big"))
        self._rows.append(row)

    def found(self) -> Found:
        """The records that have the identity of one before them."""
        if not self._digests:
            return Found(0, ())
        digests = np.frombuffer(self._digests, np.uint64)
        order = np.argsort(digests, kind="stable")
        same = digests[order][1:] == digests[order][:-1]
        rows = np.sort(np.frombuffer(self._rows, np.uint32)[order[1:][same]])
        return Found(len(rows), tuple(int(row) for row in rows[:ROWS_NAMED]))
