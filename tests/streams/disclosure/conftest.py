"""A broker for consumers that are assigned their partitions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Producer


@pytest.fixture
def broker() -> Iterator[str]:
    """The address of librdkafka's own stand-in for a broker."""
    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    (found,) = producer.list_topics(timeout=60).brokers.values()
    yield f"{found.host}:{found.port}"
    del producer
