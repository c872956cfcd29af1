"""A generated district: sites, types with their rates, and cases without or with a planted problem.

The rate of a type at a site depends on the kind of day: at the weekend more happens in the centre. So the
cases have a pattern of day of week and place, as real ones have, and no emerging problem but a planted one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from detection.emerging.facts import Case, Stream

Floats = NDArray[np.float64]

FIRST_DAY: Final = (date(2024, 1, 1) - date(1970, 1, 1)).days
MINUTES: Final = 24 * 60
STREAM: Final = Stream("police-incident", "central")
AGENCY: Final = "police"
_WEST, _SOUTH, _SIDE_M = 370_000, 160_000, 12_000
_TOWNS: Final = 3
_CENTRE_SHARE = 0.7
_SPREAD_M = 1_500.0
_WEEKEND: Final = (4, 5)
_FIRST_WEEKDAY = 3
"""1970-01-01 was a Thursday."""


Days = TypeVar("Days", int, NDArray[np.int64])


def weekday(day: Days) -> Days:
    """Return the weekday of a day since 1970-01-01, or of several, 0 for Monday."""
    return (day + _FIRST_WEEKDAY) % 7


@dataclass(frozen=True)
class District:
    """Sites and types. `rates` are cases a day of each type over all sites."""

    sites: int = 400
    rates: tuple[float, ...] = (6.0, 4.0, 3.0, 2.0, 2.0, 1.5, 1.0, 0.5)
    seed: int = 1

    @cached_property
    def points(self) -> Floats:
        """The sites (S, 2), easting and northing in metres: most of them around a few towns."""
        rng = np.random.default_rng(self.seed)
        towns = rng.uniform(2_000, _SIDE_M - 2_000, (_TOWNS, 2))
        near = towns[rng.integers(0, _TOWNS, self.sites)] + rng.normal(
            0, _SPREAD_M, (self.sites, 2)
        )
        far = rng.uniform(0, _SIDE_M, (self.sites, 2))
        is_near = rng.random(self.sites) < _CENTRE_SHARE
        found = np.where(is_near[:, None], near, far)
        points: Floats = np.rint(found + np.array([_WEST, _SOUTH])).astype(float)
        return points

    @cached_property
    def weights(self) -> Floats:
        """The share of each site in a type's cases (types, 2, S), on weekdays and at the weekend."""
        rng = np.random.default_rng(self.seed + 1)
        weekdays = rng.gamma(0.5, size=(len(self.rates), self.sites)) + 0.02
        centre = self.points.mean(axis=0)
        distance = np.hypot(*(self.points - centre).T)
        weekend = weekdays * np.where(distance < _SIDE_M / 5, 4.0, 1.0)
        both = np.stack([weekdays, weekend], axis=1)
        shares: Floats = both / both.sum(axis=2, keepdims=True)
        return shares

    def cases(self, rng: np.random.Generator, days: int, first: int = FIRST_DAY) -> list[Case]:
        """Return the cases of so many days without a problem, in the order of their times."""
        found = [case for day in range(first, first + days) for case in self._of_day(rng, day)]
        return sorted(found, key=lambda case: (case.minute or 0, case.record))

    def _of_day(self, rng: np.random.Generator, day: int) -> Iterator[Case]:
        is_weekend = int(weekday(day) in _WEEKEND)
        for kind, rate in enumerate(self.rates):
            number = rng.poisson(rate * (1.3 if is_weekend else 0.9))
            sites = rng.choice(self.sites, number, p=self.weights[kind, is_weekend])
            for site, minute in zip(sites, rng.integers(0, MINUTES, number), strict=True):
                yield self.case(f"type-{kind}", int(site), day, int(minute), rng)

    def case(self, kind: str, site: int, day: int, minute: int, rng: np.random.Generator) -> Case:
        """Return one case at a site."""
        easting, northing = self.points[site].astype(int)
        record = rng.bytes(8).hex()
        at = day * MINUTES + minute
        return Case(
            record, STREAM, AGENCY, kind, int(easting), int(northing), day, at,
            postcode=f"ZZ{site % 9 + 1} {site // 26 % 10}AA", district="E06000022",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planted:
    """A planted problem: the days since 1970-01-01 of its cases, and the cases."""

    first_day: int
    centre: int
    cases: tuple[Case, ...]


def plant(
    district: District,
    rng: np.random.Generator,
    kind: str,
    first_day: int,
    per_day: Sequence[int] = (3, 4, 4, 3),
    radius_m: float = 600.0,
) -> Planted:
    """Return a problem of one type: so many cases a day at the sites near a random one."""
    centre = int(rng.integers(district.sites))
    distance = np.hypot(*(district.points - district.points[centre]).T)
    near = np.flatnonzero(distance <= radius_m)[:5]
    cases = [
        district.case(kind, int(rng.choice(near)), first_day + n, int(rng.integers(MINUTES)), rng)
        for n, number in enumerate(per_day)
        for _ in range(number)
    ]
    return Planted(first_day, centre, tuple(cases))
