"""One transaction per batch: the calls, their order, and the effect of each failure."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from tests.streams.clients import producers_made
from transport import transaction
from transport.messages import Output
from transport.transaction import FatalWorkerError, OutputsTooLarge, TransactionAborted, Transactor

OUTPUTS = [Output("a", b"k1", b"v1", [("marking", b"R")], 3_600_000), Output("b", None, b"v2")]
ENTRY = Output("audit", b"chain", b"entry")
OFFSETS = [TopicPartition("in", 0, 5)]
GROUP = object()
ROOT = Path(__file__).resolve().parents[2]


def failure(*, fatal: bool = False, retriable: bool = False, abort: bool = False) -> KafkaException:
    return KafkaException(
        KafkaError(KafkaError._TIMED_OUT, "as the test wants it", fatal, retriable, abort)
    )


class Refusal:
    """A delivery report of one message."""

    def __init__(self, code: int, topic: str) -> None:
        self.error = KafkaError(code)
        self.topic = lambda: topic


class Producer:
    """A double of the Kafka client: it records each call, and fails once in each named call."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.calls: list[str] = []
        self.produced: list[tuple[Any, ...]] = []
        self.undelivered: list[int] = []
        self.refusals: list[Refusal] = []
        self.failures: dict[str, list[Exception]] = {}
        self.lost: list[KafkaError] = []
        self.lost_with: dict[str, KafkaError] = {}

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.lost_with:
            self.lost.append(self.lost_with.pop(name))
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    def init_transactions(self, timeout: float) -> None:
        self._call("init")

    def begin_transaction(self) -> None:
        self._call("begin")

    def produce(
        self, topic: str, value: bytes, key: bytes | None, headers: Any, timestamp: int
    ) -> None:
        self._call("produce")
        self.produced.append((topic, key, value, headers, timestamp))

    def poll(self, timeout: float) -> None:
        self._call(f"poll {timeout}")
        while self.lost:
            self.config["error_cb"](self.lost.pop())

    def flush(self, timeout: float) -> int:
        self._call("flush")
        while self.refusals:
            refusal = self.refusals.pop()
            self.config["on_delivery"](refusal.error, refusal)
        return self.undelivered.pop(0) if self.undelivered else 0

    def send_offsets_to_transaction(self, offsets: Any, group: Any, timeout: float) -> None:
        self._call("offsets")
        assert (offsets, group) == (OFFSETS, GROUP)

    def commit_transaction(self, timeout: float) -> None:
        self._call("commit")

    def abort_transaction(self, timeout: float) -> None:
        self._call("abort")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Producer]:
    """Return the list of all producers created, in order."""
    return producers_made(monkeypatch, transaction, Producer)


@pytest.fixture
def write(made: list[Producer]) -> Callable[..., Producer]:
    """Return a function that writes the outputs with a producer that fails as asked, and returns it."""
    transactor = Transactor({"transactional.id": "t"}, "audit", renews=True)

    def run(outputs: list[Output] = OUTPUTS, **failures: list[Exception]) -> Producer:
        made[-1].failures = failures
        made[-1].calls.clear()
        transactor.write(outputs, OFFSETS, GROUP)
        return made[-1]

    return run


DONE = [
    "poll 0", "begin", "poll 0", "offsets", "flush", "produce", "produce", "poll 0", "flush", "commit",
    "poll 0",
]  # fmt: skip


def test_a_new_transactor_takes_the_place_of_an_earlier_one(made: list[Producer]) -> None:
    Transactor({"transactional.id": "t"}, "audit")
    assert made[0].config["transactional.id"] == "t"
    assert made[0].calls == ["init"]


