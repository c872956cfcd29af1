"""The Early Aberration Reporting System: methods C1, C2 and C3.

The bounds are those of `earsC` of R's `surveillance` 1.20.3 (Fricker, Hegler and Dunfee 2008, Statistics in
Medicine 27:3407). A count is compared with the mean and the standard deviation of a few counts before it.
The units of time are days or weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri  # type: ignore[import-untyped]

from detection.rates.assessment import Assessment
from detection.rates.tails import predictive_tail

Method = Literal["C1", "C2", "C3"]

_GUARDS: Final = {"C1": 0, "C2": 2, "C3": 2}
_MINIMUM_BASELINE: Final = 3


@dataclass(frozen=True, slots=True)
class EarsOptions:
    """The options of EARS. The names of R are in brackets.

    - `method`: C1 refers to the counts just before the newest; C2 leaves out the two before it; C3 sums how
      far the two before it exceed what C2 expects of them by more than one standard deviation. As in R, the
      newest count has no influence on an alarm of C3.
    - `alpha`: the level of the bound. R's value for C3 is 0.025.
    - `baseline`: the number of reference counts, at least 3.
    - `minimum_sigma` (minSigma): a standard deviation below it is raised to it.
    """

    method: Method = "C1"
    alpha: float = 0.001
    baseline: int = 7
    minimum_sigma: float = 0.0

    def __post_init__(self) -> None:
        """Raise a ValueError if an option is out of its bounds."""
        if self.baseline < _MINIMUM_BASELINE:
            raise ValueError(
                f"baseline is {self.baseline}, but must be at least {_MINIMUM_BASELINE}"
            )
        if self.minimum_sigma < 0:
            raise ValueError(f"minimum_sigma is {self.minimum_sigma}, but must be at least 0")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha is {self.alpha}, but must be between 0 and 1")


C1: Final = EarsOptions()
"""EARS C1 with R's default options."""


class _Reference(NamedTuple):
    values: NDArray[float64]
    mean: float
    sigma: float

    def score(self, count: float) -> float:
        """Return the distance from the mean in standard deviations."""
        above = float(count) - self.mean
        if self.sigma == 0:
            return float(np.inf) if above > 0 else -float(np.inf) if above < 0 else 0.0
        return above / self.sigma


def assess_ears(
    counts: NDArray[int64],
    missing: NDArray[bool_] | None = None,
    options: EarsOptions = C1,
    dispersion: float | None = None,
) -> Assessment | None:
    """Assess the last of the counts (T,), which are of consecutive days or weeks.

    `missing` (T,) marks the units of which the count is not known: they are no reference, and those before
    them are used instead, from at most twice as far back. `dispersion` is that of many series together
    (see `pooled_dispersion`), for the predictive tail: one series has too few counts to know it well. Return
    None if the last count is missing or there are not enough reference counts.
    """
    values = _without(counts, missing)
    last = len(values) - 1
    reference = _reference(values, last, options)
    if reference is None or np.isnan(values[last]):
        return None
    observed = int(values[last])
    upper, score = _bound(values, last, reference, options)
    return Assessment(
        observed=observed,
        expected=reference.mean,
        upper=upper,
        p=float(ndtr(-score)),
        p_predictive=_predictive(observed, reference, dispersion),
        references=len(reference.values),
        dispersion=_dispersion(reference) if dispersion is None else dispersion,
    )


def pooled_dispersion(counts: NDArray[int64], missing: NDArray[bool_] | None = None) -> float:
    """Return the dispersion of the counts (A, T) of A series, each about a mean of its own; at least 1."""
    values = _without(counts, missing)
    known = (~np.isnan(values)).sum(axis=1, keepdims=True)
    means = np.nansum(values, axis=1, keepdims=True) / np.maximum(known, 1)
    has_cases = (means > 0) & (known > 1)
    squares = np.where(has_cases, (values - means) ** 2 / np.where(has_cases, means, 1), 0)
    freedom = int((known - 1)[has_cases].sum())
    return max(1.0, float(np.nansum(squares)) / freedom) if freedom else 1.0


def first_assessed(options: EarsOptions) -> int:
    """Return the index of the first count that has all its reference counts, if none is missing."""
    return options.baseline + {"C1": 0, "C2": 2, "C3": 4}[options.method]


def _without(counts: NDArray[int64], missing: NDArray[bool_] | None) -> NDArray[float64]:
    values = np.asarray(counts, float64)
    return values if missing is None else np.where(missing, np.nan, values)


def _reference(values: NDArray[float64], at: int, options: EarsOptions) -> _Reference | None:
    end = at - _GUARDS[options.method]
    candidates = values[max(end - 2 * options.baseline, 0) : max(end, 0)]
    known = candidates[~np.isnan(candidates)][-options.baseline :]
    if len(known) < options.baseline:
        return None
    sigma = max(float(known.std(ddof=1)), options.minimum_sigma)
    return _Reference(known, float(known.mean()), sigma)


def _bound(
    values: NDArray[float64], at: int, reference: _Reference, options: EarsOptions
) -> tuple[float, float]:
    quantile = -float(ndtri(options.alpha))
    if options.method != "C3":
        return reference.mean + quantile * reference.sigma, reference.score(values[at])
    before = float(sum(_excess(values, at - lag, options) for lag in (1, 2)))
    if reference.sigma == 0:
        return float(values[at]), before
    return max(0.0, float(values[at]) + reference.sigma * (quantile - before)), before


def _excess(values: NDArray[float64], at: int, options: EarsOptions) -> float:
    reference = _reference(values, at, options)
    if reference is None or np.isnan(values[at]):
        return 0.0
    return max(0.0, reference.score(values[at]) - 1)


def _dispersion(reference: _Reference) -> float:
    if reference.mean == 0:
        return 1.0
    return max(1.0, float(reference.values.var(ddof=1)) / reference.mean)


def _predictive(observed: int, reference: _Reference, dispersion: float | None) -> float:
    weeks = len(reference.values)
    cases = weeks * reference.mean
    if dispersion is not None:
        return predictive_tail(observed, weeks, cases, dispersion)
    return predictive_tail(observed, weeks, cases, _dispersion(reference), weeks - 1)
