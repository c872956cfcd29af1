"""Registers the schemas of the protocol's topics; a schema that breaks its readers is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Schema,
    SchemaRegistryClient,
    SchemaRegistryError,
    ServerConfig,
)

from ops.isp.changes import ApplyError, Change
from schemas.derive import AvroSchema
from schemas.topics import Topic

COMPATIBILITY = ConfigCompatibilityLevel.FULL_TRANSITIVE
"""Every version reads every other, so neither supplier nor recipient has to follow first."""

_NOT_FOUND = 404
_CONFLICT = 409


class IncompatibleSchemaError(ApplyError):
    """The registry holds a version of the subject that the new schema could not be read with."""


@dataclass(frozen=True, slots=True)
class Registration:
    """The registry's id of each subject and what had to be registered for it."""

    ids: Mapping[str, int]
    change: Change


def register_schemas(registry_url: str, topics: Sequence[Topic]) -> Registration:
    """Set the compatibility rule, then register the schema of each topic's values.

    `registry_url` is the base of the Confluent-compatible interface, ending in ``/apis/ccompat/v7``.

    Raises:
        IncompatibleSchemaError: names the subject and the registry's reason.
        ApplyError: the registry cannot be reached or refused the request.
    """
    with SchemaRegistryClient({"url": registry_url}) as client:
        present = registered_ids(client, topics)
        rule = _require_compatibility(client)
        ids = {topic.subject: _register(client, topic) for topic in topics}
    new = {subject for subject, registered in ids.items() if present.get(subject) != registered}
    change = Change(
        created=tuple(sorted(new - present.keys())),
        changed=(*rule, *sorted(new & present.keys())),
        left=len(ids) - len(new),
    )
    return Registration(ids, change)


def registered_ids(client: SchemaRegistryClient, topics: Sequence[Topic]) -> dict[str, int]:
    """By subject, the id of the newest schema of each topic that has one registered."""
    newest = {topic.subject: _newest(client, topic.subject) for topic in topics}
    return {subject: known for subject, known in newest.items() if known is not None}


def avro(schema: AvroSchema) -> Schema:
    """The registry's form of an Avro schema, the same text for the same declaration."""
    return Schema(json.dumps(schema, separators=(",", ":")), "AVRO")


def _newest(client: SchemaRegistryClient, subject: str) -> int | None:
    try:
        return client.get_latest_version(subject).schema_id
    except SchemaRegistryError as error:
        if error.http_status_code == _NOT_FOUND:
            return None
        raise _refusal(f"look up the schema of subject {subject}", error) from error
    except OSError as error:
        raise ApplyError(f"{error}") from error


def _require_compatibility(client: SchemaRegistryClient) -> tuple[str, ...]:
    doing = f"set the registry's compatibility rule to {COMPATIBILITY.value}"
    if _asked(doing, client.get_compatibility) == COMPATIBILITY.value:
        return ()
    _asked(doing, lambda: client.set_config(config=ServerConfig(compatibility_level=COMPATIBILITY)))
    return ("compatibility rule",)


