"""Made-up police incidents for the area `emerging`: a history without a problem, and bursts at places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from random import Random
from typing import Any

from demo.generator.district import Point

TYPES = (
    "Street disorder",
    "ASB nuisance",
    "Nuisance vehicles",
    "Street drinking",
    "Suspicious circumstances",
)
"""Types of incidents that happen outdoors."""

BURST = 12
"""Incidents of a burst."""

_BURST_DAYS = 3
_NEAR_M = 300.0
_NEAR = 4

Record = dict[str, Any]


def history(
    run: str, count: int, days: int, points: Sequence[Point], today: date, seed: int
) -> Iterator[Record]:
    """Yield `count` incidents, each at a random place on a random one of the `days` before today."""
    random = Random(seed)
    for number in range(count):
        day = today - timedelta(days=random.randint(1, days))
        yield _incident(f"{run}-{number}", random.choice(TYPES), day, random.choice(points), random)


def bursts(
    run: str, count: int, points: Sequence[Point], today: date, seed: int
) -> Iterator[list[Record]]:
    """Yield `count` bursts, each of one type within some 300 metres on the last three days."""
    random = Random(seed)
    for number in range(count):
        centre, kind = random.choice(points), random.choice(TYPES)
        near = sorted(points, key=lambda point: _metres(point, centre))[:_NEAR]
        near = [point for point in near if _metres(point, centre) <= _NEAR_M]
        yield [
            _incident(
                f"{run}-{number}-{each}",
                kind,
                today - timedelta(days=random.randrange(_BURST_DAYS)),
                random.choice(near),
                random,
            )
            for each in range(BURST)
        ]


def _incident(reference: str, kind: str, day: date, point: Point, random: Random) -> Record:
    return {
        "incident_reference": reference,
        "incident_type": kind,
        "domestic": False,
        "incident_date": day,
        "incident_time": time(random.randrange(24), random.randrange(60)),
        "location_address": "Acacia Avenue",
        "location_postcode": point.postcode,
    }


def _metres(one: Point, other: Point) -> float:
    return float(((one.easting - other.easting) ** 2 + (one.northing - other.northing) ** 2) ** 0.5)
