"""Write a few messages and see each of them kept by the broker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from transport.messages import MARKING_HEADER, Headers
from transport.refusals import Kind, NoAnswer, Refusal, refusal_of

_SECONDS = 15.0
_TRIAL_SECONDS = 5.0
_TRIAL_TIMEOUT_MS = 3_000
_SILENT = "no answer from the broker"

Keyed = tuple[str | bytes, bytes]
"""A message's key and its value."""


class SendError(RuntimeError):
    """The broker did not keep a message; its text is the topic with Kafka's name of why."""


def send(settings: Mapping[str, Any], topic: str, marking: str, messages: Iterable[Keyed]) -> None:
    """Write messages to a topic, each with its marking, by a producer of these settings.

    Raises:
        SendError: the broker refused one, or gave no answer; any of the others may be kept.
    """
    refused: list[str] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            refused.append(error.name())

    headers: Headers = [(MARKING_HEADER, marking.encode())]
    producer = Producer({**settings, "log_level": 0})
    for key, value in messages:
        producer.produce(topic, value, key, headers=headers, on_delivery=delivered)
    if producer.flush(_SECONDS) or refused:
        raise SendError(f"{topic}: {refused[0] if refused else _SILENT}")


def refusal_to_write(client: Mapping[str, Any], topic: str) -> Refusal | None:
    """Try to write an empty message to a topic; return the broker's refusal, or None where it is kept.

    Raises:
        NoAnswer: the broker neither keeps nor refuses it.
    """
    answers: list[Refusal | None] = []

    def reported(error: KafkaError) -> None:
        refusal = refusal_of(error)
        if refusal.kind is Kind.LOGIN:
            answers.append(refusal)

    def delivered(error: KafkaError | None, _message: Message) -> None:
        answers.append(None if error is None else refusal_of(error))

    settings: dict[str, Any] = {**client, "error_cb": reported}
    producer = Producer({**settings, "message.timeout.ms": _TRIAL_TIMEOUT_MS, "log_level": 0})
    try:
        producer.produce(topic, b"", on_delivery=delivered)
        producer.flush(_TRIAL_SECONDS)
    except KafkaException as error:
        answers.append(refusal_of(error.args[0]))
    if not answers:
        raise NoAnswer
    return answers[0]


class Feed:
    """Hands messages to the broker one after the other, and waits for none of them."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Make the producer; it connects with the first message."""
        self._producer = Producer(dict(settings))

    def put(self, topic: str, value: bytes) -> None:
        """Hand over one message."""
        self._producer.produce(topic, value)
        self._producer.poll(0)

    def flush(self, seconds: float) -> None:
        """Wait until the broker has answered all messages, for `seconds` at most."""
        self._producer.flush(seconds)
