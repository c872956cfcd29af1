"""Registration of the schemas of the protocol's topics; an incompatible schema is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    RegisteredSchema,
    Schema,
    SchemaRegistryClient,
    SchemaRegistryError,
    ServerConfig,
)
from fastavro.schema import to_parsing_canonical_form

from isp.agreement.topics import Topic
from isp.broker.changes import Change
from isp.broker.errors import ApplyError, IncompatibleSchemaError, RegistryAwayError
from isp.broker.restored import restore
from schemas.derive import AvroSchema
from schemas.known_schemas import KnownSchemas

COMPATIBILITY = ConfigCompatibilityLevel.FULL_TRANSITIVE
"""Each version can read each other version, so supplier and recipient may upgrade in any order."""

_RULE = "compatibility rule"
_SECONDS = 15

Answer = TypeVar("Answer")
Login = Mapping[str, str]
"""Configuration of a `SchemaRegistryClient` that may write to the registry."""


@dataclass(frozen=True, slots=True)
class Registration:
    """The schema id of each subject, and the changes in the registry.

    `known` holds the partnership's schemas after the registration, `unpublished` those that were not known
    before it. `away` is True if the registry did not answer and no schema had to be registered.
    """

    ids: Mapping[str, int]
    change: Change
    known: KnownSchemas
    unpublished: Mapping[int, str]
    away: bool = False


def register_schemas(
    registry: Login, topics: Sequence[Topic], known: KnownSchemas | None = None
) -> Registration:
    """Set the compatibility rule, then register the schema of each topic's values.

    A known schema that the registry has lost is restored with its old id. If an unknown version makes a
    schema of the protocol incompatible, that version is deleted.

    Raises:
        IncompatibleSchemaError: a schema is incompatible; the text names the subject and the reason.
        RegistryAwayError: the registry cannot be reached, and the protocol needs schemas not known yet.
        ApplyError: the registry refused the request.
    """
    before = known or KnownSchemas({})
    try:
        return _registered(registry, topics, before)
    except RegistryAwayError:
        ids = _known_ids(topics, before)
        if len(ids) < len(topics):
            raise
        return Registration(ids, Change(left=len(ids)), before, {}, away=True)


def schema_changes(
    registry: Login, topics: Sequence[Topic], known: KnownSchemas | None = None
) -> Change:
    """Return the changes that `register_schemas` would make; change nothing, and check no compatibility."""
    with _client(registry) as client:
        return _changes(client, topics, known or KnownSchemas({}))


def avro(schema: AvroSchema) -> Schema:
    """Return the registry's form of an Avro schema, by which the registry finds it again."""
    return Schema(_text(schema), "AVRO")


def _registered(registry: Login, topics: Sequence[Topic], known: KnownSchemas) -> Registration:
    with _client(registry) as client:
        lost = _lost(client, known)
        if lost:
            restore(registry, lost)
        change = _changes(client, topics, known)
        if _RULE in change.changed:
            _set_compatibility(client)
        ids = {topic.subject: _register(client, topic, known) for topic in topics}
        found = {ids[topic.subject]: _text(topic.schema) for topic in topics}
        if not known.texts:
            found = _versions(client, topics) | found
    unpublished = {i: text for i, text in found.items() if known.texts.get(i) != text}
    _require_one_meaning(found, known)
    return Registration(ids, change, KnownSchemas(known.texts | unpublished), unpublished)


def _known_ids(topics: Iterable[Topic], known: KnownSchemas) -> dict[str, int]:
    ids = {}
    for topic in topics:
        try:
            ids[topic.subject] = known.id_of(topic.schema)
        except LookupError:
            continue
    return ids


def _require_one_meaning(found: Mapping[int, str], known: KnownSchemas) -> None:
    """Check that no known id belongs to another schema now: messages with this id would be misread."""
    for identifier, text in found.items():
        writer = known.writer(identifier)
        if writer is not None and _form(writer) != _form(json.loads(text)):
            raise ApplyError(
                f"the registry gives the schema id {identifier} to another schema than the one that "
                "messages name by it; restore the registry's database from its backup, or remove it"
            )


