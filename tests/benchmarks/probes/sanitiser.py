"""Times the sanitising steps in a process of its own, on one core. Prints one JSON object."""

from __future__ import annotations

import csv
import json
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from sanitiser.address.address import split
from sanitiser.build.street_build import build_streets
from sanitiser.places.postcode_store import load_columns
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.places.streets import StreetList
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
    first, again = (_us_per_record(steps, _geocoder(steps), cleaned) for _ in range(2))
    listed = _with_list(steps, cleaned)
    with_list_first, with_list = (_us_per_record(steps, listed, cleaned) for _ in range(2))
    print(
        json.dumps(
            {
                "us_per_record": again,
                "us_per_record_first_met": first,
                "us_per_record_with_list": with_list,
                "us_per_record_with_list_first_met": with_list_first,
                "coordinates_per_s": _coordinates_per_s(Path(job.index)),
            }
        )
    )


def _cleaned(steps: Steps, job: Job) -> list[dict[str, Any]]:
    now = london_time(datetime.now(UTC))
    given = incidents(job, load_catalogue().record_type(DATASET), job.options["records"], "S")
    cleaned = (steps.read(record, now) for record in given)
    return [done.record for done in cleaned if not done.faults]


def _geocoder(steps: Steps) -> Geocoder:
    return next(step for step in steps.releasing if isinstance(step, Geocoder))


def _with_list(steps: Steps, records: list[dict[str, Any]]) -> Geocoder:
    """The same geocoder with a list of the records' streets, each at the points of its postcodes."""
    locator = _geocoder(steps).locator
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "streets.csv"
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("name", "easting", "northing"))
            for record in records:
                street = split(record["location_address"] or "").street
                found = locator.index.find(record["location_postcode"] or "")
                if street and found:
                    writer.writerow((street, found.easting, found.northing))
        build_streets(Path(folder) / "streets", [file])
        streets = StreetList.open(Path(folder) / "streets")
        return Geocoder(load_catalogue().record_type(DATASET), replace(locator, streets=streets))


def _us_per_record(steps: Steps, geocode: Geocoder, records: list[dict[str, Any]]) -> float:
    policies = steps.policies[OWN, 0]
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
