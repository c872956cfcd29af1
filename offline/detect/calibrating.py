"""Measure how often chance alone gives an alarm, from permuted replays of a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from detection.emerging.calibration import Calibration, TooShortError, calibrate
from detection.emerging.facts import Case, SeriesKey, Stream
from detection.emerging.replays import History
from detection.emerging.settings import Settings
from offline.detect.errors import DetectError
from offline.detect.reading import Event, Events, Progress
from offline.detect.sites import Strata

_YEAR: Final = 365.0
_STREAM: Final = Stream("file", "file")
_STEPS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Measure:
    """The settings of a calibration.

    `replays` is the number of replays, None for as many as have a year together.
    """

    radius: float
    share: float
    window: int
    study_days: int
    replicates: int
    minimum: int
    seed: int
    strata: Strata
    replays: int | None = None

    @property
    def settings(self) -> Settings:
        """Return the settings of the agent."""
        return Settings(
            watches=(), radius_m=self.radius, share=self.share, window_days=self.window,
            study_days=self.study_days, replicates=self.replicates, minimum_cases=self.minimum,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """A calibration, and what it was measured on."""

    measure: Measure
    calibration: Calibration
    series: Sequence[str]
    cases: int

    def document(self) -> dict[str, Any]:
        """Return levels, settings and counts for JSON."""
        found, measure = self.calibration, self.measure
        return {
            "levels": [self._level(level) for level in found.levels],
            "settings": {
                "radius_m": measure.radius,
                "share": measure.share,
                "window_days": measure.window,
                "study_days": measure.study_days,
                "replicates": measure.replicates,
                "minimum_cases": measure.minimum,
                "seed": measure.seed,
                "strata": measure.strata,
            },
            "counts": {
                "cases": self.cases,
                "series": list(self.series),
                "replayed_years": found.years,
            },
        }

    def _level(self, level: int) -> dict[str, Any]:
        most = self.measure.settings.shares["scan"] * _YEAR / level
        return {
            "level_days": level,
            "alarms": self.calibration.opened[level],
            "alarms_per_year": self.calibration.alarms_per_year(level),
            "at_most_per_year": most,
        }


def measure_alarms(
    read: Events, measure: Measure, progress: Progress = lambda *_: None
) -> Measured:
    """Replay a file's events with their days permuted within strata, and count the alarms.

    Raises:
        DetectError: the file has too few days.
    """
    histories = _histories(read.events, measure)
    settings = measure.settings
    try:
        found = calibrate(
            histories, settings, _years(histories, measure), np.random.default_rng(measure.seed),
            lambda share: progress(round(share * _STEPS), _STEPS, ""),
        )  # fmt: skip
    except TooShortError as error:
        message = f"{read.file}: {error}; accepted: a longer file, or fewer --study-days"
        raise DetectError(message) from None
    names = [history.series.name for history in histories]
    return Measured(measure, found, names, sum(len(history.day) for history in histories))


def _histories(events: Sequence[Event], measure: Measure) -> list[History]:
    by_type = defaultdict[str, list[Case]](list)
    for event in events:
        if event.day is not None:
            by_type[event.type] += [_case(event, event.day)] * event.cases
    return [
        _in_strata(History.of(SeriesKey(name, (_STREAM,)), cases), measure.strata)
        for name, cases in sorted(by_type.items())
        if cases
    ]


def _case(event: Event, day: int) -> Case:
    return Case(
        event.id,
        _STREAM,
        event.agency,
        event.type,
        round(event.easting),
        round(event.northing),
        day,
    )


def _in_strata(history: History, strata: Strata) -> History:
    if strata == "weekday":
        return history
    return replace(history, stratum=np.zeros_like(history.stratum), strata=1)


def _years(histories: Sequence[History], measure: Measure) -> float:
    """Return the years of the replays that were asked for."""
    if measure.replays is None or not histories:
        return 1.0
    days = [int(day) for history in histories for day in history.day[[0, -1]]]
    replayed = max(days) - min(days) - measure.study_days + 1
    # A little less, so that rounding gives no replay more.
    return (measure.replays - 0.5) * max(replayed, 1) / _YEAR
