"""Contenders `quix` and `quix_passthrough`: Quix Streams, exactly-once, in its own environment.

Used as favourably as its public interface allows: bytes in and out of its serialisers, one call of
the pure functions a record, headers and time set once a record and not once an output, the worker's
client settings, and a checkpoint every `commit_every` records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from quixstreams import Application, message_context  # type: ignore[import-not-found, unused-ignore]
from quixstreams.kafka import ConnectionConfig  # type: ignore[import-not-found, unused-ignore]
from quixstreams.models import Serializer  # type: ignore[import-not-found, unused-ignore]

from schemas.catalogue import load_catalogue
from schemas.derive import intake_schema
from schemas.wire import decoder, encoder
from streams.messages import Intake
from streams.runtime.kafka_config import WorkerClients
from tests.benchmarks.functions import Functions
from tests.benchmarks.job import DATASET, Job
from transport.messages import MARKING_HEADER, Output

MARKING = [(MARKING_HEADER, b"RESTRICTED")]
_SET_BY_QUIX = frozenset(
    {"group.id", "group.instance.id", "enable.auto.commit", "auto.offset.reset"}
)
_BYTES_OF_KEYS = {"key_deserializer": "bytes", "key_serializer": "bytes"}


class _ValueOf(Serializer):  # type: ignore[misc, unused-ignore]
    """The bytes that the pure functions have encoded."""

    def __call__(self, value: Output, ctx: Any) -> bytes:
        return value.value or b""


def application(job: Job) -> Any:
    """An application with the worker's client settings; its group begins with its principal."""
    clients = WorkerClients(job.connection, job.principal)
    settings = [
        {k: v for k, v in config.items() if k not in job.connection and k not in _SET_BY_QUIX}
        for config in (clients.consumer(), clients.producer())
    ]
    return Application(
        broker_address=ConnectionConfig.from_librdkafka_dict(job.connection),
        consumer_group=job.options["group"],
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_every=job.options["commit_every"],
        commit_interval=job.options["commit_interval"],
        consumer_poll_timeout=0.1,
        consumer_extra_config=settings[0],
        producer_extra_config={**settings[1], "transactional.id": job.options["group"]},
        auto_create_topics=False,
        use_changelog_topics=False,
        loglevel="WARNING",
    )


def whole(app: Any, job: Job) -> None:
    """Decode to encode with the pure functions, and every output to its profile's topic."""
    functions = Functions(job)
    topics = {
        name: app.topic(name, value_serializer=_ValueOf(), **_BYTES_OF_KEYS)
        for name in job.options["topics"]
    }

    def outputs(value: bytes, key: bytes, timestamp: int, _headers: Any) -> Sequence[Output]:
        at = message_context()
        return functions.outputs(
            Intake(at.topic, at.partition, at.offset, key, value, None, timestamp)
        )

    frame = app.dataframe(app.topic(job.intake, value_deserializer="bytes", **_BYTES_OF_KEYS))
    frame = frame.apply(outputs, metadata=True)
    frame = frame.set_headers(lambda *_: MARKING)
    frame = frame.set_timestamp(_time_of)
    frame = frame.apply(lambda outputs: outputs, expand=True)
    frame.to_topic(lambda output, *_: topics[output.topic], key=lambda output: output.key)


def passthrough(app: Any, job: Job) -> None:
    """Decode the record and encode it again, as one output."""
    schema = intake_schema(load_catalogue().record_type(DATASET))
    decode, encode = decoder(schema), encoder(schema, job.schema_ids[job.intake])
    frame = app.dataframe(app.topic(job.intake, value_deserializer="bytes", **_BYTES_OF_KEYS))
    frame = frame.apply(decode).apply(encode)
    frame.to_topic(app.topic(job.passthrough, value_serializer="bytes", **_BYTES_OF_KEYS))


def _time_of(outputs: list[Output], _key: bytes, timestamp: int, _headers: Any) -> int:
    return outputs[0].timestamp_ms if outputs else timestamp


def main() -> None:
    """Run the contender that the job on standard input names."""
    job = Job.received()
    build: dict[str, Callable[[Any, Job], None]] = {"whole": whole, "passthrough": passthrough}
    app = application(job)
    build[job.options["work"]](app, job)
    app.run()


if __name__ == "__main__":
    main()
