"""Each topic accepts the largest batch that one of our producers may write to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from connectors import writer
from demo import live
from isp.agreement.access import rules
from isp.agreement.protocol import Protocol
from isp.agreement.topics import OWN_BATCH, Names, Topic, disclosed_topic, topics
from schemas.catalogue import Catalogue
from streams.disclosure.clients import DiscloserClients
from streams.runtime.kafka_config import WorkerClients

DEFAULT_BYTES = 1_000_000
"""librdkafka's default of `batch.size` and `message.max.bytes`."""


def largest_batch(settings: Mapping[str, Any]) -> int:
    """Return the size of the largest batch of several messages; librdkafka includes the header."""
    names = ("batch.size", "message.max.bytes")
    return min(int(settings.get(name, DEFAULT_BYTES)) for name in names)


@pytest.fixture
def every_topic(protocol: Protocol, catalogue: Catalogue) -> tuple[Topic, ...]:
    return (*topics(protocol, catalogue), disclosed_topic(protocol, catalogue, "case", 1))


def written_by(principal: str, protocol: Protocol, found: tuple[Topic, ...]) -> Iterator[Topic]:
    for rule in rules(protocol):
        if (rule.principal, rule.operation, rule.resource) != (principal, "write", "topic"):
            continue
        for topic in found:
            if topic.name == rule.name or (rule.prefixed and topic.name.startswith(rule.name)):
                yield topic


def test_every_topic_of_the_worker_takes_its_batches(
    protocol: Protocol, every_topic: tuple[Topic, ...]
) -> None:
    largest = largest_batch(WorkerClients({}, "p.worker").producer())
    written = list(written_by(Names(protocol.prefix).worker, protocol, every_topic))
    families = {topic.family for topic in written}
    assert families >= {"rejected", "depersonalised", "receipts", "audit", "internal"}
    assert [t.name for t in written if t.maximum_bytes < largest] == []


def test_every_topic_of_the_discloser_takes_its_batches(
    protocol: Protocol, every_topic: tuple[Topic, ...]
) -> None:
    largest = largest_batch(DiscloserClients({}, "p.discloser").producer())
    written = list(written_by(Names(protocol.prefix).discloser, protocol, every_topic))
    assert {topic.family for topic in written} >= {"inbox", "disclosed", "audit", "internal"}
    assert [t.name for t in written if t.maximum_bytes < largest] == []


def test_what_the_processor_alone_writes_takes_the_batches_of_its_own_clients(
    protocol: Protocol, every_topic: tuple[Topic, ...]
) -> None:
    recorder = written_by(Names(protocol.prefix).recorder, protocol, every_topic)
    operator = (topic for topic in every_topic if topic.owner == "operator")
    written = [*recorder, *operator]
    assert {topic.family for topic in written} >= {"audit", "internal"}
    assert [t.name for t in written if t.maximum_bytes < largest_batch(OWN_BATCH)] == []


def test_every_topic_of_a_supplier_takes_the_batches_of_its_connector(
    every_topic: tuple[Topic, ...],
) -> None:
    written = [t for t in every_topic if t.family in {"intake", "supplies", "aggregate"}]
    for settings in (writer.SETTINGS, live.SETTINGS):
        assert [t.name for t in written if t.maximum_bytes <= largest_batch(settings)] == []
