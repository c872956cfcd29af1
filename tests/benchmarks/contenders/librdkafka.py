"""Contender `librdkafka`: the same functions in a bare loop, one transaction a batch.

No supervision, watchdog, metrics, receipts or order of outputs: the least that exactly-once costs.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from streams.messages import Intake
from streams.runtime.kafka_config import WorkerClients
from tests.benchmarks.functions import Functions
from tests.benchmarks.job import Job

BATCH_RECORDS = 2_000
_WINDOW_SECONDS = 0.05
_CALL_SECONDS = 10.0


class Loop:
    """Consume, process, produce, commit, until told to stop."""

    def __init__(self, job: Job) -> None:
        """Take the worker's own client settings under this contender's principal."""
        clients = WorkerClients(job.connection, job.principal)
        self._functions = Functions(job)
        self._producer = Producer(clients.producer())
        self._consumer = Consumer(clients.consumer())
        self._consumer.subscribe([job.intake])
        self._stopping = False

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        """Stop after the batch at hand."""
        self._stopping = True

    def run(self) -> None:
        """Work until told to stop."""
        self._producer.init_transactions(_CALL_SECONDS)
        while not self._stopping:
            messages = self._consumer.consume(BATCH_RECORDS, _WINDOW_SECONDS)
            if messages:
                self._commit(messages)
        self._consumer.close()

    def _commit(self, messages: list[Any]) -> None:
        outputs_of, produce = self._functions.outputs, self._producer.produce
        ends: dict[tuple[str, int], int] = {}
        self._producer.begin_transaction()
        for message in messages:
            intake = _intake(message)
            ends[intake.topic, intake.partition] = intake.offset + 1
            for topic, key, value, headers, timestamp_ms in outputs_of(intake):
                produce(topic, value, key, headers=headers, timestamp=timestamp_ms)
        offsets = [TopicPartition(*at, end) for at, end in ends.items()]
        group = self._consumer.consumer_group_metadata()
        self._producer.send_offsets_to_transaction(offsets, group, _CALL_SECONDS)
        self._producer.commit_transaction(_CALL_SECONDS)


def _intake(message: Any) -> Intake:
    return Intake(
        message.topic(), message.partition(), message.offset(), message.key(), message.value(),
        None, message.timestamp()[1],
    )  # fmt: skip


def main() -> None:
    """Run the loop for the job on standard input."""
    loop = Loop(Job.received())
    signal.signal(signal.SIGTERM, loop.stop)
    loop.run()


if __name__ == "__main__":
    main()
