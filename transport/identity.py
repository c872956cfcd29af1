"""Asks the broker for its identity: the id of the cluster, and those of topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

_CALL_SECONDS = 10.0


def identify(connection: Mapping[str, Any], topics: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    """Return the cluster and the topics' ids.

    Raises:
        KafkaException: the broker does not answer, or refuses a topic, which the message names.
    """
    admin = AdminClient(dict(connection))
    cluster = admin.describe_cluster(request_timeout=_CALL_SECONDS).result()
    asked = admin.describe_topics(TopicCollection(list(topics)), request_timeout=_CALL_SECONDS)
    ids = {topic: _id_of(topic, answer) for topic, answer in asked.items()}
    return str(cluster.cluster_id), ids


def _id_of(topic: str, answer: Any) -> str:
    try:
        return str(answer.result().topic_id)
    except KafkaException as error:
        cause = error.args[0]
        reason = f"{cause.str()} (topic {topic})"
        named = KafkaError(cause.code(), reason, cause.fatal(), cause.retriable())
        raise KafkaException(named) from error
