"""Schemas derived from a record type: its intake schema, and the release schema of each profile."""

from __future__ import annotations

from typing import Any

from schemas.people import coarser_fields
from schemas.record_type import PERSONAL, Field, RecordType
from schemas.scrubbed import scrubbable, scrubbed_name

AvroSchema = dict[str, Any]

_AVRO: dict[str, Any] = {
    "text": "string",
    "flag": "boolean",
    "count": "int",
    "number": "double",
    "date": {"type": "int", "logicalType": "date"},
    "time": {"type": "int", "logicalType": "time-millis"},
}
_UTC = {"type": "long", "logicalType": "timestamp-millis"}


def intake_schema(record_type: RecordType) -> AvroSchema:
    """Return the schema that agencies write: each field has its declared type, or is the text as given.

    The text branch lets a supplier send the value that it has. Only the pipeline parses the text, and it
    rejects a record with a wrong value with the reason.
    """
    return {
        "type": "record",
        "name": record_type.name,
        "doc": record_type.doc,
        "fields": [_intake_field(f) for f in record_type.fields],
    }


def release_schema(record_type: RecordType, profile: str) -> AvroSchema:
    """Return the schema of a release in `profile`; it has no field that the profile drops."""
    of_place = _geocoding_field if profile == PERSONAL else _district_field
    fields = [
        {"name": "record_id", "type": "string", "doc": "Keyed digest that names the record here"},
        {"name": "source_agency", "type": "string", "doc": "Agency that supplied the record"},
        *(_released_field(f, profile) for f in record_type.released(profile)),
        *(of_place(prefix) for prefix in record_type.released_places(profile)),
        *(
            _coarser_field(name, field)
            for name, field in coarser_fields(record_type, profile)
            if profile != PERSONAL
        ),
        *(_scrubbed_field(f) for f in scrubbable(record_type, profile)),
        *(
            _utc_field(e.time)
            for e in record_type.events
            if _has_exact_time(record_type, e.time, profile)
        ),
        {
            "name": "caveats",
            "type": {"type": "array", "items": "string"},
            "default": [],
            "doc": "Datafields that were corrected or left out, with the reason",
        },
    ]
    form = PERSONAL if profile == PERSONAL else "depersonalised"
    return {
        "type": "record",
        "name": f"ipu.{form}.{record_type.name.rpartition('.')[2]}{profile.capitalize()}",
        "doc": f"{record_type.title} (guidance {record_type.guidance}), {form}, "
        f"release profile {profile}",
        "fields": fields,
    }


def utc_field_name(time_field: str) -> str:
    """Return the name of the field with the UTC instant of a local time: incident_time → incident_utc."""
    return f"{time_field.removesuffix('_time')}_utc"


def geocoding_field_name(prefix: str) -> str:
    """Return the name of the field with the geocoding method of a place: home_ → home_geocoding."""
    return f"{prefix}geocoding"


def _has_exact_time(record_type: RecordType, time: str | None, profile: str) -> bool:
    return time is not None and record_type.field(time).treatments[profile].action == "keep"


def _intake_field(field: Field) -> dict[str, Any]:
    # The text branch is first: a writer that tries branches in order must not write a text as a date.
    branches = ["null", "string", *([_AVRO[field.kind]] if field.kind != "text" else [])]
    return {"name": field.name, "type": branches, "default": None, "doc": field.doc}


def _released_field(field: Field, profile: str) -> dict[str, Any]:
    return {
        "name": field.name,
        "type": ["null", _released_type(field, profile)],
        "default": None,
        "doc": field.doc,
    }


def _released_type(field: Field, profile: str) -> Any:
    match field.treatments[profile].action:
        case "easting" | "northing":
            return "int"
        case "coded-text":
            return {"type": "array", "items": "string"}
        case "reference" | "address" | "postcode" | "code" | "group" | "band" | "premises":
            return "string"
    return _AVRO[field.kind]


def _district_field(prefix: str) -> dict[str, Any]:
    return {
        "name": f"{prefix}district",
        "type": ["null", "string"],
        "default": None,
        "doc": "Local authority district (GSS code) of the released place",
    }


def _coarser_field(name: str, field: Field) -> dict[str, Any]:
    return {
        "name": name,
        "type": ["null", "string"],
        "default": None,
        "doc": f"Stands in for {field.name} where it would single somebody out",
    }


def _scrubbed_field(field: Field) -> dict[str, Any]:
    return {
        "name": scrubbed_name(field),
        "type": ["null", "string"],
        "default": None,
        "doc": f"{field.doc}, scrubbed; null unless the protocol allows it",
    }


def _geocoding_field(prefix: str) -> dict[str, Any]:
    return {
        "name": geocoding_field_name(prefix),
        "type": ["null", "string"],
        "default": None,
        "doc": "How the coordinates were found: coordinates (as supplied), wgs84-coordinates, postcode",
    }


def _utc_field(time_field: str | None) -> dict[str, Any]:
    assert time_field is not None
    return {
        "name": utc_field_name(time_field),
        "type": ["null", _UTC],
        "default": None,
        "doc": f"The instant of {time_field} in UTC, where date and time are known and unambiguous",
    }
