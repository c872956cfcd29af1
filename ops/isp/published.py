"""Writes the partnership's schemas, by their ids, to the topic from which everybody reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from ops.isp.errors import ApplyError
from ops.isp.registry import Registration
from schemas.catalogue import Catalogue
from schemas.protocol import Protocol
from schemas.topics import OWN_BATCH, Names, topics
from schemas.wire import encoder
from streams.messages import MARKING_HEADER, Headers

_SECONDS = 15.0


def publish_schemas(
    admin: Mapping[str, Any],
    protocol: Protocol,
    catalogue: Catalogue,
    registration: Registration,
) -> None:
    """Write what the topic does not hold yet, as the administrator.

    Raises:
        ApplyError: the broker did not take it.
    """
    if not registration.unpublished:
        return
    name = Names(protocol.prefix).schemas
    topic = next(topic for topic in topics(protocol, catalogue) if topic.name == name)
    encode = encoder(topic.schema, registration.ids[topic.subject])
    headers: Headers = [(MARKING_HEADER, topic.marking.encode())]
    refused: list[str] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            refused.append(error.name())

    settings = {**OWN_BATCH, "acks": "all", "compression.type": "lz4", "log_level": 0}
    producer = Producer({**admin, **settings})
    for identifier, text in registration.unpublished.items():
        value = encode({"id": identifier, "schema": text})
        producer.produce(name, value, str(identifier), headers=headers, on_delivery=delivered)
    if producer.flush(_SECONDS) or refused:
        raise ApplyError(f"{name}: {refused[0] if refused else 'no answer from the broker'}")
