"""Farrington Flexible: one week's count against the same time of past years.

The bounds are those of `farringtonFlexible` of R's `surveillance` 1.20.3 (Farrington et al. 1996, JRSS A
159:547; Noufaily et al. 2013, Statistics in Medicine 32:1206).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr  # type: ignore[import-untyped]

from detection.rates.assessment import Assessment
from detection.rates.glm import Fit, Floats, fit
from detection.rates.reference import periods, weeks_before
from detection.rates.tails import count_quantile, count_tail, predictive_tail

Power = Literal["none", "1/2", "2/3"]
Threshold = Literal["delta", "nbPlugin", "muan"]

_POWERS: Final[dict[Power, float]] = {"none": 1.0, "1/2": 1 / 2, "2/3": 2 / 3}
_TREND_YEARS: Final = 3
_TREND: Final = 1
_LARGEST_LOG: Final = 700.0
_COUNTABLE: Final = 1e9
"""Above it, the upper bound of an expected count says nothing: its season had no case in the reference."""


@dataclass(frozen=True, slots=True)
class FarringtonOptions:
    """The options of Farrington Flexible, with R's default values. The names of R are in brackets.

    - `years` (b): years of reference; a shorter history has as many as it has.
    - `half_width` (w): weeks on either side of the same date of a past year.
    - `periods` (noPeriods): periods of the year with a rate each; 1 uses only the weeks around the dates.
    - `past_weeks` (pastWeeksNotIncluded): newest weeks that are not used; None is `half_width`.
    - `reweight`, `weights_threshold` (weightsThreshold): past outbreaks count less, if their Anscombe
      residual is above the threshold.
    - `trend`, `trend_alpha` (trend, pThresholdTrend): a linear trend is used if its p-value is below
      `trend_alpha`, there are 3 years, and it does not expect more than the largest reference count.
    - `limit_cases`, `limit_weeks` (limit54): fewer cases in the newest weeks give no alarm.
    - `threshold` (thresholdMethod): `delta` is a normal bound after a power transformation, `power`
      (powertrans); `nbPlugin` and `muan` are quantiles of a negative binomial distribution, with the
      expected count or with the upper bound of its confidence interval.
    - `alpha`: the level of the bound.
    """

    years: int = 5
    half_width: int = 3
    periods: int = 1
    past_weeks: int | None = None
    reweight: bool = True
    weights_threshold: float = 2.58
    trend: bool = True
    trend_alpha: float = 0.05
    limit_cases: int = 5
    limit_weeks: int = 4
    power: Power = "2/3"
    threshold: Threshold = "delta"
    alpha: float = 0.05


R_DEFAULT: Final = FarringtonOptions()
"""R's default options, which are those of Farrington et al. 1996."""

NOUFAILY: Final = FarringtonOptions(periods=10, past_weeks=26, trend_alpha=1.0, threshold="muan")
"""The improved options of Noufaily et al. 2013."""


class _Reference(NamedTuple):
    """Reference counts (n,), their weeks (n,) and seasons (n, s); the week and season to predict."""

    counts: Floats
    weeks: Floats
    seasons: Floats
    week: float
    season: Floats

    def design(self, has_trend: bool) -> Floats:
        trend = [self.weeks] if has_trend else []
        return np.column_stack([np.ones(len(self.counts)), *trend, self.seasons])

    def row(self, has_trend: bool) -> Floats:
        return np.array([1.0, *([self.week] if has_trend else []), *self.season])


class _Model(NamedTuple):
    """A fit, its dispersion of at least 1, and the logarithm of what it expects.

    `variance` is that of the logarithm at a dispersion of 1, `error` its standard error as R computes it.
    """

    dispersion: float
    log_mean: float
    variance: float
    error: float
    freedom: int
    has_trend: bool


def assess_farrington(
    counts: NDArray[int64],
    missing: NDArray[bool_] | None = None,
    options: FarringtonOptions = R_DEFAULT,
    day: int | None = None,
) -> Assessment | None:
    """Assess the last of the counts (T,), which are of consecutive weeks.

    `missing` (T,) marks the weeks of which the count is not known: they are no reference. `day` is any day of
    the last week since 1970-01-01; without it, a year is 52 weeks. Return None if the last count is missing,
    the history has not one year, or the model has no result.
    """
    known = np.ones(len(counts), bool) if missing is None else ~np.asarray(missing, bool)
    if not len(counts) or not known[-1]:
        return None
    years = years_of(len(counts), options, day)
    reference = _reference(np.asarray(counts, float64), known, options, years, day)
    model = None if reference is None else _model(reference, options, years)
    if reference is None or model is None:
        return None
    return _assessment(counts, known, options, reference, model)


def years_of(weeks: int, options: FarringtonOptions = R_DEFAULT, day: int | None = None) -> int:
    """Return the number of years of reference that a history of so many weeks has, at most the option's."""
    before = weeks_before(options.years, day)[1:]
    return int((before + options.half_width < weeks).sum())


