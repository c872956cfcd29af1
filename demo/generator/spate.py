"""Make up a spate: fights near one place on three days, after half a year in which there were few.

The other made-up supplies are about another year. The spate is about the last days, so its history is too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from math import hypot
from random import Random
from typing import Final, NamedTuple

from demo.generator.cells import located
from demo.generator.clock import Calendar
from demo.generator.district import Point
from demo.generator.police_incidents import police_incidents
from demo.generator.seeds import seeded
from demo.generator.town import Spot, Town, lay_out
from demo.generator.trouble import Row, record_type_of

DATASET: Final = "police-incident"
KIND: Final = "Street disorder"
A_DAY: Final = (5, 6, 5)
"""Fights of each day of the spate; the last day is today."""

WEEKS: Final = 27
"""Weeks of history, more than the study period of the example protocol."""

_HISTORY_KINDS = frozenset({KIND, "Street drinking", "Nuisance vehicles"})
_ROWS_OF_ALL_KINDS = 4_000
_SEED_STEP = 2_000
_NEAR_M = 150.0
_NEAR_SPOTS = range(5, 13)
"""Spots within reach: enough for several streets, but not the busy centre."""

_EVENING, _MINUTES = 18 * 60, 5 * 60
_NARRATIVE = "Fight in the street, two groups, gone on arrival"


class SpateDay(NamedTuple):
    """The fights of one day."""

    day: date
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Spate:
    """The spate and its history. `now` is local time; `spots` are those of the spate."""

    town: Town
    seed: int
    postcodes: Sequence[Point]
    now: datetime
    spots: tuple[Spot, ...]

    @classmethod
    def of(cls, postcodes: Sequence[Point], seed: int, now: datetime) -> Spate:
        """Return the spate of a district, whose last day is that of `now`."""
        seed += _SEED_STEP
        town = lay_out(postcodes, seed)
        return cls(town, seed, postcodes, now, _place(town, seed))

    @property
    def first_day(self) -> date:
        """Return the first day of the spate."""
        return self.now.date() - timedelta(days=len(A_DAY) - 1)

    def history(self) -> Iterator[Row]:
        """Yield incidents of the weeks before the spate, of its kind and of others."""
        monday = self.first_day - timedelta(days=self.first_day.weekday())
        calendar = Calendar(monday - timedelta(weeks=WEEKS - 1), WEEKS)
        rows = police_incidents(_ROWS_OF_ALL_KINDS, self.seed, self.postcodes, calendar)
        until = self.first_day.isoformat()
        for number, row in enumerate(rows):
            if row["incident_type"] in _HISTORY_KINDS and row["incident_date"] < until:
                yield {**row, "incident_reference": f"PAST-{number:07}"}

    def days(self) -> tuple[SpateDay, ...]:
        """Return the fights of each day, the first day first."""
        rng, numbers = seeded(self.seed, "spate"), count(1)
        days = (self.first_day + timedelta(days=at) for at in range(len(A_DAY)))
        return tuple(
            SpateDay(day, tuple(self._fight(next(numbers), day, rng) for _ in range(fights)))
            for day, fights in zip(days, A_DAY, strict=True)
        )

    def _fight(self, number: int, day: date, rng: Random) -> Row:
        site = self.town.at(rng.choice(self.spots), rng)
        fields = (field.name for field in record_type_of(DATASET).fields)
        return (
            dict.fromkeys(fields, "")
            | located(site)
            | {
                "incident_reference": f"SPATE-{number:04}",
                "incident_type": KIND,
                "domestic": "false",
                "incident_date": day.isoformat(),
                "incident_time": f"{self._time(day, rng.random()):%H:%M}",
                "narrative": _NARRATIVE,
            }
        )

    def _time(self, day: date, share: float) -> datetime:
        """Return a time of the evening; of today one that is over."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.now.tzinfo)
        evening = midnight + timedelta(minutes=_EVENING + int(share * _MINUTES))
        if evening <= self.now:
            return evening
        return midnight + share * (self.now - midnight)


def _place(town: Town, seed: int) -> tuple[Spot, ...]:
    """Return the spots around the first one, in a random order, with enough others near and not too many."""
    rng = seeded(seed, "spate:place")
    for centre in rng.sample(town.spots, len(town.spots)):
        near = tuple(spot for spot in town.spots if _apart(centre.point, spot.point) <= _NEAR_M)
        if len(near) in _NEAR_SPOTS:
            return near
    return town.spots[: len(_NEAR_SPOTS)]


def _apart(one: Point, other: Point) -> float:
    return hypot(one.easting - other.easting, one.northing - other.northing)
