"""Writing in transactions: a request without an answer in time must not affect the next transaction."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from connectors.account import Account
from connectors.errors import SupersededError
from connectors.writer import TransactionalWriter
from tests.streams.clients import producers_made
from transport import publisher
from transport.messages import Output

MESSAGES = [Output("intake", b"k", b"v")]
NAME = "banes.police.publish.fire"


def unanswered() -> KafkaException:
    return KafkaException(KafkaError(KafkaError._TIMED_OUT, "no answer", False, True, False))


def aborted() -> KafkaException:
    return KafkaException(KafkaError(KafkaError._TIMED_OUT, "to be undone", False, False, True))


class Producer:
    """A client at the edge: it records each call, and fails once where it is asked to."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.calls: list[str] = []
        self.failures: dict[str, list[KafkaException]] = {}
        self.lost = 0

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    def init_transactions(self, seconds: float) -> None:
        self._call("init")

    def begin_transaction(self) -> None:
        self._call("begin")

    def produce(self, *message: Any, **more: Any) -> None:
        self._call("produce")

    def poll(self, seconds: float) -> None:
        if self.lost and "commit" in self.calls:
            self.lost -= 1
            self.config["error_cb"](KafkaError(KafkaError._TRANSPORT))

    def commit_transaction(self, seconds: float) -> None:
        self._call("commit")

    def abort_transaction(self, seconds: float) -> None:
        self._call("abort")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Producer]:
    """Return every producer made, in order."""
    monkeypatch.setattr(publisher, "PAUSE_SECONDS", 0.0)
    return producers_made(monkeypatch, publisher, Producer)


@pytest.fixture
def writes(made: list[Producer]) -> TransactionalWriter:
    return TransactionalWriter(Account("banes", "police", {}), NAME, "the intake topic")


def test_chunks_that_are_answered_have_one_producer(
    writes: TransactionalWriter, made: list[Producer]
) -> None:
    for _ in range(3):
        writes.write(MESSAGES)
    assert [producer.calls for producer in made] == [["init", *["begin", "produce", "commit"] * 3]]


def test_a_commit_that_may_come_late_meets_another_epoch(
    writes: TransactionalWriter, made: list[Producer]
) -> None:
    made[0].failures = {"commit": [unanswered()]}
    for _ in range(3):
        writes.write(MESSAGES)
    assert made[0].calls == ["init", "begin", "produce", "commit", "commit"]
    assert made[1].calls == ["init", *["begin", "produce", "commit"] * 2]
    assert {producer.config["transactional.id"] for producer in made} == {NAME}


def test_an_abort_that_may_come_late_meets_another_epoch(
    writes: TransactionalWriter, made: list[Producer]
) -> None:
    made[0].failures = {"commit": [aborted()], "abort": [unanswered()]}
    writes.write(MESSAGES)
    assert made[0].calls[-3:] == ["commit", "abort", "abort"]
    assert made[1].calls == ["init", "begin", "produce", "commit"]


def test_a_commit_that_a_lost_connection_has_sent_twice_meets_another_epoch(
    writes: TransactionalWriter, made: list[Producer]
) -> None:
    writes.write(MESSAGES)
    made[0].calls.clear()
    made[0].lost = 1
    writes.write(MESSAGES)
    writes.write(MESSAGES)
    assert len(made) == 2


def test_a_writer_that_takes_its_place_anew_leaves_it_where_another_wrote_meanwhile(
    writes: TransactionalWriter, made: list[Producer]
) -> None:
    made[0].failures = {"commit": [unanswered()]}
    writes.write(MESSAGES, lambda: True)
    with pytest.raises(SupersededError):
        writes.write(MESSAGES, lambda: True)
    assert made[1].calls == ["init"]
