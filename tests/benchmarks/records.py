"""Police incidents for the benchmarks: the generator's, under references of one run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from ops.generator.district import points_of_index
from ops.generator.police_incidents import police_incidents
from ops.generator.records import typed
from schemas.record_type import RecordType
from tests.benchmarks.job import Job

_SEED = 1


def incidents(job: Job, record_type: RecordType, count: int, run: str) -> Iterator[dict[str, Any]]:
    """Typed records of `count` incidents whose references begin with `run`.

    As supplies really are: some about domestic incidents, a few that are cleaned, fewer rejected.
    """
    rows = police_incidents(count, _SEED, points_of_index(Path(job.index)))
    for record in typed(rows, record_type):
        if record["incident_reference"]:
            record["incident_reference"] = f"{run}-{record['incident_reference']}"
        yield record


def is_usable(record: dict[str, Any]) -> bool:
    """Whether the record has what its type requires, so that it will be released."""
    return bool(record["incident_reference"]) and isinstance(record["incident_date"], date)


def key_of(record: dict[str, Any]) -> bytes | None:
    """The key an agency publishes the record under."""
    reference = record["incident_reference"]
    return reference.encode() if reference else None
