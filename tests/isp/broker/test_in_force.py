"""A running process and the protocol in force: another protocol, an unreachable broker, a denied right."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from isp.broker import in_force
from isp.broker.in_force import await_another
from schemas.catalogue import Catalogue, load_catalogue
from schemas.wire import encoder
from transport import reader
from transport.reader import Away, Denied, ReadError

CLIENT = {"sasl.username": "banes.worker"}
TRANSPORT = KafkaError(KafkaError._TRANSPORT)
TIMED_OUT = KafkaError(KafkaError._TIMED_OUT)
DENIED = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
GROUP_DENIED = KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)


class Message:
    """A message of the topic, or an error instead of one."""

    def __init__(self, value: bytes | None, error: KafkaError | None = None) -> None:
        self.key, self.value = lambda: b"in-force", lambda: value
        self.error = lambda: error
        self.partition, self.offset = lambda: 0, lambda: 1


class Broker:
    """A double of the consumer: the topic holds `standing`, and each poll gives the next of `later`."""

    def __init__(self, standing: bytes) -> None:
        self.standing = standing
        self.later: deque[Message | None] = deque()
        self.ends: deque[KafkaError] = deque()
        self.metadata: deque[KafkaError] = deque()
        self.denied: KafkaError | None = None

    def __call__(self, _settings: dict[str, Any]) -> Broker:
        return self

    def list_topics(self, topic: str, timeout: float) -> Any:
        del timeout
        if self.metadata:
            raise KafkaException(self.metadata.popleft())
        return SimpleNamespace(topics={topic: SimpleNamespace(error=self.denied)})

    def get_watermark_offsets(self, *_: Any) -> tuple[int, int]:
        if self.ends:
            raise KafkaException(self.ends.popleft())
        return 0, 1

    def consume(self, *_: Any) -> list[Message]:
        eof = KafkaError(KafkaError._PARTITION_EOF)
        return [Message(self.standing), Message(None, eof)]

    def poll(self, _seconds: float) -> Message | None:
        assert self.later, "it goes on for ever"
        return self.later.popleft()

    def assign(self, _places: Any) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue) -> Broker:
    broker = Broker(value_of(catalogue, "old"))
    monkeypatch.setattr(reader, "Consumer", broker)
    monkeypatch.setattr(in_force, "_AGAIN_SECONDS", 0.0)
    return broker


def value_of(catalogue: Catalogue, digest: str) -> bytes:
    """Return the value of the message that puts a protocol in force."""
    kept = {"digest": digest, "document": "{}", "at": 0, "signed_on": {}}
    return encoder(catalogue.system["protocol-in-force"], 1)(kept)


def test_another_protocol_is_seen(broker: Broker, catalogue: Catalogue) -> None:
    old, new = (Message(value_of(catalogue, digest)) for digest in ("old", "new"))
    broker.later.extend([None, old, new])
    await_another(CLIENT, "banes", catalogue, "old")
    assert not broker.later


def test_a_broker_that_is_away_for_a_moment_is_asked_again(
    broker: Broker, catalogue: Catalogue
) -> None:
    broker.ends.extend([TIMED_OUT, TRANSPORT])
    broker.metadata.append(TRANSPORT)
    broker.later.extend([Message(None, TRANSPORT), None, Message(value_of(catalogue, "new"))])
    await_another(CLIENT, "banes", catalogue, "old")
    assert not (broker.ends or broker.metadata or broker.later)


def test_what_was_put_in_force_while_the_broker_was_away_is_seen(
    broker: Broker, catalogue: Catalogue
) -> None:
    class Exchanged(Message):
        def __init__(self) -> None:
            super().__init__(None)
            self.error = self.exchange

        def exchange(self) -> KafkaError:
            broker.standing = value_of(catalogue, "new")
            return TRANSPORT

    broker.later.append(Exchanged())
    await_another(CLIENT, "banes", catalogue, "old")


def test_a_broker_that_stays_away_is_no_reason_to_go_on(
    broker: Broker, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_force, "_PATIENCE_SECONDS", 0.0)
    broker.ends.append(TRANSPORT)
    with pytest.raises(Away):
        await_another(CLIENT, "banes", catalogue, "old")


@pytest.mark.parametrize("error", [DENIED, GROUP_DENIED])
def test_a_right_that_is_denied_while_it_waits_ends_the_wait(
    broker: Broker, catalogue: Catalogue, error: KafkaError
) -> None:
    broker.later.append(Message(None, error))
    with pytest.raises(ReadError, match=error.name()):
        await_another(CLIENT, "banes", catalogue, "old")


def test_a_right_that_is_denied_without_a_word_ends_the_wait(
    broker: Broker, catalogue: Catalogue
) -> None:
    silence = iter([None])

    def poll(_seconds: float) -> None:
        broker.denied = DENIED
        return next(silence)

    broker.poll = poll  # type: ignore[method-assign]
    with pytest.raises(Denied):
        await_another(CLIENT, "banes", catalogue, "old")
