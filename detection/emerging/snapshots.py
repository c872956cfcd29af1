"""Snapshots: one series as of one day, small enough for a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy import int64

from detection.emerging.facts import Case, CaseKey, Kind, Match, SeriesKey, Source
from detection.emerging.history import History, Kin, area_of
from detection.emerging.members import Members
from detection.emerging.rate_series import Rate, rates
from detection.emerging.settings import Settings
from detection.emerging.sites import Point
from detection.emerging.strata import Stratum, day_kind
from detection.scan.counts import Ints

DAILY: Final[frozenset[Kind]] = frozenset({"scan"})
WEEKLY: Final[frozenset[Kind]] = frozenset({"near-repeat", "farrington", "ears"})

_RATES: Final[frozenset[Kind]] = frozenset({"farrington", "ears"})


class Supplied(Protocol):
    """The supplies, as a snapshot needs them. Days are since 1970-01-01."""

    def held(self, source: Source) -> bool:
        """Return True if a supply of the source is incomplete, or not all its records are here."""

    def complete_day(self, source: Source) -> int | None:
        """Return the last day whose records have all arrived by the learned delay, or None if unknown."""

    def covered(self, source: Source, day: int) -> bool:
        """Return True if a supply covers the day."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One series as of one day, without the cases of held sources.

    Shapes: S sites, N counted cases of the study period, in order of their days and keys. `points` (S, 2) are
    easting and northing in metres, in their order; `site`, `stratum` and `day` (N,) the site, the stratum and
    the day of each case, `keys` and `areas` its key and its area. `complete` has the last complete day of the
    sources of which it is known. `kinds` are the detectors that are due; without any, only the null of the
    looks of its own day is wanted.
    """

    series: SeriesKey
    as_of: int
    points: Ints
    site: Ints
    stratum: Ints
    day: Ints
    keys: tuple[CaseKey, ...]
    areas: tuple[str, ...]
    strata: tuple[Stratum, ...]
    matches: tuple[Match, ...] = ()
    rates: tuple[Rate, ...] = ()
    complete: Mapping[Source, int] = field(default_factory=dict)
    kinds: frozenset[Kind] = DAILY

    @property
    def look_day(self) -> int:
        """Return the day for whose looks a null is made: after an evaluation the next day."""
        return self.as_of + bool(self.kinds)


def snapshot_of(
    series: SeriesKey,
    members: Members,
    as_of: int,
    supplied: Supplied,
    kinds: frozenset[Kind],
    settings: Settings,
    history: History,
) -> Snapshot:
    """Return one series as of a day."""
    held = {source for source in members.series.sources if supplied.held(source)}
    cases = [
        case
        for case in members.series.cases(as_of - settings.study_days + 1, as_of)
        if case.source not in held
    ]
    made = snapshot_of_cases(series, cases, as_of, kinds)
    recent = as_of - max(settings.window_days, settings.near_repeat_days)
    complete = {source: supplied.complete_day(source) for source in _sources(cases)}
    kin = Kin(series.streams[0], series.name)
    has_rates = bool(kinds & _RATES) and not series.is_group
    return Snapshot(
        series,
        as_of,
        made.points,
        made.site,
        made.stratum,
        made.day,
        made.keys,
        made.areas,
        made.strata,
        members.matches(case.key for case in cases if case.day > recent),
        rates(history, kin, as_of, settings, supplied.covered) if has_rates else (),
        {source: day for source, day in complete.items() if day is not None},
        kinds,
    )


def snapshot_of_cases(
    series: SeriesKey, cases: Sequence[Case], as_of: int, kinds: frozenset[Kind] = DAILY
) -> Snapshot:
    """Return a snapshot of counted cases alone, all of which are in the study period."""
    points = sorted({(case.easting, case.northing) for case in cases})
    strata = sorted({_stratum(case) for case in cases})
    site: dict[Point, int] = {point: number for number, point in enumerate(points)}
    stratum = {each: number for number, each in enumerate(strata)}
    return Snapshot(
        series,
        as_of,
        np.array(points, dtype=int64).reshape(-1, 2),
        np.array([site[case.easting, case.northing] for case in cases], dtype=int64),
        np.array([stratum[_stratum(case)] for case in cases], dtype=int64),
        np.array([case.day for case in cases], dtype=int64),
        tuple(case.key for case in cases),
        tuple(area_of(case) for case in cases),
        tuple(strata),
        kinds=kinds,
    )


def _stratum(case: Case) -> Stratum:
    return Stratum(case.source, day_kind(case.day))


def _sources(cases: Sequence[Case]) -> list[Source]:
    return sorted({case.source for case in cases})
