"""Records that wait behind an open transaction: what is told of them, and of an answer that fails."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import IsolationLevel, KafkaError, KafkaException
from prometheus_client import CollectorRegistry

from isp.agreement.topics import Names
from streams.disclosure.metrics import DisclosureMetrics
from streams.runtime import open_transactions
from streams.runtime.open_transactions import OpenTransactions, waiting
from streams.sanitising.metrics import Metrics

NAME = "ipu_open_transaction_records"


class Broker:
    """The broker at the edge: the end of each partition, and where it is stable."""

    def __init__(self) -> None:
        self.ends: dict[tuple[str, int], int] = {}
        self.stable: dict[tuple[str, int], int] = {}
        self.refused: set[tuple[str, int]] = set()
        self.away = False

    def list_topics(self, timeout: float) -> Any:
        if self.away:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        topics: dict[str, Any] = {}
        for topic, partition in self.ends:
            topics.setdefault(topic, SimpleNamespace(partitions={})).partitions[partition] = None
        return SimpleNamespace(topics=topics)

    def list_offsets(self, asked: Any, isolation_level: IsolationLevel, **_: Any) -> Any:
        committed = isolation_level is IsolationLevel.READ_COMMITTED
        return {at: self._answer(at, self.stable if committed else self.ends) for at in asked}

    def _answer(self, at: Any, offsets: dict[tuple[str, int], int]) -> Future[Any]:
        answer: Future[Any] = Future()
        if (at.topic, at.partition) in self.refused:
            refusal = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
            answer.set_exception(KafkaException(refusal))
        else:
            answer.set_result(SimpleNamespace(offset=offsets[at.topic, at.partition]))
        return answer


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(open_transactions, "AdminClient", lambda _config: made)
    monkeypatch.setattr(open_transactions, "SETTLE_SECONDS", 0.0)
    return made


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def measured(registry: CollectorRegistry, broker: Broker) -> OpenTransactions:
    return OpenTransactions({}, Metrics(registry).open_transactions)


def told(registry: CollectorRegistry) -> dict[str, float]:
    families = (family for family in registry.collect() if family.name == NAME)
    return {s.labels["topic"]: s.value for family in families for s in family.samples}


def test_a_topic_tells_the_records_that_wait_in_all_its_partitions(
    measured: OpenTransactions, broker: Broker, registry: CollectorRegistry
) -> None:
    broker.ends = {("a", 0): 10, ("a", 1): 7, ("b", 0): 5}
    broker.stable = {("a", 0): 4, ("a", 1): 6, ("b", 0): 5}
    measured.measure()
    assert told(registry) == {"a": 7, "b": 0}


def test_topics_of_cases_are_told_together_and_name_no_case(
    broker: Broker, registry: CollectorRegistry
) -> None:
    names, gauge = Names("banes"), DisclosureMetrics(registry).open_transactions
    one, other = names.disclosed("0123456789abcdef"), names.disclosed("fedcba9876543210")
    broker.ends = {(one, 0): 10, (other, 0): 7, (names.cases, 0): 5}
    broker.stable = {(one, 0): 4, (other, 0): 6, (names.cases, 0): 5}
    OpenTransactions({}, gauge, names.without_case).measure()
    assert told(registry) == {"banes.disclosed": 7, names.cases: 0}


def test_what_was_committed_meanwhile_does_not_wait() -> None:
    assert waiting({("a", 0): 10}, {("a", 0): 14}) == {("a",): 0}


def test_a_partition_that_gives_no_answer_leaves_the_others(
    measured: OpenTransactions, broker: Broker, registry: CollectorRegistry
) -> None:
    broker.ends = broker.stable = {("a", 0): 10, ("b", 0): 5}
    broker.refused = {("a", 0)}
    measured.measure()
    assert told(registry) == {"b": 0}


def test_nothing_old_is_told_while_the_broker_is_away(
    measured: OpenTransactions, broker: Broker, registry: CollectorRegistry
) -> None:
    broker.ends, broker.stable = {("a", 0): 10}, {("a", 0): 4}
    measured.measure()
    broker.away = True
    measured.measure()
    assert told(registry) == {}
    broker.away = False
    measured.measure()
    assert told(registry) == {"a": 6}
