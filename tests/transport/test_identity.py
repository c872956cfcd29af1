"""Which changelog the broker has: the cluster's id and the topics'; a topic that it refuses is named."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from transport import identity
from transport.identity import identify


def answered(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    if isinstance(value, Exception):
        future.set_exception(value)
    else:
        future.set_result(value)
    return future


class Admin:
    """Answers for a cluster with the topics a and b, and refuses every other."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    def describe_cluster(self, request_timeout: float) -> Future[Any]:
        return answered(SimpleNamespace(cluster_id="cluster"))

    def describe_topics(self, topics: Any, request_timeout: float) -> dict[str, Future[Any]]:
        refused = KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "denied"))
        known = {"a": SimpleNamespace(topic_id="id-a"), "b": SimpleNamespace(topic_id="id-b")}
        return {topic: answered(known.get(topic, refused)) for topic in topics.topic_names}


@pytest.fixture(autouse=True)
def admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "AdminClient", Admin)


def test_the_cluster_and_each_topic_have_their_ids() -> None:
    assert identify({}, ["a", "b"]) == ("cluster", {"a": "id-a", "b": "id-b"})


def test_a_topic_that_the_broker_refuses_is_named() -> None:
    with pytest.raises(KafkaException) as raised:
        identify({}, ["a", "banes.internal.memory"])
    cause = raised.value.args[0]
    assert cause.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert cause.str() == "denied (topic banes.internal.memory)"
