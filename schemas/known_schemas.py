"""The partnership's schemas by the ids in messages, as the broker stores them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from schemas.derive import AvroSchema
from schemas.marked import unmarked
from schemas.wire import WireError, decoder, encoder, schema_id

UNKNOWN_SCHEMA = "unknown-schema"


class NotApplied(RuntimeError):
    """A schema of the protocol is missing, because the protocol has not been applied."""


class KnownSchemas:
    """Schemas by id, with their encoders and decoders. The registry is not needed."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        """Take the JSON of each schema by its id."""
        self.texts = dict(sorted(texts.items()))
        self._schemas = {i: json.loads(text) for i, text in self.texts.items()}
        self._decoders: dict[tuple[int, str], Callable[[bytes], Any]] = {}

    @classmethod
    def of(cls, values: Iterable[bytes], schema: AvroSchema) -> KnownSchemas:
        """Read the values of the topic of schemas; `schema` is system/registered-schema.avsc."""
        decode = decoder(schema)
        return cls({each["id"]: each["schema"] for each in map(decode, values)})

    def writer(self, identifier: int) -> AvroSchema | None:
        """Return the schema with an id, or None if there is none."""
        return self._schemas.get(identifier)

    def id_of(self, schema: AvroSchema) -> int:
        """Return the newest id of a schema with the same marking, or else with any marking.

        Raises:
            LookupError: the partnership has no such schema.
        """
        same = [i for i, known in self._schemas.items() if known == schema]
        if not same:
            bare = unmarked(schema)
            same = [i for i, known in self._schemas.items() if unmarked(known) == bare]
        if not same:
            raise LookupError(schema["name"])
        return max(same)

    def encoder(self, topic: str, schema: AvroSchema) -> Callable[[Any], bytes]:
        """Return the encoder of a topic's values under the id of `schema`.

        Raises:
            NotApplied: the partnership has no such schema.
        """
        try:
            return encoder(schema, self.id_of(schema))
        except LookupError:
            message = f"{topic}: the partnership does not have the schema of this topic's values"
            raise NotApplied(f"{message}; run `ipu isp apply`") from None

    def decode(self, value: bytes, reader: AvroSchema) -> dict[str, Any]:
        """Decode a framed value into the schema `reader`.

        Raises:
            WireError: the value is not framed, its schema id is unknown, or it cannot be decoded.
        """
        identifier = schema_id(value)
        key = identifier, str(reader["name"])
        if key not in self._decoders:
            writer = self.writer(identifier)
            if writer is None:
                raise WireError(UNKNOWN_SCHEMA)
            self._decoders[key] = decoder(writer, reader)
        decoded: dict[str, Any] = self._decoders[key](value)
        return decoded
