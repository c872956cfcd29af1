"""The registry as the connector sees it: ids of what it writes, schemas of what it reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from connectors.errors import NotAppliedError, UnavailableError
from schemas.derive import AvroSchema
from schemas.marking import unmarked
from schemas.wire import WireError, decoder, encoder, schema_id

Encode = Callable[[Any], bytes]
_NOT_FOUND = frozenset({404, 422})


class Registry:
    """Looks schemas up in a Confluent-compatible registry; registers nothing."""

    def __init__(self, url: str) -> None:
        """Address of its API, such as ``http://127.0.0.1:8080/apis/ccompat/v7``."""
        self._url = url
        self._client = SchemaRegistryClient({"url": url, "timeout": 5, "max.retries": 2})
        self._decoders: dict[int, Callable[[bytes], Any]] = {}

    def encoder(self, topic: str, schema: AvroSchema) -> Encode:
        """Encode under the id at which exactly `schema` is registered for the topic's values.

        Raises:
            NotAppliedError: another schema, or none, is registered there.
            UnavailableError: the registry does not answer.
        """
        subject = f"{topic}-value"
        asked = Schema(json.dumps(schema), "AVRO")
        try:
            registered = self._ask(lambda: self._client.get_latest_version(subject))
            if unmarked(json.loads(registered.schema.schema_str)) != unmarked(schema):
                # A connector that is behind writes under the version that it knows.
                registered = self._ask(lambda: self._client.lookup_schema(subject, asked))
        except LookupError:
            message = f"{subject}: the registry does not hold the schema of this release"
            raise NotAppliedError(f"{message}; run `ipu isp apply`") from None
        return encoder(schema, int(registered.schema_id))

    def decode(self, value: bytes, reader: AvroSchema) -> dict[str, Any]:
        """Read a framed value in terms of `reader`; `WireError` where it is none."""
        identifier = schema_id(value)
        if identifier not in self._decoders:
            self._decoders[identifier] = self._decoder(identifier, reader)
        decoded: dict[str, Any] = self._decoders[identifier](value)
        return decoded

    def _decoder(self, identifier: int, reader: AvroSchema) -> Callable[[bytes], Any]:
        writer = self._writer(identifier)
        try:
            return decoder(json.loads(writer), reader)
        except (
            Exception
        ) as error:  # fastavro raises whatever a schema that is none makes it trip over
            raise WireError("unusable-schema") from error

    def _writer(self, identifier: int) -> str:
        try:
            return str(self._ask(lambda: self._client.get_schema(identifier)).schema_str)
        except LookupError:
            raise WireError("unknown-schema") from None

    def _ask(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except SchemaRegistryError as error:
            if error.http_status_code in _NOT_FOUND:
                raise LookupError from error
            message = f"the schema registry at {self._url} answered {error.http_status_code}"
            raise UnavailableError(message) from error
        except Exception as error:  # the client lets its transport's own errors through
            message = f"the schema registry at {self._url} cannot be reached"
            raise UnavailableError(f"{message} ({type(error).__name__})") from error
