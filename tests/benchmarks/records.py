"""Police incidents for the benchmarks: made up, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from typing import Any

_STREETS = ("High", "Station", "Mill", "Acacia", "Church", "Victoria", "Park", "Wellsway", "Grove")
_KINDS = ("Street", "Road", "Avenue", "Lane", "Close", "Terrace")
_PARTS = ("", "", "", "Flat 2, ", "Flat 14B, ", "The Old Rectory, ")
_TYPES = (
    "ASB nuisance",
    "ASB environmental",
    "Noise",
    "Missing person",
    "Suspicious circumstances",
)
_NARRATIVE = "Call about noise in the street, group of people outside, no vehicle seen. "
_FIRST_DAY = date(2026, 1, 1)
_DAYS = 300


_OFF_CENTROID_M = 40

Place = tuple[str, int, int]
"""A postcode and its centroid in metres (EPSG:27700)."""


def incidents(
    count: int, run: str, places: Sequence[Place], seed: int = 1
) -> Iterator[dict[str, Any]]:
    """Typed records of `count` incidents whose references begin with `run`.

    Every one is valid and meant for both release profiles, so that each makes two outputs.
    """
    rng = random.Random(seed)
    for number in range(count):
        postcode, easting, northing = rng.choice(places)
        street = f"{rng.choice(_STREETS)} {rng.choice(_KINDS)}"
        yield {
            "incident_reference": reference(run, number),
            "incident_type": rng.choice(_TYPES),
            "domestic": False,
            "incident_date": _FIRST_DAY + timedelta(days=rng.randrange(_DAYS)),
            "incident_time": time(rng.randrange(24), rng.randrange(60)),
            "location_address": f"{rng.choice(_PARTS)}{rng.randint(1, 200)} {street}, Bath",
            "location_postcode": postcode,
            "location_easting": float(easting + rng.randint(-_OFF_CENTROID_M, _OFF_CENTROID_M)),
            "location_northing": float(northing + rng.randint(-_OFF_CENTROID_M, _OFF_CENTROID_M)),
            "caller_name": "A Caller",
            "caller_telephone": f"07700 9{rng.randrange(100_000):05d}",
            "narrative": _NARRATIVE * rng.randint(1, 4),
        }


def reference(run: str, number: int) -> str:
    """The reference of the run's record of that number."""
    return f"{run}-{number:08d}"
