"""Decode: every value gives a record or one fault that says what is accepted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.derive import AvroSchema
from schemas.wire import Decode, WireError, decoder, encoder
from streams.steps.decode import Decoder, Undecodable
from transport.errors import DependencyUnavailable

SCHEMA: AvroSchema = {
    "type": "record",
    "name": "ipu.Sample",
    "fields": [
        {"name": "text", "type": ["null", "string"], "default": None},
        {"name": "day", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
    ],
}
GOOD = encoder(SCHEMA, 7)({"text": "kept", "day": None})
LIMIT = 100


def resolve(schema_id: int) -> Decode:
    if schema_id != 7:
        raise WireError("unknown-schema")
    return decoder(SCHEMA)


def decode(value: bytes | None) -> dict[str, Any]:
    return Decoder(resolve, LIMIT).read(value)


def test_framed_avro_of_a_known_schema_is_a_record() -> None:
    assert decode(GOOD) == {"text": "kept", "day": None}


@pytest.mark.parametrize(
    ("value", "reason", "accepted"),
    [
        (None, "null", "a null value deletes nothing"),
        (b"", "not-framed", "Confluent wire format"),
        (b"\0\0\0\0", "not-framed", "Confluent wire format"),
        (b'{"text": 1}', "not-framed", "Confluent wire format"),
        (b"\0\0\0\0\x08" + GOOD[5:], "unknown-schema", "registered for this topic"),
        (GOOD[:5], "not-decodable", "an Avro datum"),
        (GOOD[:-3], "not-decodable", "an Avro datum"),
        (GOOD + b"\0", "trailing-bytes", "nothing after it"),
        (bytes(LIMIT + 1), "oversized", "at most 100 bytes"),
    ],
)
def test_anything_else_is_one_fault_of_the_whole_record(
    value: bytes | None, reason: str, accepted: str
) -> None:
    with pytest.raises(Undecodable) as raised:
        decode(value)
    fault = raised.value.fault
    assert (fault.field, fault.reason, fault.given) == ("", reason, None)
    assert fault.code == reason
    assert accepted in fault.accepted


def test_a_value_that_is_too_large_is_not_looked_into() -> None:
    with pytest.raises(Undecodable, match="oversized"):
        decode(GOOD + bytes(LIMIT))


def test_a_value_of_just_the_limit_is_looked_into() -> None:
    text = encoder(SCHEMA, 7)({"text": "x" * (LIMIT - 9), "day": None})
    assert len(text) == LIMIT
    assert decode(text)["text"] == "x" * (LIMIT - 9)


@given(st.binary(max_size=60))
def test_no_datum_raises_anything_but_its_fault(noise: bytes) -> None:
    for value in (noise, b"\0\0\0\0\x07" + noise):
        try:
            record = decode(value)
        except Undecodable:
            continue
        assert set(record) == {"text", "day"}


def test_a_registry_that_is_away_is_no_fault_of_the_record() -> None:
    def away(_schema_id: int) -> Decode:
        raise DependencyUnavailable("away")

    with pytest.raises(DependencyUnavailable):
        Decoder(away, LIMIT).read(GOOD)
