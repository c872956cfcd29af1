"""One transaction: the caller learns why it was not committed, and whether another can be begun."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from transport import one_transaction
from transport.messages import Output
from transport.one_transaction import NotCommitted, OneTransaction

OUTPUTS = [Output("audit", b"chain", b"entry"), Output("heads", b"chain", b"head")]


def failure(code: int, *, retriable: bool = False, abort: bool = False) -> KafkaException:
    return KafkaException(KafkaError(code, "as the test wants it", False, retriable, abort))


class Producer:
    """A double of the Kafka client: it fails in the named call, and refuses messages on request."""

    def __init__(self, failing: str, error: KafkaException | None, refusal: int | None) -> None:
        self.failing = failing
        self.error = error
        self.refusal = refusal
        self.calls: list[str] = []
        self.reports: list[Any] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self.failing and self.error is not None:
            raise self.error

    def init_transactions(self, _seconds: float) -> None:
        self._call("init")

    def begin_transaction(self) -> None:
        self._call("begin")

    def produce(self, topic: str, *_: Any, on_delivery: Any, **__: Any) -> None:
        self._call(f"produce {topic}")
        self.reports.append(on_delivery)

    def commit_transaction(self, _seconds: float) -> None:
        if self.refusal is not None:
            self.reports[0](KafkaError(self.refusal), None)
        self._call("commit")


def committed_by(
    monkeypatch: pytest.MonkeyPatch,
    failing: str = "",
    error: KafkaException | None = None,
    refusal: int | None = None,
) -> list[str]:
    producer = Producer(failing, error, refusal)
    monkeypatch.setattr(one_transaction, "Producer", lambda _settings: producer)
    OneTransaction({}, "t", 1.0).commit(OUTPUTS)
    return producer.calls


def test_all_outputs_are_in_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    assert committed_by(monkeypatch) == [
        "init", "begin", "produce audit", "produce heads", "commit",
    ]  # fmt: skip


@pytest.mark.parametrize("failing", ["init", "begin", "produce audit", "commit"])
@pytest.mark.parametrize(
    ("error", "may_pass"),
    [
        (failure(KafkaError._FENCED), True),
        (failure(KafkaError.CONCURRENT_TRANSACTIONS), True),
        (failure(KafkaError._TIMED_OUT, retriable=True), True),
        (failure(KafkaError._TIMED_OUT, abort=True), True),
        (failure(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED), False),
    ],
)
def test_another_is_begun_only_where_the_failure_may_pass(
    monkeypatch: pytest.MonkeyPatch, failing: str, error: KafkaException, may_pass: bool
) -> None:
    with pytest.raises(NotCommitted) as caught:
        committed_by(monkeypatch, failing, error)
    assert (caught.value.reason, caught.value.may_pass) == (error.args[0].name(), may_pass)


def test_a_refused_message_is_named_rather_than_the_commit_that_fails_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(NotCommitted) as caught:
        committed_by(
            monkeypatch,
            "commit",
            failure(KafkaError._TIMED_OUT, abort=True),
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
        )
    assert (caught.value.reason, caught.value.may_pass) == ("TOPIC_AUTHORIZATION_FAILED", False)
