"""Publishes a history of incidents, and bursts among other incidents, and prints when each was handed over.

The job's options: `run`, `seed`, `history` (incidents of the last `days`), `bursts` (their number), `others`
(incidents of the history among those of the bursts) and `rate` (incidents a second). The history is published
first, as fast as the broker takes it. Only incidents of bursts are printed.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from confluent_kafka import Producer

from demo.generator.district import points_of_index
from schemas.catalogue import load_catalogue
from schemas.derive import intake_schema
from schemas.london import london_today
from schemas.wire import encoder
from tests.benchmarks.emerging_records import bursts, history
from tests.benchmarks.intake import producer_config
from tests.benchmarks.job import DATASET, Job

_FLUSH_SECONDS = 60.0
_NS = 1_000_000_000
_FULL_S = 0.05


def main() -> None:
    """Publish as the job on standard input says."""
    job = Job.received()
    options, points, today = job.options, points_of_index(Path(job.index)), london_today()
    run, seed, days = options["run"], int(options["seed"]), int(options["days"])
    record_type = load_catalogue().record_type(DATASET)
    encode = encoder(intake_schema(record_type), job.schema_ids[job.intake])
    producer = Producer({**producer_config(job.connection), "linger.ms": 1})

    def produce(record: dict[str, Any]) -> None:
        key = record["incident_reference"].encode()
        while True:
            try:
                return producer.produce(job.intake, encode(record), key)
            except BufferError:
                producer.poll(_FULL_S)

    for record in history(f"{run}H", options["history"], days, points, today, seed):
        produce(record)
    _flush(producer)
    print("ready", flush=True)
    told = [r for burst in bursts(f"{run}B", options["bursts"], points, today, seed) for r in burst]
    others = list(history(f"{run}O", options["others"], days, points, today, seed + 1))
    mixed = [(record, True) for record in told] + [(record, False) for record in others]
    Random(seed).shuffle(mixed)
    gc.disable()
    published: dict[str, int] = {}
    start = time.monotonic_ns()
    for number, (record, is_told) in enumerate(mixed):
        _sleep_until(start + int(number * _NS / options["rate"]))
        if is_told:
            published[record["incident_reference"]] = time.monotonic_ns()
        produce(record)
        producer.poll(0)
    _flush(producer)
    json.dump(published, sys.stdout)


def _flush(producer: Producer) -> None:
    if left := producer.flush(_FLUSH_SECONDS):
        raise SystemExit(f"{left} records were not taken by the broker")


def _sleep_until(due_ns: int) -> None:
    while (left := due_ns - time.monotonic_ns()) > 0:
        time.sleep(left / _NS)


if __name__ == "__main__":
    main()
