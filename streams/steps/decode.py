"""Decode: turn the bytes of an intake message into a record of the declared type, or one fault."""

from __future__ import annotations

from typing import Any

from schemas.wire import DecoderFor, WireError, schema_id
from streams.steps.problems import Problem
from streams.steps.step import Step, Work

_UNREADABLE = "a record batch that a Kafka client can read, with header names in UTF-8"
_ACCEPTED = {
    "null": "a record; a null value deletes nothing in this topic",
    "oversized": "a value of at most {limit} bytes",
    "not-framed": "the Confluent wire format: a zero byte, the schema id in 4 bytes, one Avro datum",
    "unknown-schema": "the id of a schema registered for this topic",
    "foreign-schema": "the id of a schema of this record type",
    "not-decodable": "an Avro datum of the schema named",
    "trailing-bytes": "one Avro datum and nothing after it",
}


class Undecodable(ValueError):
    """Bytes that are not a record, with the fault."""

    def __init__(self, fault: Problem) -> None:
        super().__init__(fault.code)
        self.fault = fault


class Decoder(Step):
    """Decodes values of one dataset's intake topic."""

    takes = frozenset({"intake"})
    completes = frozenset({"given", "faults"})
    counts = frozenset({"received", "rejected", "faults"})

    def __init__(self, decoder_for: DecoderFor, maximum_bytes: int) -> None:
        """Take the resolver of schema ids, and the largest size of a value."""
        self._decoder_for = decoder_for
        self._maximum_bytes = maximum_bytes

    def __call__(self, work: Work, /) -> None:
        """Decode the message; set one fault if it is not a record."""
        intake = work.intake
        if intake is None:
            return
        if intake.unreadable is not None:
            work.faults = (Problem("", "unreadable", intake.unreadable, _UNREADABLE),)
            return
        try:
            work.given = self.read(intake.value)
        except Undecodable as undecodable:
            work.faults = (undecodable.fault,)

    def read(self, value: bytes | None) -> dict[str, Any]:
        """Return the record; raise `Undecodable` with the reason and the values accepted."""
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
