"""A request to end a transaction that reaches the broker late: the one that is open by then stays whole."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import confluent_kafka
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from prometheus_client import CollectorRegistry

from ops.embedded.broker_config import ADMIN
from ops.embedded.stack import Stack
from streams.runtime.kafka_config import WorkerClients
from streams.runtime.open_transactions import OpenTransactions
from streams.sanitising.metrics import Metrics
from tests.integration.attacks import wire
from tests.integration.conftest import MakeSite
from tests.integration.site import Site
from tests.integration.waiting import PATIENCE_S, until
from transport import transaction
from transport.messages import Output
from transport.transaction import Transactor

pytestmark = pytest.mark.broker

DATASET = "police-incident"
REFUSED = {47, 90}
"""Kafka's codes for a producer of an earlier epoch."""


class Identity(NamedTuple):
    """By what the broker knows a producer."""

    number: int
    epoch: int


class Slow(confluent_kafka.Producer):
    """A producer whose first request to commit is held up on the way, and comes in the next transaction."""

    site: Site
    late: Identity | None = None
    answer: int | None = None
    offset: int | None = None

    def commit_transaction(self, *seconds: float) -> None:
        cls = type(self)
        if cls.late is None:
            cls.late = identity(cls.site)
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "held up", False, True, False))
        super().commit_transaction(*seconds)

    def flush(self, *seconds: float) -> int:
        left = super().flush(*seconds)
        cls = type(self)
        if not left and cls.late is not None and cls.answer is None:
            cls.answer = end_late(cls.site, cls.late)
            cls.offset = committed(cls.site)
        return left


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "lateend")


@pytest.fixture
def consumer(site: Site) -> Iterator[Consumer]:
    clients = WorkerClients(site.partnership.client("worker"), site.partnership.names.worker)
    made = Consumer({**clients.reader(), "group.id": clients.group})
    yield made
    made.close()


def own(site: Site) -> dict[str, Any]:
    """The settings of a worker's producer."""
    names = site.partnership.names
    return WorkerClients(site.partnership.client("worker"), names.worker, "6").producer()


def committed(site: Site) -> int:
    at = TopicPartition(site.intake(DATASET), 0)
    return int(site._ask(lambda observer: observer.committed([at], 10))[0].offset)


def identity(site: Site) -> Identity:
    """The producer that the broker has under the worker's transactional id."""
    stack = site.partnership.stack
    with wire.login(stack.inside, ADMIN, stack.secrets.password(ADMIN)) as connection:
        asked = wire.describe_transaction(own(site)["transactional.id"])
        answer = wire.ask(connection, wire.DESCRIBE_TRANSACTIONS, 0, asked)
    return Identity(*wire.producer_of(answer))


def end_late(site: Site, producer: Identity) -> int:
    """Have the request arrive; Kafka's code of the answer, 0 if the broker has done what it asks."""
    worker = site.partnership.names.worker
    stack = site.partnership.stack
    with wire.login(stack.bootstrap, worker, stack.secrets.password(worker)) as connection:
        body = wire.end_transaction(own(site)["transactional.id"], *producer)
        answer = wire.ask(connection, wire.END_TXN, 1, body)
    return int(struct.unpack_from(">ih", answer)[1])


def test_a_commit_that_comes_late_does_not_end_half_of_the_next_transaction(
    site: Site, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its offsets would be committed before its releases are written: a crash then loses them."""
    names, released = site.partnership.names, site.released("central", DATASET)
    monkeypatch.setattr(transaction, "Producer", Slow)
    Slow.site = site
    transactor = Transactor(own(site), names.audit, renews=True)
    for number in (1, 2):
        name = b"%d" % number
        outputs = [Output(names.audit, b"test", name), Output(released, name, name)]
        offsets = [TopicPartition(site.intake(DATASET), 0, number)]
        transactor.write(outputs, offsets, consumer.consumer_group_metadata())
    assert Slow.answer in REFUSED
    assert Slow.offset == 1
    until(lambda: committed(site) == 2, PATIENCE_S, "the offset of the second transaction")
    for topic in (names.audit, released):
        written = [
            m.value() for m in site.read_all(None, topic) if m.key() in {b"test", b"1", b"2"}
        ]
        assert Counter(written) == {b"1": 1, b"2": 1}


def test_records_that_wait_behind_an_open_transaction_are_told(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, topic = CollectorRegistry(), site.released("central", DATASET)
    measured = OpenTransactions(
        site.partnership.client("worker"), Metrics(registry).open_transactions
    )

    def waiting() -> float | None:
        measured.measure()
        return registry.get_sample_value("ipu_open_transaction_records", {"topic": topic})

    producer = confluent_kafka.Producer(own(site))
    producer.init_transactions(20)
    producer.begin_transaction()
    for _ in range(3):
        producer.produce(topic, b"open", b"open", partition=0)
    assert producer.flush(PATIENCE_S) == 0
    assert waiting() == 3
    producer.abort_transaction(20)
    assert waiting() == 0
    told = {s.labels["topic"] for f in registry.collect() if "open" in f.name for s in f.samples}
    assert {site.partnership.names.audit, site.rejected(DATASET), site.intake(DATASET)} <= told
