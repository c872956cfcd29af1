"""The changelog: read whole at the start, then what others write; the worker's own is kept already."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from confluent_kafka import KafkaError

from sanitiser.memory import Memory
from streams import changelog
from streams.changelog import Changelog
from streams.kafka_config import WorkerClients
from streams.transaction import Unmendable

OWN, OTHER = b"own-name", b"other---"


class Message:
    """A message of the changelog, or an event of the client."""

    def __init__(
        self, key: bytes, value: bytes | None, writer: bytes = OTHER, error: Any = None
    ) -> None:
        self.key, self.value = (lambda: key), (lambda: value)
        self.headers = lambda: [("marking", b"RESTRICTED"), ("writer", writer)]
        self.error = lambda: error


def event(code: int) -> Message:
    return Message(b"", None, error=KafkaError(code))


END = event(KafkaError._PARTITION_EOF)


class Consumer:
    """Hands out what waits, batch by batch."""

    def __init__(self, batches: Iterable[list[Message]]) -> None:
        self._batches = iter(batches)
        self.closed = False

    def assign(self, partitions: list[Any]) -> None:
        assert [p.topic for p in partitions] == ["banes.internal.memory"]

    def consume(self, _messages: int, _seconds: float) -> list[Message]:
        return next(self._batches, [])

    def close(self) -> None:
        self.closed = True


Opened = Callable[[list[list[Message]]], tuple[Changelog, Memory]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    def make(batches: list[list[Message]]) -> tuple[Changelog, Memory]:
        memory = Memory()
        monkeypatch.setattr(changelog, "Consumer", lambda _config: Consumer(batches))
        clients = WorkerClients({}, "banes.worker")

        def decode(value: bytes) -> Any:
            return {"value": value[5:]}

        return Changelog(clients, "banes.internal.memory", memory, OWN, decode), memory

    return make


def test_everything_up_to_the_end_is_restored_the_last_value_counting(opened: Opened) -> None:
    log, memory = opened([
        [Message(b"a", b"head.1"), Message(b"b", b"head.2", OWN)],
        [],
        [Message(b"a", b"head.3"), END],
    ])  # fmt: skip
    log.restore()
    assert (memory.get(b"a"), memory.get(b"b")) == (b"3", b"2")


def test_what_others_write_is_followed_and_what_is_own_is_not_read_again(opened: Opened) -> None:
    log, memory = opened([[END], [Message(b"a", b"head.1", OWN), Message(b"b", b"head.2"), END]])
    log.restore()
    memory.keep({b"a": b"newer"})
    log.follow()
    assert (memory.get(b"a"), memory.get(b"b")) == (b"newer", b"2")


def test_a_topic_that_may_not_be_read_ends_the_worker_and_is_named(opened: Opened) -> None:
    log, _ = opened([[event(KafkaError.TOPIC_AUTHORIZATION_FAILED)]])
    with pytest.raises(Unmendable, match=r"banes\.internal\.memory"):
        log.restore()


def test_a_topic_without_an_end_is_given_up(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changelog, "_PATIENCE_SECONDS", -1.0)
    log, _ = opened([])
    with pytest.raises(Unmendable, match="end"):
        log.restore()
