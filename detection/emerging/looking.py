"""Looks: scans of the places of new records, between two evaluations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from detection.emerging.facts import CaseKey, Detection, SeriesKey, Source
from detection.emerging.members import Members
from detection.emerging.settings import Settings
from detection.emerging.sites import Floats, Point
from detection.scan.p_values import Null
from detection.scan.scanning import Cluster, scan_near

_HALF = 0.5  # one half of the share of the scan is for looks


@dataclass(frozen=True, slots=True)
class _Found:
    cluster: Cluster
    points: Floats

    @property
    def place(self) -> frozenset[Point]:
        return frozenset((int(x), int(y)) for x, y in self.points[self.cluster.sites])

    @property
    def centre(self) -> Point:
        x, y = self.points[self.cluster.centre]
        return int(x), int(y)


@dataclass(frozen=True, slots=True)
class Level:
    """The level of the looks of a series: the highest p-value, and the likelihood ratio that it needs."""

    null: Null
    highest_p: float
    least: float

    @classmethod
    def of(cls, null: Null, tests: int, settings: Settings) -> Level:
        """Return the level of a recipient with so many series."""
        share = settings.shares.get("scan", 0.0) * _HALF
        highest_p = min(1.0, share / max(1, tests) / settings.level_days)
        return cls(null, highest_p, null.threshold(highest_p))


@dataclass(frozen=True, slots=True)
class Look:
    """A look at one series: only what is at its level is found."""

    key: SeriesKey
    members: Members
    level: Level
    held: frozenset[Source]
    settings: Settings

    def at(self, points: Iterable[Point]) -> list[Detection]:
        """Return what is found around some points, best first, without what shares a place with better."""
        found = {each.place: each for point in points if (each := self._near(point))}
        ordered = sorted(
            found.values(), key=lambda each: (-round(each.cluster.llr, 9), each.centre)
        )
        taken: set[Point] = set()
        kept = []
        for each in ordered:
            if taken.isdisjoint(each.place):
                taken |= each.place
                kept.append(self._detection(each))
        return kept

    def _near(self, point: Point) -> _Found | None:
        minimum = self.settings.minimum_cases
        centres = self.members.series.centres(point, self.level.least, minimum, self.held)
        if not len(centres):
            return None
        circles = self.members.series.circles(point, centres, self.held)
        if circles is None:
            return None
        cluster = scan_near(circles.counts, circles.zones, circles.site, minimum)
        if cluster is None or self.level.null.p(cluster.llr).value > self.level.highest_p:
            return None
        return _Found(cluster, circles.points)

    def _detection(self, found: _Found) -> Detection:
        cluster, today = found.cluster, self.members.series.today
        easting, northing = found.centre
        first_day = today - cluster.window + 1
        cases = self._cases(found.place, first_day)
        return Detection(
            kind="scan",
            series=self.key,
            easting=easting,
            northing=northing,
            radius_m=cluster.radius,
            first_day=first_day,
            last_day=today,
            observed=cluster.observed,
            expected=cluster.expected,
            statistic=cluster.llr,
            p=self.level.null.p(cluster.llr),
            looked=True,
            cases=cases,
            matches=self.members.matches(cases),
            evidence={"window_days": float(cluster.window), "sites": float(len(cluster.sites))},
        )

    def _cases(self, place: frozenset[Point], first_day: int) -> frozenset[CaseKey]:
        return frozenset(
            case.key
            for case in self.members.series.cases(first_day, self.members.series.today)
            if (case.easting, case.northing) in place and case.source not in self.held
        )
