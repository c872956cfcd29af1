"""The policy of a record type and profile: what is not named for release does not come out."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.build.premises_list import PremisesList
from sanitiser.places.location import Located, Released
from sanitiser.policy import Policy
from sanitiser.references import ReferenceKey
from schemas.catalogue import load_catalogue
from schemas.declaration import parse_record_type
from schemas.derive import release_schema
from schemas.record_type import (
    DEPERSONALISED_PROFILES,
    EVENT_PLACES,
    HOME_PLACES,
    PERSONAL,
    RecordType,
)

CATALOGUE = load_catalogue()
KEY = ReferenceKey(b"k" * 32)
PLACE = Released("Acacia Avenue", "SW1A 1AA", 654_312, 123_465, "E09000033")
LOCATED = Located(PLACE, "postcode", (), (), (654_321.0, 123_456.0), "E09000033")
LOCATIONS = dict.fromkeys((*EVENT_PLACES, *HOME_PLACES), LOCATED)
RELEASES = [(r.dataset, profile) for r in CATALOGUE for profile in r.profiles]
DEPERSONALISED = [release for release in RELEASES if release[1] != PERSONAL]
MARKER = "zqxmarkerjv"


def policy(dataset: str, profile: str = "central", key: ReferenceKey = KEY) -> Policy:
    listed = PremisesList(["The Crown Inn", "Millbrook Primary School", "Oak Academy"])
    record_type, lists = CATALOGUE.record_type(dataset), CATALOGUE.code_lists
    return Policy(record_type, profile, key, lists, premises=listed)


def released(
    dataset: str, profile: str = "central", caveats: list[str] | None = None, **fields: Any
) -> dict[str, Any]:
    record_type = CATALOGUE.record_type(dataset)
    identity = dict.fromkeys(record_type.required, "C-1")
    blank: dict[str, Any] = {f.name: None for f in record_type.fields}
    blank |= {f.name: identity.get(f.name) for f in record_type.fields if f.kind == "text"}
    return policy(dataset, profile).release("police", blank | fields, LOCATIONS, caveats or [])


@pytest.mark.parametrize(("dataset", "profile"), RELEASES)
def test_a_release_has_the_fields_of_its_schema_and_no_others(dataset: str, profile: str) -> None:
    schema = release_schema(CATALOGUE.record_type(dataset), profile)
    assert set(released(dataset, profile)) == {field["name"] for field in schema["fields"]}


@given(
    marker=st.text(alphabet="qxzjv", min_size=6),
    release=st.sampled_from(DEPERSONALISED),
)
def test_no_text_field_comes_out_as_it_went_in(marker: str, release: tuple[str, str]) -> None:
    dataset, profile = release
    record_type = CATALOGUE.record_type(dataset)
    coded = {f.name for f in record_type.fields if f.treatments[profile].action == "code"}
    texts: dict[str, Any] = {
        f.name: marker for f in record_type.fields if f.kind == "text" and f.name not in coded
    }
    assert marker not in repr(released(dataset, profile, **texts))


def test_the_place_is_the_sanitised_one_whatever_the_record_says() -> None:
    out = released(
        "police-incident", location_address="5 Acacia Avenue", location_postcode="BA1 1AA",
        location_easting=1.0, location_northing=2.0,
    )  # fmt: skip
    place = [out[f"location_{part}"] for part in Released._fields]
    assert place == list(PLACE)


def test_a_field_the_record_type_does_not_declare_stays_behind() -> None:
    assert MARKER not in repr(released("police-incident", surprise=MARKER))


def test_a_free_text_becomes_the_codes_its_words_spell() -> None:
    out = released(
        "police-crime-offence",
        weapon=f"threatened with a KITCHEN knife by {MARKER}, then punched",
        property_stolen=f"{MARKER}'s laptop and wallet",
        method_of_entry="unclear",
    )
    assert out["weapon"] == ["knife", "hands"]
    assert out["property_stolen"] == ["cash", "computer"]
    assert out["method_of_entry"] == []
    assert released("police-crime-offence")["weapon"] is None


def test_the_second_profile_has_times_to_the_hour_and_no_instant() -> None:
    given_time: dict[str, Any] = {"incident_time": time(9, 59, 59, 999), "incident_utc": 1}
    assert released("police-incident", **given_time)["incident_utc"] == 1
    second = released("police-incident", "second", **given_time)
    assert second["incident_time"] == time(9, 0)
    assert "incident_utc" not in second
    assert released("police-incident", "second")["incident_time"] is None


def test_a_caveat_about_a_field_that_is_not_released_is_not_told() -> None:
    caveats = [
        "incident_time:clock-change",
        "domestic:set-from-incident_type",
        "caller_name:too-long",
    ]
    given: dict[str, Any] = {
        "incident_time": time(1, 30),
        "domestic": False,
        "caller_name": "A Name",
    }
    told = {
        profile: released("police-incident", profile, caveats, **given)["caveats"]
        for profile in DEPERSONALISED_PROFILES
    }
    assert told == {
        "central": ["incident_time:clock-change", "domestic:set-from-incident_type"],
        "second": ["incident_time:clock-change"],
    }


@pytest.mark.parametrize(("dataset", "profile"), RELEASES)
def test_no_caveat_tells_of_a_field_that_is_empty_in_the_release(
    dataset: str, profile: str
) -> None:
    record_type = CATALOGUE.record_type(dataset)
    caveats = [f"{f.name}:{reason}" for f in record_type.fields for reason in ("a", "b")]
    out = released(dataset, profile, caveats)
    about = {caveat.partition(":")[0] for caveat in out["caveats"]}
    assert about == {f.name for f in record_type.fields if out.get(f.name) not in (None, [])}


@pytest.mark.parametrize(
    ("record", "excluded"),
    [
        ({"domestic": False, "incident_type": "noise"}, False),
        ({"domestic": False, "incident_type": None}, True),
        ({"domestic": False, "incident_type": "missing-person"}, True),
        ({"domestic": True, "incident_type": "noise"}, True),
        ({"domestic": None, "incident_type": "noise"}, True),
        ({"incident_type": "noise"}, True),
        ({"domestic": False, "incident_type": "domestic-incident"}, True),
    ],
)
def test_the_second_profile_excludes_what_may_be_domestic(
    record: dict[str, Any], *, excluded: bool
) -> None:
    assert bool(policy("police-incident", "second").kept_out(record, ())) is excluded
    assert policy("police-incident", "central").kept_out(record, ()) is None


def _related(dataset: str, join: str) -> RecordType:
    """Return a further file of the same crimes, such as the offender file."""
    treatment = {"central": "reference"}
    return parse_record_type(
        {
            "namespace": "ipu", "name": "Related", "dataset": dataset, "title": "t", "doc": "d",
            "guidance": "3.2.1", "suppliers": ["police-force"], "information": "sensitive",
            "status": "core", "profiles": ["central"],
            "required": ["crime_reference"], "identity": ["crime_reference"],
            "events": [], "excluded": {},
            "fields": [
                {
                    "name": "crime_reference", "type": ["null", "string"], "doc": "Crime reference",
                    "sensitivity": "depersonalised", "treatment": treatment, "join": join,
                }
            ],
        },
        "related.avsc",
    )  # fmt: skip


def _reference(record_type: RecordType, agency: str = "police", key: ReferenceKey = KEY) -> str:
    made = Policy(record_type, "central", key, CATALOGUE.code_lists)
    blank = {f.name: None for f in record_type.fields} | {"crime_reference": "C-1"}
    value: str = made.release(agency, blank, LOCATIONS, [])["crime_reference"]
    return value


def test_references_join_the_files_of_one_profile_that_name_the_same_join() -> None:
    offences = CATALOGUE.record_type("police-crime-offence")
    assert _reference(offences) == _reference(_related("police-crime-offender", "crime"))
    assert _reference(offences) != _reference(_related("police-custody", "custody"))


def test_references_of_other_agencies_profiles_and_keys_do_not_join() -> None:
    offences = CATALOGUE.record_type("police-crime-offence")
    second = released("police-crime-offence", "second")["crime_reference"]
    other = _reference(offences, key=ReferenceKey(b"o" * 32))
    found = [_reference(offences), _reference(offences, "btp"), second, other]
    assert len(set(found)) == len(found)


def test_the_record_id_is_of_its_profile_dataset_and_agency_and_is_no_reference() -> None:
    record = {"incident_reference": "R-1"}
    ids = [
        policy("police-incident").record_id("police", record),
        policy("police-incident", "second").record_id("police", record),
        policy("fire-incident").record_id("police", record),
        policy("police-incident").record_id("btp", record),
        released("police-incident", incident_reference="R-1")["incident_reference"],
    ]
    assert len(set(ids)) == len(ids)


def test_the_record_id_is_stable_under_correction_of_all_but_the_identity() -> None:
    first = released("police-incident", incident_date=date(2024, 6, 1))
    corrected = released("police-incident", incident_date=date(2024, 6, 2), domestic=False)
    assert first["record_id"] == corrected["record_id"]
    other = released("police-incident", incident_reference="C-2")
    assert first["record_id"] != other["record_id"]


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("in-licensed-premises", "The Crown Inn"), ("outside-licensed-premises", "The Crown Inn"),
        ("at-home", None), ("street", None), ("other", None), (None, None),
    ],
)  # fmt: skip
def test_premises_are_named_only_where_the_record_says_that_they_were_licensed_ones(
    where: str | None, told: str | None
) -> None:
    out = released("hospital-assault", location_type=where, location_premises="The Crown Inn")
    assert out["location_premises"] == told


@pytest.mark.parametrize("dataset", ["police-crime-offence", "btp-crime"])
@pytest.mark.parametrize("code", ["8U", "8U/01"])
def test_coercive_control_is_domestic_whatever_the_flag_says(dataset: str, code: str) -> None:
    second = policy(dataset, "second")
    assert second.kept_out({"domestic": False, "offence_code": code}, ())
    assert second.kept_out({"domestic": False, "offence_code": "8"}, ()), "the class may be 8U"
    assert second.kept_out({"domestic": False, "offence_code": "8N"}, ()) is None


def test_records_of_one_patient_whose_dates_are_not_known_have_different_ids() -> None:
    first = released("hospital-assault", patient_reference="P-1", incident_type="assault")
    again = released("hospital-assault", patient_reference="P-1", incident_type="assault")
    other = released("hospital-assault", patient_reference="P-1", gender="female")
    assert first["record_id"] == again["record_id"] != other["record_id"]


def test_a_personal_release_is_the_record_as_supplied_with_its_own_point() -> None:
    out = released(
        "police-ppo", "personal", name="A Name", home_address="5 Acacia Avenue, SW1A 1AA",
        home_postcode="SW1A 1AA", offender_reference="O-1", occupation="Roofer",
    )  # fmt: skip
    assert (out["name"], out["occupation"], out["offender_reference"]) == (
        "A Name",
        "Roofer",
        "O-1",
    )
    assert (out["home_address"], out["home_postcode"]) == ("5 Acacia Avenue, SW1A 1AA", "SW1A 1AA")
    assert (out["home_easting"], out["home_northing"]) == (654_321.0, 123_456.0)
    assert out["home_geocoding"] == "postcode"
    assert "home_district" not in out


def test_a_personal_release_leaves_behind_what_the_guidance_does_not_ask_for() -> None:
    out = released("prison-release", "personal", prison_number="A1234BC", home_uprn="100012345678")
    assert not {"prison_number", "home_uprn", "record_reference"} & set(out)
    assert "A1234BC" not in repr(out)


def test_age_and_ethnicity_are_coarser_in_the_second_profile() -> None:
    given: dict[str, Any] = {"suspect_age": 17, "suspect_gender": "male", "suspect_ethnicity": "W1"}
    central = released("police-stop-search", "central", **given)
    second = released("police-stop-search", "second", **given)
    assert (central["suspect_age"], central["suspect_ethnicity"]) == (17, "W1")
    assert (second["suspect_age"], second["suspect_ethnicity"]) == ("10-17", "white")


def test_the_name_of_a_school_comes_out_and_no_dwelling_s_in_its_place() -> None:
    assert released("school-exclusion", school_name="Oak Academy")["school_name"] == "Oak Academy"
    assert released("school-exclusion", school_name="Rose Cottage")["school_name"] is None


@pytest.mark.parametrize(
    ("given", "central", "second"), [(1347, 1347, 1000), (95, 95, 100), (7, 7, 7), (0, 0, 0)]
)
def test_the_second_group_is_told_amounts_to_one_significant_figure(
    given: int, central: int, second: int
) -> None:
    told = [
        released("council-asb", profile, damage_value=given, domestic=False)["damage_value"]
        for profile in ("central", "second")
    ]
    assert told == [central, second]


def test_a_record_without_its_identity_keeps_its_name_as_the_person_grows_older() -> None:
    made = policy("hospital-assault")
    record = dict.fromkeys(f.name for f in CATALOGUE.record_type("hospital-assault").fields) | {
        "patient_reference": "P-1", "date_of_birth": date(1990, 9, 1),
    }  # fmt: skip
    names = {made.record_id("hospital", record | {"age": age}) for age in (33, 34)}
    assert len(names) == 1
    undated = record | {"date_of_birth": None}
    assert len({made.record_id("hospital", undated | {"age": age}) for age in (33, 34)}) == 2
