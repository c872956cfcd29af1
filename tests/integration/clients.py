"""Answers of the broker to a real client: None, or Kafka's name of the refusal."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from tests.integration.partnership import ClientConfig
from tests.integration.waiting import PATIENCE_S, until


def write_outcomes(
    client: ClientConfig, topics: Iterable[str], value: bytes = b"trial"
) -> dict[str, str | None]:
    """Write one record to each topic and say how the broker answered."""
    outcomes: dict[str, str | None] = {}

    def delivered(error: KafkaError | None, message: Message) -> None:
        outcomes[str(message.topic())] = error.name() if error else None

    producer = Producer({**client, "message.timeout.ms": int(PATIENCE_S * 1000), "log_level": 0})
    for topic in topics:
        # With a key, which a compacted topic asks for.
        producer.produce(topic, value, b"key", partition=0, on_delivery=delivered)
    producer.flush(PATIENCE_S)
    return outcomes


def read_outcomes(client: ClientConfig, group: str, topics: Iterable[str]) -> dict[str, str | None]:
    """Read the first record of each topic, which must hold one, and say how the broker answered."""
    # A short wait: librdkafka fetches nothing new before its last fetch has been answered.
    settings = {"enable.auto.commit": False, "fetch.wait.max.ms": 20, "log_level": 0}
    consumer = Consumer({**client, **settings, "group.id": group})
    try:
        return {topic: _read_outcome(consumer, topic) for topic in topics}
    finally:
        consumer.close()


def _read_outcome(consumer: Consumer, topic: str) -> str | None:
    # Whoever may read may also describe; and librdkafka never reports the refusal of a topic that
    # it may not describe to a consumer that was assigned it, so that is asked for first.
    refusal = consumer.list_topics(topic, timeout=PATIENCE_S).topics[topic].error
    if refusal is not None:
        return str(refusal.name())
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        message = consumer.poll(0.2)
        if message is not None and message.topic() == topic:
            error = message.error()
            return error.name() if error else None
    return "no answer"


def join_outcome(client: ClientConfig, group: str, topic: str) -> str | None:
    """Subscribe within a group until a record or a refusal comes; None where one could join."""
    consumer = Consumer(
        {**client, "group.id": group, "auto.offset.reset": "earliest", "log_level": 0}
    )
    try:
        consumer.subscribe([topic])
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            message = consumer.poll(0.2)
            if message is not None:
                error = message.error()
                return error.name() if error else None
            if consumer.assignment():
                return None
        return "no answer"
    finally:
        consumer.close()


def can_log_in(client: ClientConfig) -> bool:
    """Return whether the broker accepts the login, or refuses it."""
    errors: list[int] = []
    config: dict[str, Any] = {**client, "log_level": 0}
    config["error_cb"] = lambda error: errors.append(error.code())
    admin = AdminClient(config)

    def accepted() -> bool:
        try:
            return bool(admin.list_topics(timeout=0.5).brokers)
        except KafkaException:
            admin.poll(0)
            return False

    until(lambda: accepted() or KafkaError._AUTHENTICATION in errors, PATIENCE_S, "an answer")
    return KafkaError._AUTHENTICATION not in errors
