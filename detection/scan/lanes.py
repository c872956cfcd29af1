"""Several small counts in one machine word, so that all windows are counted and tested at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy import int64
from numpy.typing import NDArray

from detection.scan.counts import Ints

_BITS: Final = 63  # of a signed word without its sign


@dataclass(frozen=True, slots=True)
class Lanes:
    """The layout of T counts in words: `bits` for each count and one guard bit above it.

    Words are added as they are, which adds all their counts. A count must stay below `2 ** bits`.
    """

    tests: int
    bits: int

    @classmethod
    def of(cls, tests: int, most: int) -> Lanes:
        """Return the layout of so many counts, of which each is at most `most`."""
        return cls(tests, max(most.bit_length(), 1))

    @property
    def words(self) -> int:
        """Return the number of words."""
        return -(-self.tests // self._a_word)

    @property
    def guards(self) -> int64:
        """Return the word that has only the guard bits."""
        return int64(sum(1 << (place + self.bits) for place in self._places))

    def pack(self, values: NDArray[np.integer]) -> Ints:
        """Return the words (V, n) of n rows of counts (n, T)."""
        packed = np.zeros((self.words, len(values)), dtype=int64)
        for test, column in enumerate(values.T):
            packed[test // self._a_word] += column.astype(int64) << self._shift(test)
        return packed

    def limits(self, least: NDArray[np.integer]) -> Ints:
        """Return the words (V, n) to add: then a guard bit is set if its count is at least `least` (n, T)."""
        top = 1 << self.bits
        return self.pack(top - np.minimum(least, top))

    def unpack(self, words: Ints) -> Ints:
        """Return the counts (n, T) of words (V, n)."""
        mask = (1 << self.bits) - 1
        columns = [
            words[test // self._a_word] >> self._shift(test) & mask for test in range(self.tests)
        ]
        return np.stack(columns, axis=-1) if columns else np.zeros((words.shape[1], 0), int64)

    @property
    def _a_word(self) -> int:
        return min(_BITS // (self.bits + 1), max(self.tests, 1))

    @property
    def _places(self) -> range:
        return range(0, self._a_word * (self.bits + 1), self.bits + 1)

    def _shift(self, test: int) -> int:
        return self._places[test % self._a_word]
