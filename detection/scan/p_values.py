"""P-values of a scan: by Monte Carlo, and by the Gumbel distribution of the maxima of the replicates."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, log, log1p, pi, sqrt
from typing import Final

import numpy as np
from numpy import float32, float64
from numpy.typing import NDArray

from detection.emerging.facts import PValue

_LEAST_RANK: Final = 10  # below it SaTScan reports the p-value of the Gumbel distribution
_LEAST_SAMPLE: Final = 10  # maxima from which a distribution is made
_CERTAIN: Final = 10.0  # from here on the tail is 1
_TIE: Final = 1e-5  # maxima are kept with seven digits


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """The distribution of the maximum under the null hypothesis.

    `maxima` (R,) are those of the replicates, in ascending order. `loc` and `scale` are the parameters of the
    Gumbel distribution with the mean and the variance of those above 0 (method of moments, as in SaTScan;
    Abrams, Kleinman & Kulldorff 2010), `share` is their share of all. A small series has many replicates
    without any cluster, whose maximum is 0: with them in one distribution, its tail would be far too thin.
    A `scale` of 0 means that there is no such distribution: fewer than 10 are above 0, or all are equal.
    """

    maxima: NDArray[float32]
    loc: float
    scale: float
    share: float

    @classmethod
    def of(cls, maxima: NDArray[np.floating]) -> Null:
        """Return the distribution from the maxima of replicates, in any order."""
        ordered = np.sort(maxima.astype(float32))
        positive = ordered[ordered > 0].astype(float64)
        if len(positive) < _LEAST_SAMPLE:
            return cls(ordered, 0.0, 0.0, len(positive) / max(len(ordered), 1))
        scale = float(positive.std(ddof=1)) * sqrt(6) / pi
        loc = float(positive.mean()) - float(np.euler_gamma) * scale
        return cls(ordered, loc, scale, len(positive) / len(ordered))

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
        if p >= self.share:
            return self._of_rank(_LEAST_RANK - 1)
        tail = -log(-log1p(-p / self.share))
        return max(self._of_rank(_LEAST_RANK - 1), self.loc + self.scale * tail)

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
        """Return the probability of a greater value by the Gumbel distribution."""
        if not self.scale:
            return None
        depth = min((self.loc - llr) / self.scale, _CERTAIN)
        return self.share * -expm1(-exp(depth))


def recurrence_interval(p: float, days: float = 1.0, analyses: int = 1) -> float:
    """Return the recurrence interval in days: `D / (1 - (1 - p)^(1 / A))`, as in SaTScan.

    `days` (D) is the time between two analyses; `p` is adjusted for `analyses` (A) of them.
    """
    if p >= 1:
        return days
    each = -expm1(log1p(-p) / analyses)
    return days / each if each else float("inf")
