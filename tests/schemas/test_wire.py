"""The Confluent wire format: encoding, decoding, and bytes that are not framed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.wire import (
    HEADER_BYTES,
    WireError,
    bytes_decoder,
    decoder,
    encoder,
    schema_id,
)

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Trial",
    "fields": [{"name": "text", "type": ["null", "string"], "default": None}],
}
WIDER: dict[str, Any] = {
    **SCHEMA,
    "fields": [*SCHEMA["fields"], {"name": "more", "type": ["null", "int"], "default": None}],
}


@given(st.none() | st.text(), st.integers(0, 2**31 - 1))
def test_a_record_comes_back_as_it_went_under_the_id_it_was_given(
    text: str | None, registered: int
) -> None:
    framed = encoder(SCHEMA, registered)({"text": text})
    assert framed[0] == 0
    assert schema_id(framed) == registered
    assert decoder(SCHEMA)(framed) == {"text": text}


def test_a_record_is_read_in_the_reader_s_terms() -> None:
    framed = encoder(SCHEMA, 7)({"text": "a"})
    assert decoder(SCHEMA, WIDER)(framed) == {"text": "a", "more": None}


@pytest.mark.parametrize("value", [b"", b"\x00\x00\x00", b"\x01\x00\x00\x00\x07\x00", b"{}  {}"])
def test_bytes_without_the_frame_are_named_so(value: bytes) -> None:
    with pytest.raises(WireError) as caught:
        schema_id(value)
    assert caught.value.reason == "not-framed"


def test_a_datum_cut_short_and_one_with_a_tail_are_told_apart() -> None:
    framed, decode = encoder(SCHEMA, 7)({"text": "abcdef"}), decoder(SCHEMA)
    with pytest.raises(WireError) as short:
        decode(framed[:-3])
    with pytest.raises(WireError) as long:
        decode(framed + b"x")
    assert (short.value.reason, long.value.reason) == ("not-decodable", "trailing-bytes")


@given(st.binary(max_size=40))
def test_no_bytes_make_the_decoder_raise_anything_but_a_wire_error(body: bytes) -> None:
    try:
        decoder(SCHEMA)(bytes(HEADER_BYTES) + body)
    except WireError as error:
        assert "b'" not in str(error), "a reason carries no content"


OF_BYTES: dict[str, Any] = {
    "type": "record",
    "name": "OfBytes",
    "fields": [{"name": "value", "type": "bytes"}],
}


LONG = st.binary(min_size=1, max_size=9).map(lambda value: value * 1_024)
"""Of some lengths whose number takes two bytes, and of 8,192 and more, whose number takes three."""


@given(
    st.binary() | st.binary(min_size=60, max_size=70) | st.binary(min_size=128, max_size=200) | LONG
)
def test_one_field_of_bytes_comes_back_whatever_its_length(value: bytes) -> None:
    assert bytes_decoder(OF_BYTES, "value")(encoder(OF_BYTES, 7)({"value": value})) == value


@given(
    st.binary(max_size=80) | st.builds(bytes.__add__, st.binary(max_size=3), st.just(bytes(130)))
)
def test_what_is_no_field_of_bytes_is_refused_as_by_the_decoder_of_any_record(body: bytes) -> None:
    framed = bytes(HEADER_BYTES) + body
    try:
        expected = decoder(OF_BYTES)(framed)["value"]
    except WireError as error:
        with pytest.raises(WireError, match=error.reason):
            bytes_decoder(OF_BYTES, "value")(framed)
    else:
        assert bytes_decoder(OF_BYTES, "value")(framed) == expected


@pytest.mark.parametrize("name", ["text", "value"])
def test_a_record_of_anything_else_has_no_such_decoder(name: str) -> None:
    with pytest.raises(ValueError, match="Trial"):
        bytes_decoder(SCHEMA, name)
