"""P-values of a scan: by Monte Carlo, and by the Gumbel distribution of the maxima of the replicates."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, inf, log, log1p, pi, sqrt
from typing import Final

import numpy as np
from numpy import float32, float64
from numpy.typing import NDArray

from detection.emerging.facts import PMethod, PValue

_LEAST_RANK: Final = 10  # below it SaTScan reports the p-value of the Gumbel distribution
_TAIL: Final = 50  # maxima from which the tail is computed
_LEAST_TAIL: Final = 5
_MOST_ZEROS: Final = 0.01  # share of maxima; with more the Gumbel distribution does not fit
_TIE: Final = 1e-5  # maxima are kept with seven digits


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """The distribution of the maximum under the null hypothesis.

    If circles with enough cases are rare, many maxima are 0, and the Gumbel distribution gives p-values that
    are far too low (measured: 5 to 40 times with 4 cases or more). Then an exponential tail above the
    `_TAIL` largest maxima is computed too, and the greater of both p-values is used.

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
        """Return the p-value: by Monte Carlo if the rank is at least 10, else by a distribution.

        That is the Gumbel distribution, or the exponential tail where maxima of 0 are many.
        """
        replicates = len(self.maxima)
        rank = self._rank(llr)
        monte_carlo = rank / (replicates + 1)
        gumbel = self._gumbel(llr)
        value, method = self._used(llr, rank, monte_carlo, gumbel)
        return PValue(value, method, monte_carlo, gumbel, replicates)

    def threshold(self, p: float) -> float:
        """Return a likelihood ratio below which every p-value is greater than `p`."""
        ranks = int(p * (len(self.maxima) + 1))
        if ranks >= _LEAST_RANK or not self.scale:
            return self._of_rank(ranks)
        least = max(self._of_rank(_LEAST_RANK - 1), self.loc - self.scale * log(-log1p(-p)))
        if not self._is_sparse:
            return least
        tail = self._tail()
        return inf if tail is None else max(least, tail.at(p))

    def _used(
        self, llr: float, rank: int, monte_carlo: float, gumbel: float | None
    ) -> tuple[float, PMethod]:
        if rank >= _LEAST_RANK or gumbel is None:
            return monte_carlo, "monte-carlo"
        if not self._is_sparse:
            return gumbel, "gumbel"
        tail = self._tail()
        if tail is None:
            return monte_carlo, "monte-carlo"
        above = tail.above(llr)
        return (above, "tail") if above > gumbel else (gumbel, "gumbel")

    @property
    def _is_sparse(self) -> bool:
        zeros = int(np.searchsorted(self.maxima, 0, side="right"))
        return zeros > _MOST_ZEROS * len(self.maxima)

    def _tail(self) -> _Tail | None:
        """Return the tail of the largest maxima that are greater than 0, or None if they are too few."""
        positive = len(self.maxima) - int(np.searchsorted(self.maxima, 0, side="right"))
        used = min(_TAIL, positive - 1)
        if used < _LEAST_TAIL:
            return None
        start = float(self.maxima[-used - 1])
        mean = float(self.maxima[-used:].astype(float64).mean()) - start
        return _Tail((used + 1) / (len(self.maxima) + 1), start, mean) if mean > 0 else None

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

    def _gumbel(self, llr: float) -> float | None:
        """Return the probability that the Gumbel distribution gives to greater values."""
        if not self.scale:
            return None
        return float(-np.expm1(-np.exp(-(llr - self.loc) / self.scale)))


@dataclass(frozen=True, slots=True)
class _Tail:
    """An exponential tail: `share` of the maxima are at least `start`, and the mean excess of them."""

    share: float
    start: float
    mean: float

    def above(self, llr: float) -> float:
        """Return the probability of a maximum of at least this ratio."""
        return min(1.0, self.share * exp(-max(0.0, llr - self.start) / self.mean))

    def at(self, p: float) -> float:
        """Return the ratio that is exceeded with probability `p`."""
        return self.start + self.mean * max(0.0, log(self.share / p)) if p > 0 else inf


def recurrence_interval(p: float, days: float = 1.0, analyses: int = 1) -> float:
    """Return the recurrence interval in days: `D / (1 - (1 - p)^(1 / A))`, as in SaTScan.

    `days` (D) is the time between two analyses; `p` is adjusted for `analyses` (A) of them.
    """
    if p >= 1:
        return days
    each = -expm1(log1p(-p) / analyses)
    return days / each if each else float("inf")
