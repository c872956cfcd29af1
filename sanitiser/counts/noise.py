"""A keyed change to each count, so that counts cannot be subtracted to find one record.

Each cell has a change of its own, from a secret key and from what the cell counts: table, period, and the
values of its dimensions. So the same question always has the same answer, in any table and for any party, and
two cells have independent changes, also if they count the same records.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from sanitiser.counts.periods import Period

_BITS: Final = 14
_BYTES: Final = 2
_PURPOSE: Final = b"ipu/count-noise"

MOST: Final = _BITS // 2
"""The greatest change of a count, up or down. Its standard deviation is 1.87."""


class Cell(NamedTuple):
    """A cell: it counts the records of a table in a period whose dimensions have some values.

    A value is None if it is unknown.
    """

    table: str
    period: Period
    values: Mapping[str, str | None]


class Noise:
    """The change of each cell's count."""

    def __init__(self, key: bytes) -> None:
        """Take the secret key, of 16 to 64 bytes.

        Raises:
            ValueError: the key is too short or too long.
        """
        least = 16
        if not least <= len(key) <= hashlib.blake2b.MAX_KEY_SIZE:
            accepted = f"accepted: {least} to {hashlib.blake2b.MAX_KEY_SIZE} bytes"
            raise ValueError(f"the key of counts has {len(key)} bytes; {accepted}")
        self._key = key

    def of(self, cell: Cell) -> int:
        """Return the change of a cell: a whole number from -7 to 7, symmetric about 0.

        It is binomial, as the number of heads in 14 tosses is.
        """
        told = json.dumps([cell.table, *cell.period, sorted(cell.values.items())]).encode()
        digest = hashlib.blake2b(told, key=self._key, person=_PURPOSE, digest_size=_BYTES).digest()
        bits = int.from_bytes(digest, "big") >> (8 * _BYTES - _BITS)
        return bits.bit_count() - MOST
