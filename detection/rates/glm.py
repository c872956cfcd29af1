"""Quasi-Poisson regression with a log link, by iteratively reweighted least squares.

The start, the end of the iteration and the weights of the result are those of `glm` of R 4, so that results
agree to the last digits even where an estimate is at infinity, such as that of a season without cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from scipy.special import xlogy  # type: ignore[import-untyped]

Floats = NDArray[float64]

_PRECISION: Final = 1e-8
_ITERATIONS: Final = 25
_SINGULAR: Final = 1e-11


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model of n counts with p coefficients.

    - `design` (n, p); `coefficients` (p,): on the scale of the logarithm.
    - `counts` (n,), `means` (n,): observed and fitted.
    - `weights` (n,): prior weights; `working` (n,): weights of the last iteration.
    - `orthogonal` (n, p), `inverse` (p, p): Q, and the inverse of R, of the last weighted design.
    """

    design: Floats
    coefficients: Floats
    counts: Floats
    means: Floats
    weights: Floats
    working: Floats
    orthogonal: Floats
    inverse: Floats
    has_converged: bool

    @property
    def freedom(self) -> int:
        """Return the degrees of freedom of the residuals."""
        return len(self.counts) - len(self.coefficients)

    @property
    def leverages(self) -> Floats:
        """Return the diagonal (n,) of the hat matrix."""
        leverages: Floats = np.einsum("ij,ij->i", self.orthogonal, self.orthogonal)
        return leverages

    def dispersion(self, weights: Floats) -> float:
        """Return the Pearson dispersion, with these weights (n,) of the squared working residuals."""
        residuals = (self.counts - self.means) / self.means
        return float(weights @ residuals**2) / self.freedom

    def predict(self, row: Floats) -> tuple[float, float]:
        """Return the linear predictor of a row (p,), and its variance in R at a dispersion of 1."""
        return float(row @ self.coefficients), float(((row @ self.inverse) ** 2).sum())

    def exact_variance(self, row: Floats) -> float:
        """Return the variance of the linear predictor of a row (p,) at a dispersion of 1.

        R's is that of the iteration before the last: much too large where an estimate is at infinity.
        """
        roots = np.sqrt(self.weights * self.means)
        triangle = np.linalg.qr(self.design * roots[:, None]).R
        return float((np.linalg.solve(triangle.T, row) ** 2).sum())

    def variance(self, column: int) -> float:
        """Return the variance of a coefficient at a dispersion of 1."""
        return float((self.inverse[column] ** 2).sum())


def fit(design: Floats, counts: Floats, weights: Floats | None = None) -> Fit | None:
    """Fit the counts (n,) by the design (n, p) with prior weights (n,).

    Return None if a coefficient is not determined or there are no degrees of freedom left.
    """
    prior = np.ones(len(counts)) if weights is None else weights
    if len(counts) <= design.shape[1]:
        return None
    log_means = np.log(counts + 0.1)
    means = np.exp(log_means)
    deviance = _deviance(counts, means, prior)
    for _ in range(_ITERATIONS):
        working = prior * means
        roots = np.sqrt(working)
        orthogonal, triangle = np.linalg.qr(design * roots[:, None])
        if _is_singular(design * roots[:, None], triangle):
            return None
        responses = (log_means + (counts - means) / means) * roots
        coefficients = np.linalg.solve(triangle, orthogonal.T @ responses)
        log_means = design @ coefficients
        means = np.exp(log_means)
        before, deviance = deviance, _deviance(counts, means, prior)
        has_converged = abs(deviance - before) / (abs(deviance) + 0.1) < _PRECISION
        if not np.isfinite(deviance) or not means.all():
            return None
        if has_converged:
            break
    inverse = np.linalg.inv(triangle)
    return Fit(
        design,
        coefficients,
        counts,
        means,
        prior,
        working,
        orthogonal,
        inverse,
        bool(has_converged),
    )


def _deviance(counts: Floats, means: Floats, weights: Floats) -> float:
    logs = xlogy(counts, counts) - xlogy(counts, means)
    return 2 * float(weights @ (logs - (counts - means)))


def _is_singular(design: Floats, triangle: Floats) -> bool:
    sizes = np.sqrt((design**2).sum(axis=0))
    return bool((np.abs(np.diag(triangle)) <= _SINGULAR * sizes).any())