def _client(registry: Login) -> SchemaRegistryClient:
    return SchemaRegistryClient({"timeout": _SECONDS, **registry})


def _lost(client: SchemaRegistryClient, known: KnownSchemas) -> dict[int, str]:
    """Return the known schemas whose ids the registry does not have any more."""
    return {i: text for i, text in known.texts.items() if _schema(client, i) is None}


def _schema(client: SchemaRegistryClient, identifier: int) -> Schema | None:
    try:
        return _asked(f"read the schema {identifier}", lambda: client.get_schema(identifier))
    except _UnknownError:
        return None


def _versions(client: SchemaRegistryClient, topics: Iterable[Topic]) -> dict[int, str]:
    """Return each version of the topics' subjects, by id; old messages may still use it."""
    found = {}
    for subject in (topic.subject for topic in topics):
        for number in _numbers(client, subject):
            version = _version(client, subject, number)
            found[version.schema_id or 0] = str(version.schema.schema_str)
    return found


def _numbers(client: SchemaRegistryClient, subject: str) -> list[int]:
    return _asked(f"list the versions of subject {subject}", lambda: client.get_versions(subject))


def _version(client: SchemaRegistryClient, subject: str, number: int) -> RegisteredSchema:
    doing = f"read version {number} of subject {subject}"
    return _asked(doing, lambda: client.get_version(subject, number))


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


def _changes(client: SchemaRegistryClient, topics: Sequence[Topic], known: KnownSchemas) -> Change:
    ids = _registered_ids(client, topics)
    present = {
        t.subject for t in topics if known.texts.get(ids.get(t.subject, 0)) == _text(t.schema)
    }
    subjects = set(_asked("list the registry's subjects", client.get_subjects))
    new = {topic.subject for topic in topics} - present
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


def _register(client: SchemaRegistryClient, topic: Topic, known: KnownSchemas) -> int:
    doing, schema = f"register the schema of subject {topic.subject}", avro(topic.schema)
    try:
        return _asked(doing, lambda: client.register_schema(topic.subject, schema))
    except IncompatibleSchemaError:
        if not _remove_strays(client, topic.subject, known):
            raise
    return _asked(doing, lambda: client.register_schema(topic.subject, schema))


def _remove_strays(client: SchemaRegistryClient, subject: str, known: KnownSchemas) -> int:
    """Delete the versions of a subject that belong to no protocol; return how many there were."""
    strays = [
        number
        for number in _numbers(client, subject)
        if known.texts and _version(client, subject, number).schema_id not in known.texts
    ]
    for number in strays:
        _delete(client, subject, number)
    return len(strays)


def _delete(client: SchemaRegistryClient, subject: str, number: int) -> None:
    doing = f"delete version {number} of subject {subject}, which belongs to no protocol"
    _asked(doing, lambda: client.delete_version(subject, number))


def _text(schema: AvroSchema) -> str:
    return json.dumps(schema)


def _form(schema: AvroSchema) -> str:
    """Return the canonical form of a schema; the registry may write the same schema differently."""
    return to_parsing_canonical_form(schema)


def _asked(doing: str, request: Callable[[], Answer]) -> Answer:
    try:
        return request()
    except SchemaRegistryError as error:
        message = f"{doing}: {error.error_message or error.http_status_code}"
        if error.http_status_code == HTTPStatus.CONFLICT:
            raise IncompatibleSchemaError(message) from error
        if error.http_status_code == HTTPStatus.NOT_FOUND:
            raise _UnknownError(message) from error
        if error.http_status_code == HTTPStatus.UNAUTHORIZED:
            raise ApplyError(f"{doing}: the registry refuses the password") from error
        raise ApplyError(message) from error
    except Exception as error:  # the client passes on the errors of its HTTP library
        message = f"{doing}: the registry cannot be reached ({type(error).__name__}: {error})"
        raise RegistryAwayError(message) from error


class _UnknownError(ApplyError):
    """The registry does not have the subject, version or schema."""
