"""Each message is acknowledged by the broker, or the sender learns the reason why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError

from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Topic, topics
from schemas.catalogue import load_catalogue
from tests.protocols import FIRST
from transport import sender
from transport.sender import SendError, send

Delivered = Callable[[KafkaError | None, Any], None]


@pytest.fixture
def topic() -> Topic:
    catalogue = load_catalogue()
    return topics(load_protocol(FIRST, catalogue), catalogue)[0]


def broker(monkeypatch: pytest.MonkeyPatch, error: KafkaError | None, unanswered: int = 0) -> None:
    """Answer each message with the error, or leave some without an answer."""

    class Producer:
        def __init__(self, settings: dict[str, Any]) -> None:
            self.answers: list[Delivered] = []

        def produce(self, *_: Any, on_delivery: Delivered, **__: Any) -> None:
            self.answers.append(on_delivery)

        def flush(self, _seconds: float) -> int:
            for answer in self.answers[unanswered:]:
                answer(error, None)
            return unanswered

    monkeypatch.setattr(sender, "Producer", Producer)


def test_what_the_broker_keeps_is_sent(monkeypatch: pytest.MonkeyPatch, topic: Topic) -> None:
    broker(monkeypatch, None)
    send({}, topic.name, topic.marking, [(b"a", b"1"), (b"b", b"2")])


def test_a_refusal_is_told_with_the_topic_and_kafka_s_name(
    monkeypatch: pytest.MonkeyPatch, topic: Topic
) -> None:
    broker(monkeypatch, KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
    with pytest.raises(SendError, match=f"^{topic.name}: TOPIC_AUTHORIZATION_FAILED$"):
        send({}, topic.name, topic.marking, [(b"a", b"1")])


def test_one_message_without_an_answer_is_an_error(
    monkeypatch: pytest.MonkeyPatch, topic: Topic
) -> None:
    broker(monkeypatch, None, unanswered=1)
    with pytest.raises(SendError, match="no answer from the broker"):
        send({}, topic.name, topic.marking, [(b"a", b"1"), (b"b", b"2")])
