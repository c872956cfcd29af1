"""Writing to the audit topic: what is to be answered for is written before it is done."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.catalogue import Catalogue
from schemas.protocol import Protocol
from schemas.topics import topics
from streams.registry import Registry

_SECONDS = 15.0


class AuditError(RuntimeError):
    """An audit entry could not be written, so what it was to tell of was not done."""


def write_audit(
    client: Mapping[str, Any],
    protocol: Protocol,
    catalogue: Catalogue,
    registry_url: str,
    entry: Mapping[str, Any],
) -> None:
    """Write one entry as the principal of `client`, and see it kept by the broker.

    Raises:
        AuditError: the broker did not take it; Kafka's name says why.
    """
    (topic,) = (t for t in topics(protocol, catalogue) if t.family == "audit")
    encode = Registry(registry_url).encoder(topic)
    outcomes: list[str] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        outcomes.append(error.name() if error else "")

    settings = {"acks": "all", "message.timeout.ms": int(_SECONDS * 1000), "log_level": 0}
    producer = Producer({**client, **settings})
    try:
        entry = {"at": int(time.time() * 1000), **entry}
        producer.produce(topic.name, encode(entry), on_delivery=delivered)
        producer.flush(_SECONDS)
    except KafkaException as error:
        raise AuditError(f"{topic.name}: {error.args[0].name()}; nothing was done") from None
    if outcomes != [""]:
        reason = "".join(outcomes) or "no answer from the broker"
        raise AuditError(f"{topic.name}: {reason}; nothing was done")
