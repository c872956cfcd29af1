"""Converts messages of the Kafka client into the intakes that processors take."""

from __future__ import annotations

from collections.abc import Iterable
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


HEADER_NAME = "a header name is not UTF-8"
"""Reason why a message is unreadable although the client could read its batch."""


def intake_of(message: Any) -> Intake:
    """Return a message as an intake; an unreadable one without content if a header name is not UTF-8.

    Without its headers nothing shows whether the supplier erases the record, so it must not be released.
    """
    try:
        headers = _first_of_each_name(message.headers() or ())
    except UnicodeDecodeError:
        return _unreadable(message, HEADER_NAME)
    return Intake(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        supply_of(headers.get(SUPPLY_HEADER)),
        message.timestamp()[1],
        # A null value erases too: a record that its supplier withdraws must never be released.
        ERASE_HEADER in headers,
        row=headers.get(ROW_HEADER),
    )


def unreadable_of(message: Message) -> Intake | None:
    """Return an intake for an offset whose bytes the client cannot read; None for any other error."""
    error, offset = message.error(), message.offset()
    if error is None or error.code() not in UNREADABLE or offset is None or offset < 0:
        return None
    return _unreadable(message, error.name())


def place_of(message: Message) -> tuple[str, int]:
    """Return the topic and the partition of a message."""
    return str(message.topic()), message.partition() or 0


def _unreadable(message: Any, reason: str) -> Intake:
    topic, partition = place_of(message)
    return Intake(topic, partition, message.offset(), None, None, None, 0, unreadable=reason)


def _first_of_each_name(headers: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(list(headers)))
