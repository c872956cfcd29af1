"""The Knox test: are more pairs of cases close in space and in time than chance gives?

Knox 1964 (Applied Statistics 13:25); as a test of near repeats Johnson and Bowers 2004 (European Journal of
Criminology 1:237). Under the null hypothesis the days of the cases are permuted among their places. A day
without a supply has no case, and no permutation puts a case there: it is missing, not zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy import float64, int64
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc, ndtr  # type: ignore[import-untyped]

from detection.emerging.facts import PValue
from detection.near_repeats.counting import Ints, close_in_time, places_of

_FEWEST: Final = 2
_NOT_SKEWED: Final = 0.01
_TRUSTED_RANK: Final = 10
"""From this rank of the observed number on, the Monte Carlo p-value is used."""


@dataclass(frozen=True, slots=True)
class Knox:
    """The result of the test of n cases.

    Pairs are unordered. `both` are close in space and in time, `near` close in space, `soon` close in time,
    `pairs` all. `permuted` (R,) is `both` of each replicate.
    """

    both: int
    near: int
    soon: int
    pairs: int
    permuted: Ints

    @property
    def table(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the contingency table: rows close in time or not, columns close in space or not."""
        far_soon = self.soon - self.both
        near_late = self.near - self.both
        return (self.both, far_soon), (near_late, self.pairs - self.both - far_soon - near_late)

    @property
    def expected(self) -> float:
        """Return the number of close pairs if closeness in space and in time were independent."""
        return self.near * self.soon / self.pairs if self.pairs else 0.0

    @property
    def expected_permuted(self) -> float:
        """Return the mean number of close pairs of the replicates."""
        return float(self.permuted.mean()) if len(self.permuted) else self.expected

    @property
    def p_poisson(self) -> float:
        """Return the Poisson probability of at least as many close pairs as observed."""
        return float(gammainc(self.both, self.expected)) if self.both else 1.0

    @property
    def p(self) -> PValue:
        """Return the Monte Carlo p-value, or the tail of a gamma distribution if its rank is below 10.

        The gamma distribution has the first three moments of the replicates (Pearson type III).
        """
        replicates = len(self.permuted)
        rank = 1 + int((self.permuted >= self.both).sum())
        monte_carlo = rank / (replicates + 1)
        if rank >= _TRUSTED_RANK or not replicates:
            return PValue(monte_carlo, "monte-carlo", monte_carlo, replicates=replicates)
        tail = min(moment_tail(self.both, self.permuted), monte_carlo)
        return PValue(tail, "tail", monte_carlo, replicates=replicates)


def knox(
    points: NDArray[float64],
    days: Ints,
    metres: float,
    span: int,
    replicates: int,
    rng: Generator,
    strata: Ints | None = None,
) -> Knox:
    """Test cases at `points` (n, 2) on `days` (n,).

    Pairs are close at up to `metres` and up to `span` days. Days are permuted within `strata` (n,), such as
    the cases of one supplier; without it, among all cases.
    """
    if len(days) < _FEWEST:
        return Knox(0, 0, 0, 0, np.zeros(replicates, int64))
    places = places_of(points, metres, int(days.max() - days.min()) + 1)
    exchangeable = np.zeros(len(days), int64) if strata is None else strata
    permuted = [
        places.close_pairs(_permuted(days, exchangeable, rng), span) for _ in range(replicates)
    ]
    return Knox(
        both=places.close_pairs(days, span),
        near=places.near,
        soon=close_in_time(days, span),
        pairs=len(days) * (len(days) - 1) // 2,
        permuted=np.array(permuted, int64),
    )


def recent_pairs(
    points: NDArray[float64], days: Ints, metres: float, span: int, since: int
) -> Ints:
    """Return the close pairs (m, 2), as indices of cases, whose newer case is on the day `since` or later.

    The older case of each pair is first; cases of one day are in the order of their indices.
    """
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]  # noqa: PLC0415

    (new,) = np.nonzero(days >= since)
    (old,) = np.nonzero(days >= since - span)
    if not len(new):
        return np.empty((0, 2), int64)
    found = cKDTree(points[new]).sparse_distance_matrix(
        cKDTree(points[old]), metres, output_type="ndarray"
    )
    newer, older = new[found["i"]], old[found["j"]]
    later = (days[older] < days[newer]) | ((days[older] == days[newer]) & (older < newer))
    is_close = later & (days[newer] - days[older] <= span)
    pairs = np.column_stack([older, newer])[is_close]
    ordered: Ints = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return ordered


def moment_tail(observed: int, permuted: Ints) -> float:
    """Return the probability of at least `observed`, by a gamma distribution like the replicates.

    The mean, the variance and the skewness are those of the replicates (R,); if they are not skewed to the
    right, the distribution is normal. Half a pair is taken off, because pairs are whole.
    """
    deviation = float(permuted.std(ddof=1)) if len(permuted) > 1 else 0.0
    if deviation == 0:
        return 1.0 if observed <= permuted[0] else 0.0
    scores = (permuted - permuted.mean()) / deviation
    score = (observed - 0.5 - float(permuted.mean())) / deviation
    skewness = float((scores**3).mean())
    if skewness < _NOT_SKEWED:
        return float(ndtr(-score))
    shape = 4 / skewness**2
    return float(gammaincc(shape, max(shape + score * np.sqrt(shape), 0.0)))


def _permuted(days: Ints, strata: Ints, rng: Generator) -> Ints:
    """Return the days (n,), permuted within the strata (n,)."""
    result = np.empty_like(days)
    result[np.argsort(strata, kind="stable")] = days[np.lexsort((rng.random(len(days)), strata))]
    return result
