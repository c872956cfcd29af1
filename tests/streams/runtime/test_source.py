"""The source writes what is due, reads again after an abort and has the processor restore."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from confluent_kafka import TopicPartition
from prometheus_client import CollectorRegistry

from streams.messages import BatchResult, Handling, Intake
from streams.runtime.feed import Portion
from streams.runtime.metrics import StreamMetrics
from streams.runtime.processor import Processor
from streams.runtime.source import Source, SourceSettings
from tests.streams.clients import Log, Producer
from tests.streams.partnership import raw_intake
from transport import transaction
from transport.messages import Output
from transport.transaction import FatalWorkerError

TOPIC = "banes.intake.police.police-incident"
OUT = "banes.out"


def result(*texts: str, pauses: Iterable[str] = ()) -> BatchResult:
    outputs = [Output(OUT, None, text.encode(), []) for text in texts]
    return BatchResult(outputs, pauses=frozenset(pauses))


@dataclass
class Scripted(Processor):
    """Says what was asked of it; writes the values of its batch, what is due, and what it restores."""

    asked: list[str] = field(default_factory=list)
    is_due: list[str] = field(default_factory=list)
    restores: list[str] = field(default_factory=list)
    pauses: Collection[str] = ()
    name: str = "scripted"
    topics: Collection[str] = (TOPIC,)

    def process(
        self, batch: Sequence[Intake], handling: Handling = Handling.PROCESS
    ) -> BatchResult:
        self.asked.append(f"process {len(batch)} {handling.name}")
        if handling is not Handling.PROCESS:
            return result(*["x" for _ in batch])
        return result(*[(i.value or b"").decode() for i in batch], pauses=self.pauses)

    def committed(self, result: BatchResult) -> None:
        self.asked.append("committed")

    def restore(self, assignment: Collection[tuple[str, int]]) -> Iterator[BatchResult]:
        self.asked.append("restore")
        yield from map(result, self.restores)

    def due(self) -> Iterator[BatchResult]:
        while self.is_due:
            yield result(self.is_due[0])
            # Only now is it committed.
            self.asked.append(f"after {self.is_due.pop(0)}")


@dataclass
class ListFeed:
    """Gives intakes in order from what is committed."""

    intakes: list[Intake]
    at: int = 0
    done: int = 0
    is_member: bool = True
    assignments: int = 1
    is_behind: bool = False
    assignment: Collection[tuple[str, int]] = ((TOPIC, 3),)
    paused: set[str] = field(default_factory=set)
    renews: int = 0

    def begin(self) -> None:
        """Nothing to connect to."""

    def settled(self) -> bool:
        return True

    def go_on(self) -> None:
        self.is_behind = False

    def poll(self, most: int) -> Iterator[Portion]:
        if self.renews:
            self.renews -= 1
            yield self.standing
        if self.at < len(self.intakes):
            taken = self.intakes[self.at : self.at + most]
            self.at += len(taken)
            yield Portion(taken, [TopicPartition(TOPIC, 3, self.at)], "the group")

    def committed(self, portion: Portion) -> None:
        self.done = self.at

    @property
    def standing(self) -> Portion:
        return Portion((), [TopicPartition(TOPIC, 3, self.at)], "the group")

    def rewind(self) -> None:
        self.at = self.done

    def pause(self, topics: Collection[str]) -> None:
        self.paused |= set(topics)

    def lag(self) -> Mapping[tuple[Any, ...], float]:
        return {(TOPIC, 3): len(self.intakes) - self.at}

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    made = Log()
    monkeypatch.setattr(transaction, "Producer", lambda config: Producer(made, config))
    return made


def begun(processor: Processor, *values: str, most: int = 10, renews: int = 0) -> Source:
    intakes = [raw_intake(TOPIC, value.encode(), at) for at, value in enumerate(values)]
    settings = SourceSettings(
        {"transactional.id": "t"}, "banes.audit", batch_records=most, first_records=most
    )
    feed = ListFeed(intakes, renews=renews)
    source = Source(processor, feed, settings, StreamMetrics(CollectorRegistry()))
    source.begin()
    return source


def texts(log: Log) -> list[str]:
    return [value.decode() for _, _, value in log.written]


def test_each_thing_that_is_due_is_a_transaction_before_the_next_batch(log: Log) -> None:
    processor = Scripted(is_due=["due", "due too"])
    begun(processor, "a", "b").turn()
    assert texts(log) == ["due", "due too", "a", "b"]
    assert log.transactions == 3
    assert processor.asked == [
        "restore", "committed", "after due", "committed", "after due too", "process 2 PROCESS",
        "committed",
    ]  # fmt: skip


def test_what_a_processor_restores_is_written_before_anything_else(log: Log) -> None:
    begun(Scripted(restores=["restored"], is_due=["due"]), "a").turn()
    assert texts(log) == ["restored", "due", "a"]


def test_after_an_abort_the_processor_restores_and_the_batch_is_read_again(log: Log) -> None:
    log.aborts_to_come = 1
    processor = Scripted()
    source = begun(processor, "a")
    source.turn()
    source.turn()
    assert texts(log) == ["a"]
    assert processor.asked == [
        "restore", "process 1 PROCESS", "restore", "process 1 PROCESS", "committed",
    ]  # fmt: skip


def test_of_what_is_due_an_abort_undoes_one_and_the_rest_waits(log: Log) -> None:
    log.aborts_to_come = 1
    processor = Scripted(is_due=["due", "due too"])
    source = begun(processor, "a")
    source.turn()
    assert (texts(log), processor.is_due) == ([], ["due", "due too"])
    source.turn()
    assert texts(log) == ["due", "due too", "a"]


def test_what_cannot_be_restored_for_aborts_ends_the_process(log: Log) -> None:
    log.aborts_to_come = 100
    source = begun(Scripted(restores=["restored"]), "a")
    with pytest.raises(FatalWorkerError, match="in a row"):
        for _ in range(10):
            source.turn()
    assert texts(log) == []


def test_what_is_due_and_too_large_ends_the_process(log: Log) -> None:
    log.largest = 3
    source = begun(Scripted(is_due=["large"]), "a")
    with pytest.raises(FatalWorkerError, match="in a row"):
        for _ in range(10):
            source.turn()


def test_what_a_restore_writes_ends_no_row_of_aborts(log: Log) -> None:
    class Failing(Producer):
        def commit_transaction(self, timeout: float) -> None:
            self.log.aborts_to_come = int(any(value == b"a" for _, _, value in self.pending))
            super().commit_transaction(timeout)

    source = begun(Scripted(restores=["restored"]), "a")
    assert source._transactor is not None
    source._transactor._producer = cast(Any, Failing(log, {}))
    with pytest.raises(FatalWorkerError, match="in a row"):
        for _ in range(10):
            source.turn()
    assert set(texts(log)) == {"restored"}


def test_offsets_that_are_committed_anew_are_no_batch(log: Log) -> None:
    processor = Scripted()
    begun(processor, renews=1).turn()
    assert (log.committed, log.written) == ({(TOPIC, 3): 0}, [])
    assert processor.asked == ["restore"]


def test_a_message_whose_outputs_are_too_large_is_rejected_alone(log: Log) -> None:
    log.largest = 3
    processor = Scripted()
    source = begun(processor, "a", "large", "b", most=4)
    for _ in range(8):
        source.turn()
    assert sorted(texts(log)) == ["a", "b", "x"]
    assert "process 1 REJECT" in processor.asked


def test_a_topic_that_a_result_pauses_is_read_no_more(log: Log) -> None:
    source = begun(Scripted(pauses=[TOPIC]), "a")
    source.turn()
    assert isinstance(source.feed, ListFeed)
    assert source.feed.paused == {TOPIC}


def test_it_shows_the_lag_of_its_feed(log: Log) -> None:
    registry = CollectorRegistry()
    settings = SourceSettings({"transactional.id": "t"}, "banes.audit")
    intakes = [raw_intake(TOPIC, b"a", at) for at in range(3)]
    source = Source(Scripted(), ListFeed(intakes), settings, StreamMetrics(registry))
    source.begin()
    source.turn()
    labels = {"topic": TOPIC, "partition": "3"}
    assert registry.get_sample_value("ipu_consumer_lag_records", labels) == 2
