"""The worker's view of the schema registry: ids of what it writes, decoders of what it reads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from cachetools import TTLCache
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.derive import AvroSchema
from schemas.marking import unmarked
from schemas.topics import Topic
from schemas.wire import WireError, decoder, encoder
from streams.pipeline import DependencyUnavailable
from streams.steps.decode import Decode, DecoderFor
from streams.steps.route import Encode

_NOT_FOUND = frozenset({404, 422})
_REMEMBER_UNKNOWN_SECONDS = 30.0
_SIMPLE = frozenset({"null", "boolean", "int", "long", "float", "double", "string"})


class NotApplied(RuntimeError):
    """The registry lacks a schema the protocol calls for: the protocol has not been applied."""


class Registry:
    """Reads a Confluent-compatible schema registry; registers nothing, that is the operator's act."""

    def __init__(self, url: str) -> None:
        """Address of the Confluent API, such as ``http://127.0.0.1:8080/apis/ccompat/v7``."""
        self._client = SchemaRegistryClient({"url": url, "timeout": 5, "max.retries": 2})

    def encoder(self, topic: Topic) -> Encode:
        """The encoder under the id at which the topic's schema is registered."""
        schema = Schema(json.dumps(topic.schema), "AVRO")
        try:
            registered = self._ask(lambda: self._client.lookup_schema(topic.subject, schema))
        except _Unknown:
            message = (
                f"{topic.subject}: the registry lacks the protocol's schema; run `ipu isp apply`"
            )
            raise NotApplied(message) from None
        return encoder(topic.schema, int(registered.schema_id))

    def decoder_for(self, reader: AvroSchema) -> DecoderFor:
        """Decoders by schema id, for values of the record type whose intake schema is `reader`."""
        known: dict[int, Decode] = {}
        unknown: TTLCache[int, str] = TTLCache(1_024, _REMEMBER_UNKNOWN_SECONDS, time.monotonic)

        def decoder_for(schema_id: int) -> Decode:
            found = known.get(schema_id)
            if found is None:
                if schema_id in unknown:
                    raise WireError(unknown[schema_id])
                try:
                    found = known[schema_id] = self._decoder(schema_id, reader)
                except WireError as error:
                    unknown[schema_id] = error.reason
                    raise
            return found

        return decoder_for

    def _decoder(self, schema_id: int, reader: AvroSchema) -> Decode:
        try:
            writer = json.loads(self._ask(lambda: self._client.get_schema(schema_id)).schema_str)
        except (_Unknown, TypeError, ValueError):
            raise WireError("unknown-schema") from None
        if not _is_plain(writer) or _full_name(writer) != _full_name(reader):
            raise WireError("foreign-schema")
        try:
            return decoder(writer, None if unmarked(writer) == unmarked(reader) else reader)
        except Exception as error:
            raise WireError("foreign-schema") from error

    @staticmethod
    def _ask(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except SchemaRegistryError as error:
            if error.http_status_code in _NOT_FOUND:
                raise _Unknown from error
            message = f"the schema registry answered {error.http_status_code}"
            raise DependencyUnavailable(message) from error
        except Exception as error:  # the client lets its transport's own errors through
            message = f"the schema registry cannot be reached ({type(error).__name__})"
            raise DependencyUnavailable(message) from error


class _Unknown(LookupError):
    """The registry is there and does not know it."""


def _is_plain(writer: Any) -> bool:
    """Whether a writer's schema is a flat record of simple values, as every intake schema is.

    Nested types could make a few bytes decode into more than memory and time allow.
    """
    if not isinstance(writer, dict) or writer.get("type") != "record":
        return False
    fields = writer.get("fields")
    return isinstance(fields, list) and all(_is_simple(f) for f in fields)


def _is_simple(field: Any) -> bool:
    declared = field.get("type") if isinstance(field, dict) else None
    branches = declared if isinstance(declared, list) else [declared]
    names = [b.get("type") if isinstance(b, dict) else b for b in branches]
    return all(isinstance(name, str) and name in _SIMPLE for name in names)


def _full_name(schema: dict[str, Any]) -> str:
    name, namespace = str(schema.get("name", "")), str(schema.get("namespace", ""))
    return name if "." in name or not namespace else f"{namespace}.{name}"
