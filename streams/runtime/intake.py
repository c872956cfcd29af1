"""Converts messages of the Kafka client into the intakes that processors take."""

from __future__ import annotations

from typing import Any

from confluent_kafka import KafkaError, Message

from streams.messages import Intake, supply_of
from transport.messages import ERASE_HEADER, ROW_HEADER, SUPPLY_HEADER

UNREADABLE = frozenset(
    {
        KafkaError._BAD_MSG,  # noqa: SLF001 - librdkafka's name for it
        KafkaError._BAD_COMPRESSION,  # noqa: SLF001
        KafkaError._NOT_IMPLEMENTED,  # noqa: SLF001
        KafkaError.INVALID_MSG,
    }
)
"""Errors for an offset whose bytes the client cannot read. Without a seek the client would stay there."""


def intake_of(message: Any) -> Intake:
    """Return a message as an intake."""
    headers = _headers(message)
    return Intake(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        supply_of(headers.get(SUPPLY_HEADER)),
        message.timestamp()[1],
        ERASE_HEADER in headers,
        row=headers.get(ROW_HEADER),
    )


def unreadable_of(message: Message) -> Intake | None:
    """Return an intake for an offset whose bytes the client cannot read; None for any other error."""
    error, offset = message.error(), message.offset()
    if error is None or error.code() not in UNREADABLE or offset is None or offset < 0:
        return None
    topic, partition = place_of(message)
    return Intake(topic, partition, offset, None, None, None, 0, unreadable=error.name())


def place_of(message: Message) -> tuple[str, int]:
    """Return the topic and the partition of a message."""
    return str(message.topic()), message.partition() or 0


def _headers(message: Any) -> dict[str, bytes]:
    """Return the first header of each name; no headers if a name is not valid UTF-8."""
    try:
        headers = message.headers() or ()
    except UnicodeDecodeError:
        return {}
    return {name: value for name, value in reversed(headers) if value is not None}
