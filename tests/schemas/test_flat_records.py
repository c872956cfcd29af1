"""The bytes of a flat record are those of `fastavro`, which also decides what is accepted."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import load_catalogue
from schemas.derive import intake_schema, release_schema
from schemas.flat_records import flat_encoder
from schemas.wire import HEADER_BYTES, decoder, encoder

_DATE = {"type": "int", "logicalType": "date"}
_TIME = {"type": "int", "logicalType": "time-millis"}
_INSTANT = {"type": "long", "logicalType": "timestamp-millis"}
_TEXT = st.text(max_size=5) | st.text(min_size=120, max_size=300)
_VALUES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    ("string", _TEXT),
    ("boolean", st.booleans()),
    ("int", st.integers(-(2**31), 2**31 - 1)),
    ("long", st.integers(-(2**63), 2**63 - 1)),
    ("double", st.floats(allow_nan=False)),
    (_DATE, st.dates()),
    (_TIME, st.times()),
    (_INSTANT, st.integers(0, 2**42)),
    ({"type": "array", "items": "string"}, st.lists(_TEXT, max_size=3)),
]
_TYPES = [declared for declared, _ in _VALUES]
_NULLABLE = [(["null", declared], st.none() | values) for declared, values in _VALUES]
_ANYTHING = st.one_of(
    st.none(), st.sampled_from([True, 1, 1.0, -1, 2**31, 2**63, b"x", "\ud800", (), {}, ["a"], [1]]),
    *(values for _, values in _VALUES),
    st.just(datetime(2026, 3, 1, 12, tzinfo=UTC)),
)  # fmt: skip


def _schema(*types: Any) -> dict[str, Any]:
    fields = [{"name": f"f{at}", "type": declared} for at, declared in enumerate(types)]
    return {"type": "record", "name": "Flat", "fields": fields}


def _by_fastavro(schema: Any, record: Any) -> bytes | type[Exception]:
    out = io.BytesIO()
    try:
        fastavro.schemaless_writer(out, fastavro.parse_schema(schema), record)
    except Exception as error:
        return type(error)
    return out.getvalue()


@given(st.data())
def test_the_bytes_are_those_that_fastavro_writes(data: st.DataObject) -> None:
    drawn = data.draw(st.lists(st.sampled_from(_VALUES + _NULLABLE), min_size=1, max_size=6))
    schema = _schema(*(declared for declared, _ in drawn))
    record = {f"f{at}": data.draw(values) for at, (_, values) in enumerate(drawn)}
    encode = flat_encoder(schema, b"head")
    assert encode is not None
    written = _by_fastavro(schema, record)
    assert isinstance(written, bytes)
    assert encode(record) == b"head" + written


@given(st.sampled_from(_TYPES + [declared for declared, _ in _NULLABLE]), _ANYTHING)
def test_a_value_of_another_type_is_accepted_or_refused_as_fastavro_does(
    declared: Any, value: Any
) -> None:
    schema = _schema(declared)
    expected = _by_fastavro(schema, {"f0": value})
    if isinstance(expected, bytes):
        assert encoder(schema, 7)({"f0": value})[HEADER_BYTES:] == expected
    else:
        with pytest.raises(expected):
            encoder(schema, 7)({"f0": value})


def test_a_field_that_a_record_lacks_is_answered_as_fastavro_does() -> None:
    schema = _schema(["null", "string"], "int")
    schema["fields"][0]["default"] = None
    assert encoder(schema, 7)({"f1": 1})[HEADER_BYTES:] == _by_fastavro(schema, {"f1": 1})
    with pytest.raises(ValueError, match="no default for f1"):
        encoder(schema, 7)({"f0": "a"})


@pytest.mark.parametrize(
    "declared",
    [
        ["null", "string", "double"],
        ["string", "null"],
        {"type": "long", "logicalType": "date"},
        {"type": "map", "values": "long"},
        {"type": "array", "items": _schema("string")},
        _schema("string"),
        "Elsewhere",
        "float",
    ],
)
def test_another_type_is_left_to_fastavro(declared: Any) -> None:
    assert flat_encoder(_schema("string", declared), b"") is None


def test_every_release_is_flat_and_reads_back() -> None:
    for record_type in load_catalogue():
        for profile in record_type.profiles:
            schema = release_schema(record_type, profile)
            assert flat_encoder(schema, b"") is not None, (record_type.dataset, profile)
            empty = {f["name"]: _least(f["type"]) for f in schema["fields"]}
            assert decoder(schema)(encoder(schema, 7)(empty)) == empty


def test_intake_takes_each_field_as_text_too_so_it_is_not_flat() -> None:
    incident = load_catalogue().record_type("police-incident")
    assert flat_encoder(intake_schema(incident), b"") is None


def _least(declared: Any) -> Any:
    if isinstance(declared, list):
        return None
    return [] if isinstance(declared, dict) else "x"


def test_a_day_and_the_midnight_that_begins_it_are_not_confused() -> None:
    schema = _schema(_DATE)
    assert flat_encoder(schema, b"") is not None
    day = encoder(schema, 7)({"f0": date(2026, 3, 1)})
    assert encoder(schema, 7)({"f0": datetime(2026, 3, 1, tzinfo=UTC)}) == day
    assert decoder(schema)(day) == {"f0": date(2026, 3, 1)}


def test_part_of_a_millisecond_is_cut_off() -> None:
    schema = _schema(_TIME)
    assert decoder(schema)(encoder(schema, 7)({"f0": time(1, 2, 3, 4_999)})) == {
        "f0": time(1, 2, 3, 4_000)
    }


def test_equal_times_of_different_zones_are_not_confused() -> None:
    schema, zone = _schema(_TIME), timezone(timedelta(hours=1))
    for value in (time(11, tzinfo=UTC), time(12, tzinfo=zone)):
        assert encoder(schema, 7)({"f0": value})[HEADER_BYTES:] == _by_fastavro(
            schema, {"f0": value}
        )
