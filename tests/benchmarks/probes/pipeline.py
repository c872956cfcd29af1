"""Times the pure pipeline in a process of its own: no Kafka, one core. Prints one JSON object."""

from __future__ import annotations

import json
import time

from schemas.catalogue import load_catalogue
from schemas.derive import intake_schema
from schemas.wire import encoder
from streams.messages import Intake
from tests.benchmarks.functions import pipeline_of
from tests.benchmarks.job import DATASET, Job
from tests.benchmarks.records import incidents, key_of

BATCH_RECORDS = 2_000


def main() -> None:
    """Process the `records` of the job on standard input twice; the first time only warms up."""
    job = Job.received()
    record_type = load_catalogue().record_type(DATASET)
    encode = encoder(intake_schema(record_type), job.schema_ids[job.intake])
    given = incidents(job, record_type, job.options["records"], "P")
    intakes = [
        Intake(job.intake, 0, offset, key_of(record), encode(record), None, 0)
        for offset, record in enumerate(given)
    ]
    batches = [intakes[at : at + BATCH_RECORDS] for at in range(0, len(intakes), BATCH_RECORDS)]
    pipeline = pipeline_of(job)
    for _ in range(2):
        started = time.perf_counter()
        outputs = sum(len(pipeline.process(batch).outputs) for batch in batches)
        seconds = time.perf_counter() - started
    print(json.dumps({"us_per_record": seconds / len(intakes) * 1e6, "outputs": outputs}))


if __name__ == "__main__":
    main()