def test_a_batch_is_begun_produced_given_its_offsets_and_committed_in_this_order(
    write: Callable[..., Producer],
) -> None:
    producer = write()
    assert producer.calls == DONE
    assert producer.produced == [
        ("a", b"k1", b"v1", [("marking", b"R")], 3_600_000), ("b", None, b"v2", None, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("call", ["begin", "produce", "offsets", "commit"])
def test_what_may_be_tried_again_is_the_same_call_again(
    write: Callable[..., Producer], call: str
) -> None:
    producer = write(**{call: [failure(retriable=True), failure(retriable=True)]})
    at = DONE.index(call)
    assert producer.calls == [*DONE[:at], call, call, *DONE[at:]]
    assert len(producer.produced) == len(OUTPUTS)


@pytest.mark.parametrize("call", ["offsets", "commit"])
def test_what_may_come_late_of_a_call_without_an_answer_meets_another_epoch(
    write: Callable[..., Producer], made: list[Producer], call: str
) -> None:
    """The broker then refuses the request. Otherwise it could end, or add to, the next transaction."""
    late = write(**{call: [failure(retriable=True)]})
    after = write()
    assert after is not late
    assert [p.config["transactional.id"] for p in made] == ["t", "t"]
    assert after.calls == ["init", *DONE]
    assert late.calls == []
    assert write() is after


def test_what_may_come_late_of_an_abort_meets_another_epoch(
    write: Callable[..., Producer], made: list[Producer]
) -> None:
    with pytest.raises(TransactionAborted):
        write(commit=[failure(abort=True)], abort=[failure(retriable=True)])
    assert write() is made[1]


def test_a_request_that_a_lost_connection_has_sent_twice_meets_another_epoch(
    write: Callable[..., Producer], made: list[Producer]
) -> None:
    write()
    made[0].lost_with = {"commit": KafkaError(KafkaError._TRANSPORT)}
    assert write() is made[0]
    assert write() is made[1]


@pytest.mark.parametrize("call", ["poll 0", "commit"])
def test_connections_that_fail_at_first_or_between_transactions_cost_no_producer(
    write: Callable[..., Producer], made: list[Producer], call: str
) -> None:
    made[0].lost_with = {call: KafkaError(KafkaError._TRANSPORT)}
    for _ in range(3):
        write()
    made[0].lost.append(KafkaError(KafkaError._TRANSPORT))
    for _ in range(2):
        write()
    assert len(made) == 1


def test_transactions_that_are_answered_have_one_producer(
    write: Callable[..., Producer], made: list[Producer]
) -> None:
    """An answer that allows the same call again is an answer; so is one that requires an abort."""
    busy = KafkaError(KafkaError.CONCURRENT_TRANSACTIONS, "busy", False, True, False)
    write(commit=[KafkaException(busy)])
    with pytest.raises(TransactionAborted):
        write(commit=[failure(abort=True)])
    write()
    assert len(made) == 1


def test_what_is_reported_of_a_producer_that_was_given_up_is_not_said_of_the_next(
    write: Callable[..., Producer], made: list[Producer]
) -> None:
    write(commit=[failure(retriable=True)])
    write()
    purged = Refusal(KafkaError.TOPIC_AUTHORIZATION_FAILED, "a")
    made[0].config["on_delivery"](purged.error, purged)
    made[0].config["error_cb"](KafkaError(KafkaError._TRANSPORT))
    for _ in range(3):
        write([*OUTPUTS, ENTRY])
    assert len(made) == 2


def test_a_producer_that_cannot_be_replaced_is_unmendable(
    write: Callable[..., Producer], made: list[Producer], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(commit=[failure(retriable=True)])
    monkeypatch.setattr(Producer, "init_transactions", lambda *_: _raise(failure(fatal=True)))
    with pytest.raises(FatalWorkerError):
        write()
    assert "begin" not in made[1].calls


def test_who_may_have_lost_its_place_to_another_does_not_take_it_back(
    made: list[Producer],
) -> None:
    """No consumer group would refuse the offsets of the first one, so its process must restart."""
    transactor = Transactor({"transactional.id": "t"}, "audit")
    made[0].failures = {"commit": [failure(retriable=True)]}
    transactor.write(OUTPUTS, OFFSETS, GROUP)
    with pytest.raises(FatalWorkerError, match="t: a request may arrive late"):
        transactor.write(OUTPUTS, OFFSETS, GROUP)
    assert len(made) == 1
    assert made[0].calls.count("begin") == 1


def _raise(error: Exception) -> None:
    raise error


def test_the_audit_is_acknowledged_before_anything_else_is_produced(
    write: Callable[..., Producer], made: list[Producer]
) -> None:
    made[0].undelivered = [1, 1]
    producer = write([OUTPUTS[0], ENTRY, OUTPUTS[1]])
    assert [topic for topic, *_ in producer.produced] == ["audit", "a", "b"]
    assert producer.calls == [
        "poll 0", "begin", "produce", "poll 0", "offsets", "flush", "flush", "flush",
        "produce", "produce", "poll 0", "flush", "commit", "poll 0",
    ]  # fmt: skip


def test_a_transaction_whose_audit_stays_out_is_asked_whether_it_failed(
    write: Callable[..., Producer], made: list[Producer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "PROBE_SECONDS", -1.0)
    made[0].undelivered = [1]
    producer = write([*OUTPUTS, ENTRY])
    assert producer.calls[4:8] == ["offsets", "flush", "offsets", "flush"]


@pytest.mark.parametrize("retriable", [True, False])
def test_nothing_is_produced_whose_audit_was_refused(
    write: Callable[..., Producer], made: list[Producer], *, retriable: bool
) -> None:
    made[0].refusals = [Refusal(KafkaError.TOPIC_AUTHORIZATION_FAILED, "audit")]
    refused = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "refused", False, retriable, True)
    with pytest.raises(FatalWorkerError, match=r"TOPIC_AUTHORIZATION_FAILED.*audit"):
        write([*OUTPUTS, ENTRY], offsets=[KafkaException(refused)])
    assert [topic for topic, *_ in made[0].produced] == ["audit"]
    assert "commit" not in made[0].calls


def test_nothing_is_produced_whose_audit_was_lost(
    write: Callable[..., Producer], made: list[Producer]
) -> None:
    made[0].refusals = [Refusal(KafkaError._MSG_TIMED_OUT, "audit")]
    with pytest.raises(TransactionAborted, match="_MSG_TIMED_OUT"):
        write([*OUTPUTS, ENTRY])
    assert [topic for topic, *_ in made[0].produced] == ["audit"]
    assert made[0].calls[-2] == "abort"


def test_nothing_is_produced_whose_audit_is_never_acknowledged(
    write: Callable[..., Producer], made: list[Producer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "WATCHDOG_SECONDS", -1.0)
    monkeypatch.setattr(transaction, "PROBE_SECONDS", -1.0)
    made[0].undelivered = [1]
    with pytest.raises(FatalWorkerError, match="audit"):
        write([*OUTPUTS, ENTRY])
    assert [topic for topic, *_ in made[0].produced] == ["audit"]


def test_a_message_that_the_client_finds_too_large_undoes_the_batch(
    write: Callable[..., Producer], made: list[Producer]
) -> None:
    too_large = KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE, "too large"))
    with pytest.raises(OutputsTooLarge, match="topic a"):
        write(produce=[too_large])
    assert made[0].calls[-2] == "abort"


def test_a_message_that_the_broker_finds_too_large_undoes_the_batch(
    write: Callable[..., Producer], made: list[Producer]
) -> None:
    """The refusal of the message is reported, not the error of the commit."""
    made[0].refusals = [Refusal(KafkaError.MSG_SIZE_TOO_LARGE, "a")]
    with pytest.raises(OutputsTooLarge, match="topic a"):
        write(commit=[failure(abort=True)])
    assert made[0].calls[-2] == "abort"


@pytest.mark.parametrize("call", ["produce", "offsets", "commit"])
def test_an_abortable_error_undoes_the_batch(
    write: Callable[..., Producer], made: list[Producer], call: str
) -> None:
    with pytest.raises(TransactionAborted, match="as the test wants it"):
        write(**{call: [failure(abort=True)]})
    assert made[0].calls == [*DONE[: DONE.index(call)], call, "abort", "poll 0"]


def test_an_abort_that_may_be_tried_again_is(
    write: Callable[..., Producer], made: list[Producer]
) -> None:
    with pytest.raises(TransactionAborted):
        write(offsets=[failure(abort=True)], abort=[failure(retriable=True)])
    assert made[0].calls[-3:-1] == ["abort", "abort"]


def test_after_an_abort_the_next_batch_begins_anew(
    write: Callable[..., Producer],
) -> None:
    with pytest.raises(TransactionAborted):
        write(commit=[failure(abort=True)])
    assert write().calls == DONE


@pytest.mark.parametrize("call", ["begin", "produce", "offsets", "commit"])
@pytest.mark.parametrize(
    "error", [failure(fatal=True), failure(fatal=True, retriable=True), failure()]
)
def test_any_other_error_is_unmendable_and_aborts_nothing(
    write: Callable[..., Producer], made: list[Producer], call: str, error: KafkaException
) -> None:
    with pytest.raises(FatalWorkerError, match="_TIMED_OUT"):
        write(**{call: [error]})
    assert made[0].calls[-2] == call


@pytest.mark.parametrize("code", ["TOPIC", "GROUP", "TRANSACTIONAL_ID", "CLUSTER"])
def test_what_is_not_allowed_is_unmendable_even_where_it_could_be_aborted(
    write: Callable[..., Producer], made: list[Producer], code: str
) -> None:
    number = getattr(KafkaError, f"{code}_AUTHORIZATION_FAILED")
    refused = KafkaException(KafkaError(number, "refused", False, False, True))
    with pytest.raises(FatalWorkerError, match=f"{code}_AUTHORIZATION_FAILED"):
        write(offsets=[refused])
    assert "abort" not in made[0].calls


def test_an_abort_that_fails_is_unmendable(write: Callable[..., Producer]) -> None:
    with pytest.raises(FatalWorkerError):
        write(commit=[failure(abort=True)], abort=[failure(fatal=True)])


def test_a_full_queue_is_polled_and_the_message_produced_once(
    write: Callable[..., Producer],
) -> None:
    producer = write(produce=[BufferError(), BufferError()])
    again = ["produce", "poll 0.1", "produce", "poll 0.1", "produce"]
    assert producer.calls[5:10] == again
    assert [topic for topic, *_ in producer.produced] == ["a", "b"]


@pytest.mark.parametrize("error", [failure(fatal=True), failure(abort=True), failure()])
def test_a_transactor_that_cannot_take_its_place_is_unmendable(
    monkeypatch: pytest.MonkeyPatch, error: KafkaException
) -> None:
    def make(config: dict[str, Any]) -> Producer:
        producer = Producer(config)
        producer.failures = {"init": [error]}
        return producer

    monkeypatch.setattr(transaction, "Producer", make)
    with pytest.raises(FatalWorkerError):
        Transactor({"transactional.id": "t"}, "audit")


def _run(block: str) -> subprocess.CompletedProcess[str]:
    code = f"import time\nfrom transport.transaction import watchdog\n{block}\nprint('went on')"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


def test_the_watchdog_ends_a_process_that_hangs_and_says_where() -> None:
    ended = _run("with watchdog(1.0):\n    time.sleep(60)")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "Timeout (0:00:01)" in ended.stderr
    assert 'File "<string>", line 4' in ended.stderr


def test_the_watchdog_lets_a_process_go_on_that_is_in_time() -> None:
    ended = _run(
        "with watchdog(0.3):\n    pass\ntry:\n    with watchdog(0.3):\n        raise KeyError\n"
        "except KeyError:\n    pass\ntime.sleep(0.6)"
    )
    assert (ended.returncode, ended.stdout) == (0, "went on\n")
