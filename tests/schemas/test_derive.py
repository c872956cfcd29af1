"""Schemas derived from the declarations let nothing out that a profile drops."""

from __future__ import annotations

import pytest

from schemas.catalogue import Catalogue, load_catalogue
from schemas.derive import intake_schema, release_schema, utc_field_name
from schemas.record_type import PROFILES

DATASETS = tuple(load_catalogue().record_types)
every_dataset = pytest.mark.parametrize("dataset", DATASETS)
every_profile = pytest.mark.parametrize("profile", PROFILES)
IDENTIFIERS = {
    "caller_name", "caller_telephone", "narrative", "location_uprn", "vehicle_registration_mark",
    "location_longitude", "location_latitude",
}  # fmt: skip


@every_dataset
@every_profile
def test_nothing_that_a_profile_drops_stands_in_its_schema(
    catalogue: Catalogue, dataset: str, profile: str
) -> None:
    record_type = catalogue.record_type(dataset)
    released = {field["name"] for field in release_schema(record_type, profile)["fields"]}
    dropped = {f.name for f in record_type.fields if f.treatments[profile].action == "drop"}
    assert not released & (dropped | IDENTIFIERS)


@every_dataset
def test_the_second_profile_holds_no_field_that_the_central_one_lacks(
    catalogue: Catalogue, dataset: str
) -> None:
    record_type = catalogue.record_type(dataset)
    central, second = (
        {field["name"] for field in release_schema(record_type, profile)["fields"]}
        for profile in PROFILES
    )
    assert second <= central


@every_dataset
def test_an_instant_in_utc_is_released_only_beside_a_time_to_the_minute(
    catalogue: Catalogue, dataset: str
) -> None:
    record_type = catalogue.record_type(dataset)
    for event in record_type.events:
        assert event.time is not None
        for profile in PROFILES:
            names = {f["name"] for f in release_schema(record_type, profile)["fields"]}
            exact = record_type.field(event.time).treatments[profile].action == "keep"
            assert (utc_field_name(event.time) in names) is exact


@every_dataset
def test_intake_takes_every_declared_field_empty_or_as_text(
    catalogue: Catalogue, dataset: str
) -> None:
    record_type = catalogue.record_type(dataset)
    fields = intake_schema(record_type)["fields"]
    assert [f["name"] for f in fields] == [f.name for f in record_type.fields]
    for field in fields:
        assert field["type"][0] == "null"
        assert "string" in field["type"]
        assert field["default"] is None


@every_dataset
@every_profile
def test_coordinates_are_released_in_whole_metres(
    catalogue: Catalogue, dataset: str, profile: str
) -> None:
    fields = {
        f["name"]: f for f in release_schema(catalogue.record_type(dataset), profile)["fields"]
    }
    assert (
        fields["location_easting"]["type"] == fields["location_northing"]["type"] == ["null", "int"]
    )
