"""Builds a small town with cases, for the tests of series, engine and evaluations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from detection.emerging.engine import Engine
from detection.emerging.facts import Case, SeriesKey, Source, Stream
from detection.emerging.settings import Group, Settings, Watch

POLICE = Stream("police-incident", "partner")
AMBULANCE = Stream("ambulance-incident", "partner")
BOTH = frozenset({POLICE, AMBULANCE})
FIGHT = SeriesKey("fight", (POLICE,))
FIGHTS = SeriesKey("fights", (POLICE, AMBULANCE), is_group=True)
GROUP = Group("fights", {"police-incident": frozenset(), "ambulance-incident": frozenset()})

TODAY = 20_050  # Monday, 24 November 2024
CORNER = (375_000, 165_000)
MINUTES = 1_440


def settings(**changes: object) -> Settings:
    """Return settings of a town: a short study period and few replicates."""
    values: dict[str, object] = {
        "watches": (Watch("council", BOTH),),
        "groups": (GROUP,),
        "study_days": 70,
        "window_days": 7,
        "radius_m": 500.0,
        "replicates": 199,
    }
    return Settings(**(values | changes))  # type: ignore[arg-type]


def case(
    record: str,
    day: int = TODAY,
    at: tuple[int, int] = (375_000, 165_000),
    stream: Stream = POLICE,
    agency: str = "police",
    kind: str = "fight",
    minute: int | None = None,
) -> Case:
    """Return a case."""
    return Case(record, stream, agency, kind, *at, day=day, minute=minute, postcode="BA1 1AA")


@dataclass
class Town:
    """Sites with different rates. Cases are of one type and agency, unless told otherwise."""

    sites: int = 60
    side: int = 3_000
    seed: int = 5
    rng: Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.points = self.rng.integers(0, self.side, (self.sites, 2)) + np.array(CORNER)
        weights = self.rng.gamma(0.7, 1, self.sites)
        self.weights = weights / weights.sum()
        self.made = 0

    def at(self, site: int) -> tuple[int, int]:
        easting, northing = self.points[site].tolist()
        return easting, northing

    def case(self, day: int, site: int, agency: str = "police", stream: Stream = POLICE) -> Case:
        self.made += 1
        return case(f"r{self.made}", day, self.at(site), stream, agency)

    def usual(
        self,
        days: Iterable[int],
        a_day: float = 6.0,
        agency: str = "police",
        stream: Stream = POLICE,
    ) -> list[Case]:
        """Return cases without any cluster."""
        return [
            self.case(day, int(site), agency, stream)
            for day in days
            for site in self.rng.choice(self.sites, self.rng.poisson(a_day), p=self.weights)
        ]


@dataclass
class Supplied:
    """Supplies: no source is held but those that a test names."""

    sources_held: frozenset[Source] = frozenset()
    complete: int | None = None
    missing: frozenset[int] = frozenset()

    def held(self, source: Source) -> bool:
        return source in self.sources_held

    def complete_day(self, source: Source) -> int | None:
        return self.complete

    def covered(self, source: Source, day: int) -> bool:
        return day not in self.missing


def nobody(source: Source) -> bool:
    """Return False: no source is held."""
    return False


def engine_of(cases: Iterable[Case], wanted: Settings | None = None, today: int = TODAY) -> Engine:
    """Return an engine with cases, as of a day."""
    engine = Engine(wanted or settings())
    engine.advance(today)
    for each in cases:
        engine.put(each)
    engine.commit()
    engine.looks({}, nobody)
    return engine
