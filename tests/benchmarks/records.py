"""Police incidents for the benchmarks: the generator's, under references of one run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from demo.generator.district import points_of_index
from demo.generator.police_incidents import police_incidents
from demo.generator.records import typed
from sanitiser.places.postcodes import normalise
from schemas.record_type import RecordType
from tests.benchmarks.job import Job

_SEED = 1
_SPARE = 10
"""Fewer than one record in so many is left out."""


def incidents(job: Job, record_type: RecordType, count: int, run: str) -> Iterator[dict[str, Any]]:
    """Typed records of `count` incidents whose references begin with `run`.

    As supplies really are: some about domestic incidents, a few that are cleaned, fewer rejected.
    Each states a postcode of the area, so that none is held for lying outside, as one with mistyped
    coordinates alone would.
    """
    points = points_of_index(Path(job.index))
    within = {point.postcode for point in points}
    rows = police_incidents(count + count // _SPARE + _SPARE, _SEED, points)
    inside = (r for r in typed(rows, record_type) if _stated(r) in within)
    for record in islice(inside, count):
        if record["incident_reference"]:
            record["incident_reference"] = f"{run}-{record['incident_reference']}"
        yield record


def _stated(record: dict[str, Any]) -> str | None:
    """The postcode that the worker would read; None where it reads none."""
    return normalise(record["location_postcode"] or "")


def is_usable(record: dict[str, Any]) -> bool:
    """Return True if the record has the required fields of its type, so that it will be released."""
    return bool(record["incident_reference"]) and isinstance(record["incident_date"], date)


def key_of(record: dict[str, Any]) -> bytes | None:
    """The key an agency publishes the record under."""
    reference = record["incident_reference"]
    return reference.encode() if reference else None
