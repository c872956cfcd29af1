"""Reads one topic as a recipient, under `read_committed`, and prints when each key could first be read.

Prints `ready` once it stands at the end of every partition, and the times, in nanoseconds of the
monotonic clock, once it has all it waits for, or nothing more has come for a while.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from typing import Any

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from tests.benchmarks.job import Job

_PATIENCE_S = 15.0


def main() -> None:
    """Read as the job on standard input says: `topic`, `partitions`, `count`."""
    job = Job.received()
    topic, partitions = job.options["topic"], range(job.options["partitions"])
    consumer = Consumer(
        {
            **job.connection,
            "group.id": f"{job.principal}.reader",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 10,
        }
    )
    consumer.assign([TopicPartition(topic, number, OFFSET_END) for number in partitions])
    gc.disable()
    ready: set[int] = set()
    read: dict[str, int] = {}
    patience = time.monotonic() + 4 * _PATIENCE_S
    while len(read) < job.options["count"] and time.monotonic() < patience:
        message: Any = consumer.poll(0.1)
        now = time.monotonic_ns()
        if message is None:
            continue
        error = message.error()
        if error is None:
            read.setdefault(message.key().decode(), now)
            patience = time.monotonic() + _PATIENCE_S
        elif error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        elif message.partition() not in ready:
            ready.add(message.partition())
            if len(ready) == len(partitions):
                print("ready", flush=True)
    consumer.close()
    json.dump(read, sys.stdout)


if __name__ == "__main__":
    main()
