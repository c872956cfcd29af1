"""The assessment of one count against the counts before it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assessment:
    """The newest count of a series, and what was expected of it.

    - `upper`: the upper bound at the level alpha of the detector; a count above it is unusual.
    - `p`: the tail of the detector itself, below alpha where the count is above the bound.
    - `p_predictive`: the tail of the predictive distribution of the count, given the reference counts. It
      allows for an expected count that is itself an estimate. Use it where p is small: `p` is then far too
      small, most of all for small counts and for references without a case.
    - `references`: the number of reference counts.
    - `dispersion`: the variance divided by the mean, at least 1.
    - `is_enough`: False if there are too few cases for an alarm.
    - `has_trend`: True if the expected count follows a trend.
    """

    observed: int
    expected: float
    upper: float
    p: float
    p_predictive: float
    references: int
    dispersion: float
    is_enough: bool = True
    has_trend: bool = False

    @property
    def is_alarm(self) -> bool:
        """Return True if the count is above the bound, and there are enough cases."""
        return self.is_enough and self.observed > 0 and self.observed > self.upper
