"""Publishes incidents at an even rate and prints when each was handed to the client.

Times are of the monotonic clock, which all processes of a machine share, in nanoseconds.
The first record is published before all others and its time is not printed: an idempotent producer
waits half a second for its id if no broker is connected when it asks for one.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from itertools import islice

from confluent_kafka import Producer

from schemas.catalogue import load_catalogue
from schemas.derive import intake_schema
from schemas.wire import encoder
from tests.benchmarks.intake import producer_config
from tests.benchmarks.job import DATASET, Job
from tests.benchmarks.records import incidents, is_usable

_FLUSH_SECONDS = 30.0
_LINGER_MS = 1
_NS = 1_000_000_000


def main() -> None:
    """Publish as the job on standard input says: `run`, `count`, `rate` in records a second.

    The `count` is without the first record.
    """
    job = Job.received()
    count, rate = int(job.options["count"]), float(job.options["rate"])
    record_type = load_catalogue().record_type(DATASET)
    encode = encoder(intake_schema(record_type), job.schema_ids[job.intake])
    made = incidents(job, record_type, count + count // 10 + 1, job.options["run"])
    usable = islice(filter(is_usable, made), count + 1)
    first, *messages = [(r["incident_reference"], encode(r)) for r in usable]
    producer = Producer({**producer_config(job.connection), "linger.ms": _LINGER_MS})
    producer.produce(job.intake, first[1], first[0].encode())
    if producer.flush(_FLUSH_SECONDS):
        raise SystemExit("the first record was not taken by the broker")
    gc.disable()
    published: dict[str, int] = {}
    start = time.monotonic_ns()
    for number, (reference, value) in enumerate(messages):
        _sleep_until(start + int(number * _NS / rate))
        published[reference] = time.monotonic_ns()
        producer.produce(job.intake, value, reference.encode())
        producer.poll(0)
    if left := producer.flush(_FLUSH_SECONDS):
        raise SystemExit(f"{left} records were not taken by the broker")
    json.dump(published, sys.stdout)


def _sleep_until(due_ns: int) -> None:
    while (left := due_ns - time.monotonic_ns()) > 0:
        time.sleep(left / _NS)


if __name__ == "__main__":
    main()
