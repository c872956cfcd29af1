"""Write a few messages and see each of them kept by the broker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from transport.messages import MARKING_HEADER, Headers

_SECONDS = 15.0
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
