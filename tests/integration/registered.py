"""The registry's own answers about the protocol's schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from confluent_kafka.schema_registry import SchemaRegistryClient, SchemaRegistryError

from isp.agreement.topics import Topic
from isp.broker.registration import avro


def registered_ids(registry: Mapping[str, str], topics: Iterable[Topic]) -> dict[str, int]:
    """By subject, the id of each topic's schema where it is registered."""
    with SchemaRegistryClient(dict(registry)) as client:
        found = {topic.subject: _look_up(client, topic) for topic in topics}
    return {subject: known for subject, known in found.items() if known is not None}


def _look_up(client: SchemaRegistryClient, topic: Topic) -> int | None:
    try:
        return client.lookup_schema(topic.subject, avro(topic.schema)).schema_id
    except SchemaRegistryError as error:
        if error.http_status_code == HTTPStatus.NOT_FOUND:
            return None
        raise
