"""A release schema has no field that its profile drops."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.catalogue import Catalogue, load_catalogue
from schemas.derive import geocoding_field_name, intake_schema, release_schema, utc_field_name
from schemas.record_type import DEPERSONALISED_PROFILES, PERSONAL

TYPES = tuple(load_catalogue())
every_dataset = pytest.mark.parametrize("dataset", [r.dataset for r in TYPES])
every_release = pytest.mark.parametrize(
    ("dataset", "profile"), [(r.dataset, p) for r in TYPES for p in r.profiles]
)
every_depersonalised_release = pytest.mark.parametrize(
    ("dataset", "profile"),
    [(r.dataset, p) for r in TYPES for p in r.profiles if p in DEPERSONALISED_PROFILES],
)
IDENTIFYING = ("name", "telephone", "narrative", "uprn", "nhs_number", "mark", "date_of_birth",
               "longitude", "latitude", "record_reference", "prison_number", "pupil_number")  # fmt: skip


def released_fields(catalogue: Catalogue, dataset: str, profile: str) -> dict[str, Any]:
    schema = release_schema(catalogue.record_type(dataset), profile)
    return {field["name"]: field["type"] for field in schema["fields"]}


@every_release
def test_nothing_that_a_profile_drops_stands_in_its_schema(
    catalogue: Catalogue, dataset: str, profile: str
) -> None:
    fields = catalogue.record_type(dataset).fields
    dropped = {f.name for f in fields if f.treatments[profile].action == "drop"}
    assert not set(released_fields(catalogue, dataset, profile)) & dropped


@every_depersonalised_release
def test_no_identifier_stands_in_a_depersonalised_schema(
    catalogue: Catalogue, dataset: str, profile: str
) -> None:
    released = set(released_fields(catalogue, dataset, profile)) - {"school_name"}
    assert [name for name in released if name.endswith(IDENTIFYING)] == []


@every_depersonalised_release
def test_no_free_text_stands_in_a_depersonalised_schema(
    catalogue: Catalogue, dataset: str, profile: str
) -> None:
    for field in catalogue.record_type(dataset).released(profile):
        if field.kind == "text":
            assert field.treatments[profile].action != "keep"


@pytest.mark.parametrize("dataset", [r.dataset for r in TYPES if "second" in r.profiles])
def test_the_second_profile_holds_no_field_that_the_central_one_lacks(
    catalogue: Catalogue, dataset: str
) -> None:
    central, second = (
        set(released_fields(catalogue, dataset, profile)) for profile in DEPERSONALISED_PROFILES
    )
    assert second <= central


@pytest.mark.parametrize("dataset", [r.dataset for r in TYPES if "second" in r.profiles])
def test_the_second_profile_has_ages_in_bands_and_ethnicity_in_broad_groups(
    catalogue: Catalogue, dataset: str
) -> None:
    for field in catalogue.record_type(dataset).released("second"):
        assert field.treatments["second"].action != "age"
        assert field.treatments["second"].code_list not in {"ethnicity", "officer-ethnicity"} or (
            field.treatments["second"].action == "group"
        )
        assert field.treatments["second"].code_list not in {"occupation", "association"}


def test_the_second_profile_has_no_offender_victim_or_health_file(catalogue: Catalogue) -> None:
    given = {r.dataset for r in catalogue if "second" in r.profiles}
    assert given == {
        "police-crime-offence", "police-incident", "council-asb", "fire-incident", "btp-crime",
        "transport-rail-incident", "transport-bus-incident", "police-stop-search",
    }  # fmt: skip


@every_release
def test_an_instant_in_utc_is_released_only_beside_a_time_to_the_minute(
    catalogue: Catalogue, dataset: str, profile: str
) -> None:
    record_type = catalogue.record_type(dataset)
    names = released_fields(catalogue, dataset, profile)
    for event in record_type.events:
        if event.time is not None:
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


@every_depersonalised_release
def test_coordinates_are_released_in_whole_metres_beside_their_district(
    catalogue: Catalogue, dataset: str, profile: str
) -> None:
    fields = released_fields(catalogue, dataset, profile)
    for name, kind in fields.items():
        if name.endswith(("_easting", "_northing")):
            assert kind == ["null", "int"]
    districts = {name.removesuffix("district") for name in fields if name.endswith("_district")}
    assert districts == set(catalogue.record_type(dataset).released_places(profile))


@pytest.mark.parametrize("dataset", [r.dataset for r in TYPES if PERSONAL in r.profiles])
def test_a_personal_release_keeps_the_guidance_s_fields_and_says_how_it_was_located(
    catalogue: Catalogue, dataset: str
) -> None:
    record_type = catalogue.record_type(dataset)
    fields = released_fields(catalogue, dataset, PERSONAL)
    assert {f.name for f in record_type.fields if not f.marked} <= set(fields)
    assert {geocoding_field_name(prefix) for prefix in record_type.places} <= set(fields)


def test_a_place_that_a_profile_drops_leaves_no_district(catalogue: Catalogue) -> None:
    assert "keeper_district" in released_fields(catalogue, "council-asb", "central")
    assert "keeper_district" not in released_fields(catalogue, "council-asb", "second")
