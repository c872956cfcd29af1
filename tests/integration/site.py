"""A partnership at work: its agencies publish, its worker runs, its recipients read."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import topics
from isp.broker.in_force import put_in_force
from ops.embedded import ports
from ops.embedded.stack import Stack
from ops.exercise import exercise
from ops.metrics_door import USER
from ops.system import keys_of
from sanitiser.policy import Policy
from schemas.catalogue import load_catalogue
from schemas.derive import intake_schema
from schemas.london import london_today
from schemas.wire import decoder, encoder
from streams.runtime.kafka_config import WorkerClients
from tests.integration.partnership import Partnership, bring_into_step
from tests.integration.waiting import PATIENCE_S, until
from tests.integration.worker_process import Order, WorkerProcess
from tests.protocols import FIRST
from transport.messages import SUPPLY_HEADER, Headers

ANSWER_S = 5.0
READ_AT_ONCE = 10_000

Answer = TypeVar("Answer")

Raw = tuple[bytes | None, bytes | None]
"""Key and value of a message as it is."""

Samples = dict[str, dict[tuple[str, ...], float]]
"""Values by series, and by the values of its labels in the order of the labels' names."""


@dataclass(frozen=True)
class Site:
    """One applied protocol under its own prefix, with what its worker is started by."""

    partnership: Partnership
    protocol_file: Path
    index: Path
    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @cached_property
    def _observer(self) -> Consumer:
        """Asks for offsets as the administrator; never joins the worker's group."""
        group = WorkerClients({}, self.partnership.names.worker).group
        config = {**self.partnership.admin, "group.id": group, "enable.auto.commit": False}
        return Consumer({**config, "isolation.level": "read_uncommitted", "log_level": 0})

    def _ask(self, question: Callable[[Consumer], Answer]) -> Answer:
        """The answer of the broker, or of one that has just come back and knows no leaders yet."""
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                return question(self._observer)
            except KafkaException:
                if time.monotonic() > give_up:
                    raise
                # A client can keep to what it was told of a topic while the broker came back.
                self.__dict__.pop("_observer")
                time.sleep(0.1)

    def amend(self, edit: Callable[[Any], None]) -> None:
        """Change the protocol, have it signed and put it in force; the broker's rules stay as they are."""
        document = YAML().load(self.protocol_file)
        edit(document)
        draft = self.folder / self.protocol_file.name
        YAML().dump(document, draft)
        catalogue, ids = self.partnership.catalogue, self.partnership.applied.schema_ids
        protocol = load_protocol(exercise(draft, self.folder, catalogue), catalogue)
        put_in_force(self.partnership.admin, protocol, catalogue, ids)

    def intake(self, dataset: str) -> str:
        """The intake topic of a dataset, which one agency supplies here."""
        return self.partnership.names.intake(self.agency(dataset), dataset)

    def rejected(self, dataset: str) -> str:
        """The topic of what was rejected of a dataset."""
        return self.partnership.names.rejected(self.agency(dataset), dataset)

    def released(self, profile: str, dataset: str) -> str:
        """The topic of a dataset's releases."""
        return self.partnership.names.depersonalised(profile, dataset)

    def agency(self, dataset: str) -> str:
        """The agency that supplies a dataset."""
        return next(s.agency for s in self.partnership.protocol.supplies if s.dataset == dataset)

    def value(self, dataset: str, record: dict[str, Any]) -> bytes:
        """The bytes that the agency publishes."""
        return self.framed(dataset, self.partnership.applied.schema_ids)(record)

    def framed(self, dataset: str, ids: Any) -> Callable[[Any], bytes]:
        """The encoder of a dataset's intake under the id that `ids` has for its subject."""
        schema = intake_schema(self.partnership.catalogue.record_type(dataset))
        return encoder(schema, ids[f"{self.intake(dataset)}-value"])

    def namer(self, profile: str, dataset: str) -> Callable[[dict[str, Any]], str]:
        """A function from record to the name of its release, by the reference key of the stack."""
        catalogue = self.partnership.catalogue
        key = keys_of(self.partnership.stack).ring().key(london_today())
        policy = Policy(catalogue.record_type(dataset), profile, key, catalogue.code_lists)
        return partial(policy.record_id, self.agency(dataset))

    def record_id(self, profile: str, dataset: str, record: dict[str, Any]) -> str:
        """The name of one record's release."""
        return self.namer(profile, dataset)(record)

    def publish(
        self, dataset: str, records: Iterable[dict[str, Any]], supply: str | None = None
    ) -> None:
        """Publish records as their agency; the key is the reference."""
        identity = self.partnership.catalogue.record_type(dataset).identity[0]
        encode = self.framed(dataset, self.partnership.applied.schema_ids)
        raw = ((str(record[identity]).encode(), encode(record)) for record in records)
        self.publish_raw(self.agency(dataset), self.intake(dataset), raw, supply)

    def publish_raw(
        self,
        party: str,
        topic: str,
        messages: Iterable[Raw],
        supply: str | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Publish messages as they are, as `party`, and see every one of them delivered."""
        failed: list[str] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failed.append(error.name())

        producer = Producer({**self.partnership.client(party), **STEADY_PRODUCER})
        headers: Headers | None = [(SUPPLY_HEADER, supply.encode())] if supply else None
        for key, value in messages:
            producer.produce(topic, value, key, headers=headers, on_delivery=delivered)
            producer.poll(0)
        assert producer.flush(patience_s) == 0
        assert not failed

    def read_all(self, party: str | None, topic: str) -> list[Message]:
        """Everything committed up to the topic's end, as `party` (None: the administrator) reads it."""
        ends = self.ends(topic)
        client = self.partnership.client(party) if party else self.partnership.admin
        group = f"{client['sasl.username']}.reader"
        consumer = Consumer({**client, **COMMITTED_READER, "group.id": group})
        try:
            consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in ends])
            return _up_to(consumer, ends)
        finally:
            consumer.close()

    def decoded(self, party: str, topic: str) -> list[dict[str, Any]]:
        """The values of `read_all`, decoded under the topic's schema."""
        made = topics(self.partnership.protocol, self.partnership.catalogue)
        decode = decoder(next(t.schema for t in made if t.name == topic))
        return [decode(message.value() or b"") for message in self.read_all(party, topic)]

    def ends(self, topic: str) -> dict[int, int]:
        """The end of each partition, whether or not what stands before it is committed."""

        def asked(observer: Consumer) -> dict[int, int]:
            found = observer.list_topics(topic, timeout=ANSWER_S).topics[topic].partitions
            return {
                p: observer.get_watermark_offsets(TopicPartition(topic, p), ANSWER_S)[1]
                for p in found
            }

        return self._ask(asked)

    def exposition(self, port: int) -> str:
        """Return the metrics page of a worker, read with the password."""
        login = USER, self.partnership.secrets.password(USER)
        url = f"http://127.0.0.1:{port}/metrics"
        answer = httpx2.get(url, auth=login, timeout=PATIENCE_S, trust_env=False)
        answer.raise_for_status()
        return answer.text

    def samples(self, port: int) -> Samples:
        """The samples of a worker's metrics page."""
        found: Samples = {}
        for family in text_string_to_metric_families(self.exposition(port)):
            for sample in family.samples:
                found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
        return found

    def waiting(self, datasets: Sequence[str] | None = None) -> int:
        """Intake records for whose outcome no transaction is committed yet."""
        supplied = datasets or [s.dataset for s in self.partnership.protocol.supplies]
        ends = {
            (topic, partition): end
            for topic in map(self.intake, supplied)
            for partition, end in self.ends(topic).items()
        }
        places = [TopicPartition(*place) for place in ends]
        done = self._ask(lambda observer: observer.committed(places, ANSWER_S))
        return sum(ends.values()) - sum(max(at.offset, 0) for at in done)

    def drain(self, datasets: Sequence[str] | None = None, seconds: float = PATIENCE_S) -> None:
        """Wait until every intake record has its outcome."""
        until(lambda: self.waiting(datasets) == 0, seconds, "the end of the intake")

    def receipts(self, agency: str) -> Counter[str]:
        """The sums of an agency's receipts: plain counts, and maps as `released.central`."""
        total: Counter[str] = Counter()
        for receipt in self.decoded(agency, self.partnership.names.receipts(agency)):
            for name, count in receipt.items():
                if isinstance(count, dict):
                    total.update({f"{name}.{what}": number for what, number in count.items()})
                elif isinstance(count, int):
                    total[name] += count
        return total

    @contextmanager
    def worker(self, **options: Any) -> Iterator[WorkerProcess]:
        """Start a worker, and end it with the block."""
        order = Order(
            str(self.partnership.stack.run_dir), str(self.protocol_file), str(self.index), **options
        )
        started = WorkerProcess(order, self.folder / f"worker-{next(self._numbers)}.log")
        try:
            yield started
        finally:
            started.close()


