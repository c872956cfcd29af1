"""One replay: each day its looks and its evaluation, and the problems that they open at each level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.random import Generator

from detection.emerging.facts import CaseKey, Detection, Kind, Problem, PValue, SeriesKey
from detection.emerging.levels import strength_days
from detection.emerging.problems import Evolution, evolve, looks_only
from detection.emerging.replays import History, Nulls, Tested
from detection.emerging.settings import Settings
from detection.scan.counts import Counts
from detection.scan.scanning import Cluster, scan, scan_near
from detection.scan.zones import Zones

LEVELS: Final = (30, 100, 365, 1_000, 3_650)
"""The levels in days at which alarms are counted."""


@dataclass(slots=True)
class Recipient:
    """The open problems of a recipient at each level, and how many were opened."""

    settings: Settings
    opened: dict[int, int] = field(default_factory=lambda: dict.fromkeys(LEVELS, 0))
    _problems: dict[int, dict[bytes, Problem]] = field(
        default_factory=lambda: {level: {} for level in LEVELS}
    )

    def take(
        self, found: Sequence[tuple[float, Detection]], day: int, *, is_evaluation: bool
    ) -> None:
        """Take detections, each with its strength in days, of an evaluation or of looks."""
        evaluated = _every if is_evaluation else looks_only
        evolution = Evolution("", day, self.settings, _digest, evaluated)
        for level, problems in self._problems.items():
            strong = [detection for strength, detection in found if strength >= level]
            for change in evolve(problems.values(), strong, evolution):
                if change.is_closed:
                    problems.pop(change.problem.id, None)
                    continue
                self.opened[level] += change.problem.id not in problems
                problems[change.problem.id] = change.problem


@dataclass(frozen=True, slots=True)
class Replay:
    """The permuted histories of a recipient's series."""

    histories: Sequence[History]
    settings: Settings
    rng: Generator

    def run(
        self,
        days: Sequence[int],
        tested: Tested,
        nulls: Sequence[Nulls | None],
        recipient: Recipient,
    ) -> None:
        """Run the looks and the evaluation of each of the days."""
        for day in days:
            looks: list[tuple[float, Detection]] = []
            evaluations: list[tuple[float, Detection]] = []
            for history, series, null in zip(self.histories, tested.series, nulls, strict=True):
                if series is None or null is None:
                    continue
                scanner = _Scanner(history, series.zones, self.settings, tested.many, day)
                looks += scanner.looks(null, self.rng)
                evaluations += scanner.evaluation(null)
            for look in looks:
                recipient.take([look], day, is_evaluation=False)
            recipient.take(evaluations, day, is_evaluation=True)


@dataclass(frozen=True, slots=True)
class _Scanner:
    history: History
    zones: Zones
    settings: Settings
    tests: int
    day: int

    def evaluation(self, nulls: Nulls) -> Iterator[tuple[float, Detection]]:
        """Yield what the evaluation of the day finds at the lowest level."""
        counts = self.history.counts(self.day, self.settings)
        for cluster in scan(counts, self.zones, self.settings.minimum_cases):
            found = self._found(cluster, nulls.evaluation.p(cluster.llr), looked=False)
            strength = self._strength(found)
            if strength < LEVELS[0]:
                return  # the others are weaker
            yield strength, replace(found, cases=self._cases(cluster))

    def looks(self, nulls: Nulls, rng: Generator) -> Iterator[tuple[float, Detection]]:
        """Yield what the looks find at the lowest level, one look after each case in random order."""
        counts = self.history.counts(self.day, self.settings, is_morning=True)
        today = self.history.between(self.day, self.day)
        arriving = rng.permutation(np.arange(today.start, today.stop))
        for index, case in enumerate(arriving.tolist()):
            site = int(self.history.site[case])
            _count(counts, site, int(self.history.stratum[case]))
            cluster = scan_near(counts, self.zones, site, self.settings.minimum_cases)
            if cluster is None:
                continue
            found = self._found(cluster, nulls.look.p(cluster.llr), looked=True)
            strength = self._strength(found)
            if strength >= LEVELS[0]:
                cases = self._cases(cluster, frozenset(arriving[index + 1 :].tolist()))
                yield strength, replace(found, cases=cases)

    def _strength(self, found: Detection) -> float:
        return strength_days(found, self.settings, {"scan": self.tests})

    def _found(self, cluster: Cluster, p: PValue, *, looked: bool) -> Detection:
        easting, northing = (int(metres) for metres in self.history.points[cluster.centre])
        return Detection(
            kind="scan",
            series=self.history.series,
            easting=easting,
            northing=northing,
            radius_m=cluster.radius,
            first_day=self.day - cluster.window + 1,
            last_day=self.day,
            observed=cluster.observed,
            expected=cluster.expected,
            statistic=cluster.llr,
            p=p,
            looked=looked,
            cases=frozenset(),
        )

    def _cases(self, cluster: Cluster, later: frozenset[int] = frozenset()) -> frozenset[CaseKey]:
        """Return the cases of a cluster, without those that arrive later."""
        window = self.history.between(self.day - cluster.window + 1, self.day)
        inside = np.flatnonzero(np.isin(self.history.site[window], cluster.sites)) + window.start
        stream = self.history.series.streams[0]
        return frozenset(
            CaseKey(stream, str(case)) for case in inside.tolist() if case not in later
        )


def _count(counts: Counts, site: int, stratum: int) -> None:
    counts.base[site, stratum] += 1
    counts.recent[site, 0] += 1
    counts.by_lag[stratum, 0] += 1


def _every(_kind: Kind, _series: SeriesKey) -> bool:
    return True


def _digest(content: bytes) -> bytes:
    return sha256(content).digest()
