"""Registers the schemas of the protocol's topics; a schema that breaks its readers is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Schema,
    SchemaRegistryClient,
    SchemaRegistryError,
    ServerConfig,
)

from ops.isp.changes import Change
from ops.isp.errors import ApplyError, IncompatibleSchemaError
from schemas.derive import AvroSchema
from schemas.topics import Topic

COMPATIBILITY = ConfigCompatibilityLevel.FULL_TRANSITIVE
"""Every version reads every other, so neither supplier nor recipient has to follow first."""

_RULE = "compatibility rule"

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Registration:
    """The registry's id of each subject and what had to be registered for it."""

    ids: Mapping[str, int]
    change: Change


def register_schemas(registry_url: str, topics: Sequence[Topic]) -> Registration:
    """Set the compatibility rule, then register the schema of each topic's values.

    `registry_url` is the Confluent-compatible interface, ending in ``/apis/ccompat/v7``.

    Raises:
        IncompatibleSchemaError: names the subject and the registry's reason.
        ApplyError: the registry cannot be reached or refused the request.
    """
    with SchemaRegistryClient({"url": registry_url}) as client:
        change = _changes(client, topics)
        if _RULE in change.changed:
            _set_compatibility(client)
        ids = {topic.subject: _register(client, topic) for topic in topics}
    return Registration(ids, change)


def schema_changes(registry_url: str, topics: Sequence[Topic]) -> Change:
    """What `register_schemas` would do; changes nothing and does not ask whether it would be let."""
    with SchemaRegistryClient({"url": registry_url}) as client:
        return _changes(client, topics)


def registered_ids(registry_url: str, topics: Sequence[Topic]) -> dict[str, int]:
    """By subject, the id of each topic's schema where it is registered; changes nothing."""
    with SchemaRegistryClient({"url": registry_url}) as client:
        return _registered_ids(client, topics)


def avro(schema: AvroSchema) -> Schema:
    """The registry's form of an Avro schema, under which the worker looks it up again."""
    return Schema(json.dumps(schema), "AVRO")


def _registered_ids(client: SchemaRegistryClient, topics: Sequence[Topic]) -> dict[str, int]:
    found = {topic.subject: _look_up(client, topic) for topic in topics}
    return {subject: known for subject, known in found.items() if known is not None}


def _look_up(client: SchemaRegistryClient, topic: Topic) -> int | None:
    doing = f"look up the schema of subject {topic.subject}"
    try:
        found = _asked(doing, lambda: client.lookup_schema(topic.subject, avro(topic.schema)))
    except _UnknownError:
        return None
    return found.schema_id


def _changes(client: SchemaRegistryClient, topics: Sequence[Topic]) -> Change:
    present = _registered_ids(client, topics)
    subjects = set(_asked("list the registry's subjects", client.get_subjects))
    new = {topic.subject for topic in topics} - present.keys()
    rule = () if _is_compatible(client) else (_RULE,)
    return Change(
        created=tuple(sorted(new - subjects)),
        changed=(*rule, *sorted(new & subjects)),
        left=len(present),
    )


def _set_compatibility(client: SchemaRegistryClient) -> None:
    rule = ServerConfig(compatibility=COMPATIBILITY)
    doing = f"set the registry's compatibility rule to {COMPATIBILITY.value}"
    _asked(doing, lambda: client.set_config(config=rule))


def _is_compatible(client: SchemaRegistryClient) -> bool:
    doing = "read the registry's compatibility rule"
    return bool(_asked(doing, client.get_compatibility) == COMPATIBILITY.value)


def _register(client: SchemaRegistryClient, topic: Topic) -> int:
    doing = f"register the schema of subject {topic.subject}"
    return _asked(doing, lambda: client.register_schema(topic.subject, avro(topic.schema)))


def _asked(doing: str, request: Callable[[], Answer]) -> Answer:
    try:
        return request()
    except SchemaRegistryError as error:
        message = f"{doing}: {error.error_message}"
        if error.http_status_code == HTTPStatus.CONFLICT:
            raise IncompatibleSchemaError(message) from error
        if error.http_status_code == HTTPStatus.NOT_FOUND:
            raise _UnknownError(message) from error
        raise ApplyError(message) from error
    except Exception as error:  # the client lets its HTTP library's own errors through
        message = f"{doing}: the registry cannot be reached ({type(error).__name__}: {error})"
        raise ApplyError(message) from error


class _UnknownError(ApplyError):
    """The registry holds no such subject."""