STEADY_PRODUCER = {
    "enable.idempotence": True,
    "linger.ms": 5,
    "compression.type": "lz4",
    "batch.size": 16_000,
    "queue.buffering.max.messages": 1_000_000,
    "log_level": 0,
}
COMMITTED_READER = {
    "isolation.level": "read_committed",
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 20,
    "log_level": 0,
}


def place_of(message: Message) -> tuple[int, int]:
    """Partition and offset of a message that was read."""
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    return partition, offset


def _up_to(consumer: Consumer, ends: dict[int, int]) -> list[Message]:
    messages: list[Message] = []
    unread = {partition for partition, end in ends.items() if end > 0}

    def read() -> bool:
        for message in consumer.consume(READ_AT_ONCE, 0.1):
            error = message.error()
            if error is None:
                messages.append(message)
            elif error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            elif place_of(message)[1] >= ends[place_of(message)[0]]:
                unread.discard(place_of(message)[0])
        return not unread

    until(read, PATIENCE_S, "reading to the end of the topic")
    return messages


def make_site(
    stack: Stack,
    short_name: str,
    index: Path,
    folder: Path,
    edit: Callable[[Any], None] = lambda _document: None,
    protocol_file: Path = FIRST,
) -> Site:
    """Apply a protocol, under another name and with the changes of `edit`, to `stack`."""
    document = YAML().load(protocol_file)
    document["partnership"]["short_name"] = short_name
    edit(document)
    draft = folder / f"{short_name}.yaml"
    YAML().dump(document, draft)
    catalogue = load_catalogue()
    path = exercise(draft, folder, catalogue)
    protocol = load_protocol(path, catalogue)
    return Site(bring_into_step(protocol, catalogue, stack), path, index, folder)


def free_port() -> int:
    """A port for a worker's metrics."""
    return ports.any_free()
