"""Reads a topic of findings as its recipient, and prints when each case could first be read.

The job's options: `topic`, and `quiet`, the seconds without a finding after which it ends. Prints `ready`
once it is at the end of the topic. The keys of the answer are problem, version and record id of a case that
joined with this version, with a full stop between them.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from typing import Any

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from schemas.catalogue import load_catalogue
from schemas.wire import decoder
from tests.benchmarks.job import Job


def main() -> None:
    """Read as the job on standard input says."""
    job = Job.received()
    decode = decoder(load_catalogue().system["finding"])
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
    consumer.assign([TopicPartition(job.options["topic"], 0, OFFSET_END)])
    gc.disable()
    read: dict[str, int] = {}
    is_ready, patience = False, time.monotonic() + job.options["quiet"]
    while time.monotonic() < patience:
        message: Any = consumer.poll(0.1)
        now = time.monotonic_ns()
        if message is None:
            continue
        error = message.error()
        if error is None:
            patience = time.monotonic() + job.options["quiet"]
            if message.value() is not None:
                finding = decode(message.value())
                for case in finding["records"]:
                    if case["joined"]:
                        name = f"{finding['problem']}.{finding['version']}.{case['record_id']}"
                        read.setdefault(name, now)
        elif error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        elif not is_ready:
            is_ready = True
            print("ready", flush=True)
    consumer.close()
    json.dump(read, sys.stdout)


if __name__ == "__main__":
    main()