def _reference(
    counts: Floats,
    known: NDArray[bool_],
    options: FarringtonOptions,
    years: int,
    day: int | None,
) -> _Reference | None:
    last = len(counts) - 1
    if not years:
        return None
    period = periods(last, weeks_before(years, day), options.half_width, options.periods)
    past = options.half_width if options.past_weeks is None else options.past_weeks
    period[max(last - past, 0) :] = 0
    (weeks,) = np.nonzero((period > 0) & known)
    if not len(weeks):
        return None
    levels = np.unique(period[weeks])
    if levels[-1] != options.periods:
        return None
    seasons = (period[weeks][:, None] == levels[1:]).astype(float64)
    season = (levels[1:] == options.periods).astype(float64)
    start = weeks[0]
    return _Reference(counts[weeks], (weeks - start).astype(float64), seasons, last - start, season)


def _model(reference: _Reference, options: FarringtonOptions, years: int) -> _Model | None:
    if options.trend:
        fitted = _fitted(reference, options, has_trend=True)
        if fitted is not None:
            model = _predicted(reference, options, fitted, has_trend=True)
            if years >= _TREND_YEARS and _is_useful(fitted, model, reference, options):
                return model
    fitted = _fitted(reference, options, has_trend=False)
    return None if fitted is None else _predicted(reference, options, fitted, has_trend=False)


def _fitted(reference: _Reference, options: FarringtonOptions, has_trend: bool) -> Fit | None:
    design = reference.design(has_trend)
    first = fit(design, reference.counts)
    if first is None or not first.has_converged:
        return None
    if not options.reweight:
        return first
    return fit(design, reference.counts, _reweighted(first, options.weights_threshold))


def _reweighted(first: Fit, threshold: float) -> Floats:
    """Return the weights (n,) that reduce the influence of counts far above what is fitted."""
    scale = np.sqrt(max(first.dispersion(first.working), 1.0) * (1 - first.leverages).clip(1e-12))
    means = first.means
    residuals = 1.5 * (first.counts ** (2 / 3) * means ** (-1 / 6) - np.sqrt(means)) / scale
    weights = np.ones(len(means))
    is_high = residuals > threshold
    weights[is_high] = residuals[is_high] ** -2
    weights *= len(weights) / weights.sum()
    return weights


def _predicted(
    reference: _Reference, options: FarringtonOptions, fitted: Fit, has_trend: bool
) -> _Model:
    row = reference.row(has_trend)
    log_mean, variance = fitted.predict(row)
    return _Model(
        dispersion=max(fitted.dispersion(fitted.working), 1.0),
        log_mean=log_mean,
        variance=fitted.exact_variance(row),
        error=np.sqrt(variance * _dispersion_of_r(fitted, options)),
        freedom=fitted.freedom,
        has_trend=has_trend,
    )


def _dispersion_of_r(fitted: Fit, options: FarringtonOptions) -> float:
    """Return the dispersion of standard errors in R.

    R replaces the weights of a reweighted model by the prior ones before it computes it.
    """
    return fitted.dispersion(fitted.weights if options.reweight else fitted.working)


def _is_useful(
    fitted: Fit, model: _Model, reference: _Reference, options: FarringtonOptions
) -> bool:
    error = np.sqrt(fitted.variance(_TREND) * _dispersion_of_r(fitted, options))
    p = 2 * float(stdtr(fitted.freedom, -abs(fitted.coefficients[_TREND] / error)))
    return p < options.trend_alpha and bool(np.exp(model.log_mean) <= reference.counts.max())


def _assessment(
    counts: NDArray[int64],
    known: NDArray[bool_],
    options: FarringtonOptions,
    reference: _Reference,
    model: _Model,
) -> Assessment:
    observed = int(counts[-1])
    upper, p = (_delta if options.threshold == "delta" else _quantile)(observed, model, options)
    newest = counts[-options.limit_weeks :][known[-options.limit_weeks :]]
    return Assessment(
        observed=observed,
        expected=float(np.exp(model.log_mean)),
        upper=upper,
        p=p,
        p_predictive=_predictive(observed, model),
        references=len(reference.counts),
        dispersion=model.dispersion,
        is_enough=int(newest.sum()) >= options.limit_cases,
        has_trend=model.has_trend,
    )


def _delta(observed: int, model: _Model, options: FarringtonOptions) -> tuple[float, float]:
    """Return the bound and the tail of the normal distribution after the power transformation."""
    power = _POWERS[options.power]
    mean = np.exp(model.log_mean)
    spread = model.dispersion + mean * model.error**2
    sigma = power * mean ** (power - 1 / 2) * np.sqrt(spread)
    upper = (mean**power - ndtri(options.alpha) * sigma) ** (1 / power)
    return float(upper), float(ndtr((mean**power - observed**power) / sigma))


def _quantile(observed: int, model: _Model, options: FarringtonOptions) -> tuple[float, float]:
    """Return the bound and the tail of the negative binomial distribution."""
    margin = 0.0 if options.threshold == "nbPlugin" else -ndtri(options.alpha) * model.error
    mean = float(np.exp(min(model.log_mean + margin, _LARGEST_LOG)))
    if mean > _COUNTABLE:
        return mean, 1.0
    upper = count_quantile(options.alpha, mean, model.dispersion)
    return float(upper), count_tail(observed, mean, model.dispersion)


def _predictive(observed: int, model: _Model) -> float:
    """Return the predictive tail: the reference is worth 1 / variance cases at the expected rate."""
    cases = 1 / model.variance
    weeks = cases / float(np.exp(model.log_mean))
    return predictive_tail(observed, weeks, cases, model.dispersion, model.freedom)
