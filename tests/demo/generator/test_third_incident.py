"""The records of one household's third incident are what their record types and the alerts expect."""

from __future__ import annotations

from datetime import datetime

import pytest

from demo.generator.records import typed
from demo.generator.third_incident import ThirdIncident
from demo.generator.town import lay_out
from demo.generator.trouble import Row, record_type_of
from sanitiser.address.household import household
from tests.demo.generated import POSTCODES, SEED

NOW = datetime(2026, 11, 29, 0, 3)
PEOPLE = ("victim_name", "suspect_name", "child_name", "second_child_name")


@pytest.fixture(scope="module")
def incident() -> ThirdIncident:
    return ThirdIncident.of(lay_out(POSTCODES, SEED), SEED, NOW)


def rows(incident: ThirdIncident) -> list[tuple[str, Row]]:
    return [
        ("police-incident", incident.first), ("marac-referral", incident.referral),
        ("ambulance-call", incident.call), ("police-incident", incident.third),
        ("police-incident", incident.corrected),
    ]  # fmt: skip


def test_each_record_has_the_fields_of_its_type_and_every_value_can_be_read(
    incident: ThirdIncident,
) -> None:
    for dataset, row in rows(incident):
        fields = [field.name for field in record_type_of(dataset).fields]
        assert sorted(row) == sorted(fields)
        (record,) = typed([row], record_type_of(dataset))
        assert not [name for name, value in record.items() if isinstance(value, tuple)]


def test_all_events_are_at_one_home_and_of_one_victim(incident: ThirdIncident) -> None:
    first, _, call, third, _ = (row for _, row in rows(incident))
    homes = {household(r["location_address"], r["location_postcode"]) for r in (first, call, third)}
    assert len(homes - {None}) == 1
    assert household(call["home_address"], call["home_postcode"]) in homes
    assert {first["victim_name"], call["name"], third["victim_name"]} == {
        incident.referral["victim_name"]
    }


def test_the_third_incident_is_before_now_also_just_after_midnight(
    incident: ThirdIncident,
) -> None:
    third = incident.third
    assert (third["incident_date"], third["incident_time"]) == ("2026-11-28", "23:56")


def test_the_correction_is_of_the_same_record_and_has_no_people(incident: ThirdIncident) -> None:
    corrected = incident.corrected
    assert corrected["incident_reference"] == incident.third["incident_reference"]
    assert corrected["domestic"] == "false"
    assert not any(corrected[name] for name in PEOPLE)


def test_what_no_depersonalised_alert_may_have_includes_people_home_and_earlier_days(
    incident: ThirdIncident,
) -> None:
    third = incident.third
    words = " ".join(incident.private)
    for name in PEOPLE:
        assert all(word in incident.private for word in third[name].split())
    assert third["location_postcode"] in incident.private
    assert incident.first["incident_date"] in words
    assert incident.call["incident_date"] in words
