"""P-values of a scan: by Monte Carlo, and by the Gumbel distribution of the maxima of the replicates."""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, log, log1p, pi, sqrt
from typing import Final

import numpy as np
from numpy import float32, float64
from numpy.typing import NDArray

from detection.emerging.facts import PValue

_LEAST_RANK: Final = 10  # below it SaTScan reports the p-value of the Gumbel distribution
_TIE: Final = 1e-5  # maxima are kept with seven digits


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """The distribution of the maximum under the null hypothesis.

    `maxima` (R,) are those of the replicates, in ascending order. `loc` and `scale` are the parameters of the
    Gumbel distribution with the mean and the variance of the maxima (method of moments, as in SaTScan;
    Abrams, Kleinman & Kulldorff 2010). A `scale` of 0 means that all maxima are equal.
    """

    maxima: NDArray[float32]
    loc: float
    scale: float

    @classmethod
    def of(cls, maxima: NDArray[np.floating]) -> Null:
        """Return the distribution from the maxima of replicates, in any order."""
        ordered = np.sort(maxima.astype(float32))
        exact = ordered.astype(float64)
        if len(exact) < 2:  # noqa: PLR2004 - a variance needs two
            return cls(ordered, float(exact.sum()), 0.0)
        scale = float(exact.std(ddof=1)) * sqrt(6) / pi
        return cls(ordered, float(exact.mean()) - float(np.euler_gamma) * scale, scale)

    def p(self, llr: float) -> PValue:
        """Return the p-value: by Monte Carlo if the rank is at least 10, else by the Gumbel distribution."""
        replicates = len(self.maxima)
        rank = self._rank(llr)
        monte_carlo = rank / (replicates + 1)
        gumbel = self._tail(llr)
        is_gumbel = rank < _LEAST_RANK and gumbel is not None
        return PValue(
            value=gumbel if is_gumbel and gumbel is not None else monte_carlo,
            method="gumbel" if is_gumbel else "monte-carlo",
            monte_carlo=monte_carlo,
            gumbel=gumbel,
            replicates=replicates,
        )

    def threshold(self, p: float) -> float:
        """Return a likelihood ratio below which every p-value is greater than `p`."""
        ranks = int(p * (len(self.maxima) + 1))
        if ranks >= _LEAST_RANK or not self.scale:
            return self._of_rank(ranks)
        return max(self._of_rank(_LEAST_RANK - 1), self.loc - self.scale * log(-log1p(-p)))

    def to_bytes(self) -> bytes:
        """Return the maxima, 4 bytes each; the parameters follow from them."""
        return self.maxima.astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Null:
        """Return the distribution that `to_bytes` wrote."""
        return cls.of(np.frombuffer(content, dtype="<f4"))

    def _rank(self, llr: float) -> int:
        """Return the rank of a value among itself and the maxima; 1 is the largest."""
        return len(self.maxima) - int(np.searchsorted(self.maxima, llr - _TIE)) + 1

    def _of_rank(self, rank: int) -> float:
        """Return the smallest value of at most this rank."""
        if rank < 1:
            return float("inf")
        if rank > len(self.maxima):
            return 0.0
        return float(self.maxima[-rank])

    def _tail(self, llr: float) -> float | None:
        """Return the probability that the Gumbel distribution gives to greater values."""
        if not self.scale:
            return None
        return float(-np.expm1(-np.exp(-(llr - self.loc) / self.scale)))


def recurrence_interval(p: float, days: float = 1.0, analyses: int = 1) -> float:
    """Return the recurrence interval in days: `D / (1 - (1 - p)^(1 / A))`, as in SaTScan.

    `days` (D) is the time between two analyses; `p` is adjusted for `analyses` (A) of them.
    """
    if p >= 1:
        return days
    each = -expm1(log1p(-p) / analyses)
    return days / each if each else float("inf")
