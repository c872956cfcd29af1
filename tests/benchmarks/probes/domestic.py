"""Publishes domestic incidents among other records at an even rate, and prints when each was handed over.

The job's options: `run`, `seconds`, `domestic` and `others` in records a second; a rate of 0 for `pace` means
as fast as the broker takes them. Only the domestic incidents are printed. The first record is not timed, as
in `tests.benchmarks.probes.publisher`.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from demo.generator.district import points_of_index
from schemas.catalogue import load_catalogue
from schemas.derive import intake_schema
from schemas.london import london_today
from schemas.wire import encoder
from tests.benchmarks.domestic_records import domestic_incidents
from tests.benchmarks.intake import producer_config
from tests.benchmarks.job import DATASET, Job
from tests.benchmarks.records import incidents, is_usable

_FLUSH_SECONDS = 60.0
_LINGER_MS = 1
_NS = 1_000_000_000


def main() -> None:
    """Publish as the job on standard input says."""
    job = Job.received()
    encode = encoder(
        intake_schema(load_catalogue().record_type(DATASET)), job.schema_ids[job.intake]
    )
    made = [(r["incident_reference"], is_told, encode(r)) for r, is_told in _mixed(job)]
    producer = Producer({**producer_config(job.connection), "linger.ms": _LINGER_MS})
    first, *messages = made
    producer.produce(job.intake, first[2], first[0].encode())
    if producer.flush(_FLUSH_SECONDS):
        raise SystemExit("the first record was not taken by the broker")
    print("ready", flush=True)
    gc.disable()
    rate = float(job.options["domestic"]) + float(job.options["others"])
    published: dict[str, int] = {}
    start = time.monotonic_ns()
    for number, (reference, is_told, value) in enumerate(messages):
        if job.options["paced"]:
            _sleep_until(start + int(number * _NS / rate))
        if is_told:
            published[reference] = time.monotonic_ns()
        producer.produce(job.intake, value, reference.encode())
        producer.poll(0)
    if left := producer.flush(_FLUSH_SECONDS):
        raise SystemExit(f"{left} records were not taken by the broker")
    json.dump(published, sys.stdout)


def _mixed(job: Job) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield the records in their order: first one that is not timed, then others among domestic ones."""
    options, record_type = job.options, load_catalogue().record_type(DATASET)
    told, rest = (int(options[name] * options["seconds"]) for name in ("domestic", "others"))
    postcodes = [point.postcode for point in points_of_index(Path(job.index))]
    # Domestic ones that the generator makes at random are left out.
    made = incidents(job, record_type, 2 * rest + 100, f"{options['run']}O")
    others = islice((r for r in made if is_usable(r) and not _is_domestic(r)), rest + 1)
    yield next(others), False
    each = rest / told
    due = 0.0
    for record in domestic_incidents(options["run"], told, postcodes, london_today()):
        yield record, True
        due += each
        for other in islice(others, int(due)):
            yield other, False
        due -= int(due)


def _is_domestic(record: dict[str, Any]) -> bool:
    return bool(record["domestic"]) or record["incident_type"] == "Domestic incident"


def _sleep_until(due_ns: int) -> None:
    while (left := due_ns - time.monotonic_ns()) > 0:
        time.sleep(left / _NS)


if __name__ == "__main__":
    main()
