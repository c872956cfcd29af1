"""The partnership's schemas as a worker uses them: encoders for its topics, decoders for intake topics."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from schemas.derive import AvroSchema
from schemas.known_schemas import UNKNOWN_SCHEMA, KnownSchemas
from schemas.marked import unmarked
from schemas.wire import Decode, DecoderFor, Encode, WireError, decoder

LOOK_AGAIN_SECONDS = 5.0
"""After an unknown schema id, no other unknown id of the same intake topic is looked up for this time."""

_SIMPLE = frozenset({"null", "boolean", "int", "long", "float", "double", "string"})


class Schemas:
    """Encoders and decoders for the known schemas. It does not use the registry."""

    def __init__(
        self,
        known: KnownSchemas,
        look_again: Callable[[], KnownSchemas] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the schemas known now, and a function that reads the schemas registered later."""
        self._known = known
        self._look_again = look_again
        self._clock = clock

    def encoder(self, topic: str, schema: AvroSchema) -> Encode:
        """Return the encoder of a topic's values. Errors as `KnownSchemas.encoder`."""
        return self._known.encoder(topic, schema)

    def decoder_for(self, reader: AvroSchema) -> DecoderFor:
        """Return a function from schema id to decoder, for one intake topic.

        `reader` is the schema of the topic's record type. If it is nested, nobody but the processor may write
        to the topic, and the writers' schemas may be nested, too.

        An unknown id is looked up at the broker at once. After a lookup that failed, the topic's unknown ids
        are not looked up for `LOOK_AGAIN_SECONDS`, because a supplier may send random ids. Other topics are
        not affected.
        """
        known: dict[int, Decode | WireError] = {}
        asked_in_vain: float | None = None

        def decoder_for(schema_id: int) -> Decode:
            nonlocal asked_in_vain
            if schema_id not in known:
                writer = self._known.writer(schema_id)
                if writer is None and self._has_passed(asked_in_vain):
                    writer = self._looked_up(schema_id)
                    asked_in_vain = None if writer is not None else self._clock()
                if writer is None:
                    raise WireError(UNKNOWN_SCHEMA)
                known[schema_id] = _decode(writer, reader)
            found = known[schema_id]
            if isinstance(found, WireError):
                raise WireError(found.reason)
            return found

        return decoder_for

    def _looked_up(self, schema_id: int) -> AvroSchema | None:
        if self._look_again is not None:
            self._known = self._look_again()
        return self._known.writer(schema_id)

    def _has_passed(self, asked_in_vain: float | None) -> bool:
        return asked_in_vain is None or self._clock() - asked_in_vain >= LOOK_AGAIN_SECONDS


def _decode(writer: AvroSchema, reader: AvroSchema) -> Decode | WireError:
    if (_is_plain(reader) and not _is_plain(writer)) or _full_name(writer) != _full_name(reader):
        return WireError("foreign-schema")
    try:
        return decoder(writer, None if unmarked(writer) == unmarked(reader) else reader)
    except Exception:  # noqa: BLE001 - fastavro raises errors of any class for a faulty schema
        return WireError("foreign-schema")


def _is_plain(writer: Any) -> bool:
    """Return True if a writer's schema is a flat record of simple values, as every intake schema is.

    With nested types a few bytes could decode into a value that exhausts memory or time.
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
