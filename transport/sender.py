"""Producers for a few messages, without a transaction."""

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

Keyed = tuple[str | bytes, bytes | None]
"""A message's key and its value; a message without a value deletes the earlier ones with its key."""


class SendError(RuntimeError):
    """The broker did not accept a message. The text holds the topic and the name of Kafka's error."""


def send(settings: Mapping[str, Any], topic: str, marking: str, messages: Iterable[Keyed]) -> None:
    """Write messages to a topic, each with the marking as a header, and wait for the acknowledgements.

    `settings` are those of the producer.

    Raises:
        SendError: the broker refused a message, or did not answer. Other messages may have been written.
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
    """Write an empty message to a topic; return the broker's refusal, or None if the broker accepted it.

    Raises:
        NoAnswer: the broker did not answer in time.
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
    """A producer that sends messages one by one and does not wait for their acknowledgement."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Create the producer; it connects with the first message."""
        self._producer = Producer(dict(settings))

    def put(self, topic: str, value: bytes) -> None:
        """Send one message."""
        self._producer.produce(topic, value)
        self._producer.poll(0)

    def flush(self, seconds: float) -> None:
        """Wait until the broker has answered all messages, at most `seconds`."""
        self._producer.flush(seconds)
