"""The null of the looks of one day, and the cases for which it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from detection.scan.p_values import Null

_BYTES: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class LookNull:
    """The distribution of the maximum over the looks of a day.

    Its strata have so many `kinds` of days. It holds for at most `cases_today` cases on the day and
    `cases_window` in the longest window: chance alone gives more clusters where there are more cases.
    """

    null: Null
    kinds: int
    cases_today: int
    cases_window: int

    def holds(self, today: int, window: int) -> bool:
        """Return True if it holds for so many cases."""
        return today <= self.cases_today and window <= self.cases_window

    def to_bytes(self) -> bytes:
        """Return it for the state."""
        numbers = (self.kinds, self.cases_today, self.cases_window)
        return b"".join(each.to_bytes(_BYTES) for each in numbers) + self.null.to_bytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> LookNull:
        """Return the one that `to_bytes` wrote."""
        ends = range(0, 3 * _BYTES, _BYTES)
        kinds, today, window = (int.from_bytes(content[n : n + _BYTES]) for n in ends)
        return cls(Null.from_bytes(content[3 * _BYTES :]), kinds, today, window)
