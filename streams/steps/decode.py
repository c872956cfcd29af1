"""Decode: from the bytes of an intake message to a record of the declared type, or one fault."""

from __future__ import annotations

from typing import Any

from schemas.wire import DecoderFor, WireError, schema_id
from streams.steps.problems import Problem

"""Gives the decoder of one registered schema; raises `WireError` for an id that is not the dataset's."""

_ACCEPTED = {
    "null": "a record; a null value deletes nothing here",
    "oversized": "a value of at most {limit} bytes",
    "not-framed": "the Confluent wire format: a zero byte, the schema id in 4 bytes, one Avro datum",
    "unknown-schema": "the id of a schema registered for this topic",
    "foreign-schema": "the id of a schema of this record type",
    "not-decodable": "an Avro datum of the schema named",
    "trailing-bytes": "one Avro datum and nothing behind it",
}


class Undecodable(ValueError):
    """Bytes that are no record; carries the one fault."""

    def __init__(self, fault: Problem) -> None:
        super().__init__(fault.code)
        self.fault = fault


class Decoder:
    """Decodes values of one dataset's intake topic."""

    def __init__(self, decoder_for: DecoderFor, maximum_bytes: int) -> None:
        """Take the resolver of schema ids and the largest value that is looked at."""
        self._decoder_for = decoder_for
        self._maximum_bytes = maximum_bytes

    def __call__(self, value: bytes | None) -> dict[str, Any]:
        """The record; raise `Undecodable` with what was wrong and what is accepted."""
        if value is None:
            raise self._undecodable("null")
        if len(value) > self._maximum_bytes:
            raise self._undecodable("oversized")
        try:
            return self._decoder_for(schema_id(value))(value)
        except WireError as error:
            raise self._undecodable(error.reason) from error

    def _undecodable(self, reason: str) -> Undecodable:
        accepted = _ACCEPTED[reason].format(limit=self._maximum_bytes)
        return Undecodable(Problem("", reason, None, accepted))
