"""Reading a topic to its end: the messages yielded, the end, and the effect of each error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from confluent_kafka import KafkaError

from transport import reader
from transport.reader import Away, Denied, ReadError, Unfinished, read_all, read_until
from transport.refusals import Kind

CLIENT = {"sasl.username": "banes.police"}
AWAY = KafkaError._ALL_BROKERS_DOWN


class Read(NamedTuple):
    """The client's answer to one poll: a message, the end of a partition, or an error."""

    at: int
    code: int | None = None
    on: int = 0

    def error(self) -> KafkaError | None:
        return None if self.code is None else KafkaError(self.code)

    def partition(self) -> int:
        return self.on

    def offset(self) -> int:
        return self.at

    def value(self) -> bytes:
        return b"%d" % self.at


def end(at: int, on: int = 0) -> Read:
    return Read(at, KafkaError._PARTITION_EOF, on)


class Consumer:
    """A double of the Kafka client: it gives the prepared answers, then none."""

    def __init__(self, reads: list[Read]) -> None:
        self.reads = reads
        self.closed = False

    def assign(self, places: Any) -> None:
        self.assigned = [(place.partition, place.offset) for place in places]

    def get_watermark_offsets(self, _place: Any, _seconds: float) -> tuple[int, int]:
        return 0, 0

    def poll(self, _seconds: float) -> Read | None:
        return self.reads.pop(0) if self.reads else None

    def consume(self, most: int, _seconds: float) -> list[Read]:
        taken, self.reads = self.reads[:most], self.reads[most:]
        return taken

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def gives(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Read]]:
    """Return the list of answers of the only consumer; the code under test must close the consumer."""
    made: list[Consumer] = []
    reads: list[Read] = []

    def make(settings: dict[str, Any]) -> Consumer:
        assert settings["group.id"] == "banes.police.reader"
        assert settings["isolation.level"] == "read_committed"
        made.append(Consumer(reads))
        return made[-1]

    monkeypatch.setattr(reader, "Consumer", make)
    monkeypatch.setattr(reader, "check_described", lambda *_: None)
    yield reads
    assert all(consumer.closed for consumer in made)


def values(messages: Iterator[Any]) -> list[int]:
    return [int(message.value()) for message in messages]


def test_a_topic_is_read_until_every_partition_has_met_its_end(gives: list[Read]) -> None:
    gives += [Read(0), Read(1), end(2), Read(7, on=1), end(8, on=1)]
    assert values(read_all(CLIENT, "t", 2)) == [0, 1, 7]


def test_what_came_before_a_refusal_is_yielded_and_the_refusal_is_raised(
    gives: list[Read],
) -> None:
    gives += [Read(0), Read(0, KafkaError.TOPIC_AUTHORIZATION_FAILED), Read(1)]
    found: list[int | None] = []
    with pytest.raises(Denied, match=r"^t: TOPIC_AUTHORIZATION_FAILED$") as caught:
        found.extend(message.offset() for message in read_all(CLIENT, "t", 1))
    assert found == [0]
    assert caught.value.refusal is not None
    assert caught.value.refusal.kind is Kind.DENIED


def test_a_refused_group_is_named(gives: list[Read]) -> None:
    gives.append(Read(0, KafkaError.GROUP_AUTHORIZATION_FAILED))
    with pytest.raises(ReadError, match=r"^t, as group banes\.police\.reader: GROUP_AUTHORIZATION"):
        list(read_all(CLIENT, "t", 1))


def test_a_broker_that_is_away_ends_the_reading_of_a_topic_as_it_is_now(gives: list[Read]) -> None:
    gives.append(Read(0, AWAY))
    with pytest.raises(Away):
        list(read_all(CLIENT, "t", 1))


@pytest.mark.parametrize("code", [KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC])
def test_an_unknown_topic_is_no_topic_that_is_away(gives: list[Read], code: int) -> None:
    gives.append(Read(0, code))
    with pytest.raises(ReadError) as caught:
        list(read_until(CLIENT, "t", {0: 1}, 1.0))
    assert not isinstance(caught.value, Away)
    assert caught.value.refusal is not None
    assert caught.value.refusal.kind is Kind.ABSENT


def test_reading_until_an_offset_waits_out_what_may_pass(gives: list[Read]) -> None:
    gives += [Read(0), Read(0, AWAY), Read(1)]
    assert values(read_until(CLIENT, "t", {0: 2}, 60.0)) == [0, 1]


def test_an_offset_within_what_was_aborted_is_reached_at_the_end(gives: list[Read]) -> None:
    gives += [Read(0), end(5)]
    assert values(read_until(CLIENT, "t", {0: 4}, 60.0)) == [0]


def test_nothing_is_asked_where_nothing_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "Consumer", None)
    assert list(read_until(CLIENT, "t", {0: 0, 1: 0}, 1.0)) == []


@pytest.mark.parametrize("until", [None, {0: 2}])
def test_silence_before_the_end_is_an_error_of_its_own(
    gives: list[Read], until: dict[int, int] | None
) -> None:
    gives.append(Read(0))
    reading = read_until(CLIENT, "t", until, 0.0) if until else read_all(CLIENT, "t", 1, 0.0)
    with pytest.raises(Unfinished, match=r"^t: the end of the topic was not reached in time$"):
        list(reading)
