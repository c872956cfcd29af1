"""Asking the broker which changelog it has: its cluster, and the ids of the topics of state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient

from streams.state.origin import Origin

_CALL_SECONDS = 10.0


def identify(connection: Mapping[str, Any], topics: Sequence[str]) -> Origin:
    """Return the cluster and the topics' ids. Raise `KafkaException` if the broker does not give them."""
    admin = AdminClient(dict(connection))
    cluster = admin.describe_cluster(request_timeout=_CALL_SECONDS).result()
    described = admin.describe_topics(TopicCollection(list(topics)), request_timeout=_CALL_SECONDS)
    return Origin(
        str(cluster.cluster_id),
        {topic: str(found.result().topic_id) for topic, found in described.items()},
    )
