"""Times the sanitising steps in a process of its own, on one core. Prints one JSON object."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from sanitiser.places.postcode_store import load_columns
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import load_catalogue
from schemas.london import london_time
from streams.decision import Steps
from streams.steps.geocode import Geocoder
from streams.steps.route import OWN
from tests.benchmarks.functions import pipeline_of
from tests.benchmarks.job import AGENCY, DATASET, Job
from tests.benchmarks.records import incidents

_POSTCODES = 200_000
_SEED = 4


def main() -> None:
    """Locate and sanitise the `records` of the job on standard input, and as many postcodes."""
    job = Job.received()
    steps = pipeline_of(job).flow(job.intake).steps
    cleaned = _cleaned(steps, job)
    first, again = (_us_per_record(steps, cleaned) for _ in range(2))
    print(
        json.dumps(
            {
                "us_per_record": again,
                "us_per_record_first_met": first,
                "coordinates_per_s": _coordinates_per_s(Path(job.index)),
            }
        )
    )


def _cleaned(steps: Steps, job: Job) -> list[dict[str, Any]]:
    now = london_time(datetime.now(UTC))
    given = incidents(job, load_catalogue().record_type(DATASET), job.options["records"], "S")
    cleaned = (steps.read(record, now) for record in given)
    return [done.record for done in cleaned if not done.faults]


def _us_per_record(steps: Steps, records: list[dict[str, Any]]) -> float:
    policies = steps.policies[OWN, 0]
    geocode = next(step for step in steps.releasing if isinstance(step, Geocoder))
    started = time.perf_counter()
    for record in records:
        policies.releases(AGENCY, record, geocode.locate(record), [], ())
    return (time.perf_counter() - started) / len(records) * 1e6


def _coordinates_per_s(folder: Path) -> float:
    """Postcodes to released places a second, drawn from the whole country, each met for the first time."""
    drawn = np.random.default_rng(_SEED).choice(load_columns(folder)[1].keys, _POSTCODES)
    index = PostcodeIndex.open(folder)
    started = time.perf_counter()
    index.release_many(drawn)
    return _POSTCODES / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
