"""Publishes the intake of the throughput benchmark once, as the agency's own principal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from confluent_kafka import Producer

from schemas.catalogue import load_catalogue
from schemas.derive import intake_schema
from schemas.wire import encoder
from tests.benchmarks.errors import BenchError
from tests.benchmarks.job import DATASET, Job
from tests.benchmarks.records import incidents, key_of

_SERVE_EVERY = 1_000
_FLUSH_SECONDS = 60.0


def producer_config(connection: dict[str, Any]) -> dict[str, Any]:
    """A plain idempotent producer, as an agency's connector has it."""
    return {
        **connection,
        "enable.idempotence": True,
        "linger.ms": 5,
        "compression.type": "lz4",
        "batch.size": 60_000,
        "queue.buffering.max.messages": 1_000_000,
    }


def publish(job: Job, count: int, run: str, progress: Callable[[int], None]) -> None:
    """Write `count` incidents; `progress` is told how many are handed over."""
    record_type = load_catalogue().record_type(DATASET)
    encode = encoder(intake_schema(record_type), job.schema_ids[job.intake])
    producer = Producer(producer_config(job.connection))
    for number, record in enumerate(incidents(job, record_type, count, run), 1):
        producer.produce(job.intake, encode(record), key_of(record))
        if number % _SERVE_EVERY == 0:
            producer.poll(0)
            progress(number)
    if left := producer.flush(_FLUSH_SECONDS):
        raise BenchError(f"{left} of {count} intake records were not taken by the broker")
    progress(count)
