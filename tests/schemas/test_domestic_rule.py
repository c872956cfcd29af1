"""The annotation of domestic records is closed by default, and applies to the records that it says."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import SCHEMA_FOLDER, Catalogue, load_catalogue
from schemas.declaration import parse_record_type
from schemas.domestic_rule import CONTACT_PARTS, RISK_PARTS, ROLES
from schemas.record_type import PERSONAL, DomesticRule, SchemaError

Declared = dict[str, Any]
Spoil = Callable[[Declared], object]
CATALOGUE = load_catalogue()
RULES = {r.dataset: r.domestic for r in CATALOGUE if r.domestic}
every_dataset = pytest.mark.parametrize("dataset", RULES)


def declaration(dataset: str) -> Declared:
    path = SCHEMA_FOLDER / "avro" / f"{dataset}.avsc"
    return dict(json.loads(path.read_text(encoding="utf-8")))


SPOILED: dict[str, tuple[str, Spoil, str, str]] = {
    "an unknown name": (
        "police-incident", lambda d: d.update(weapons="weapon_used"), "'weapons'", "'weapon'",
    ),
    "not a map": ("police-incident", lambda d: d.clear(), "{}", "'kind'"),
    "an unknown kind": ("police-incident", lambda d: d.update(kind="call"), "'call'", "'referral'"),
    "an event of an unknown type": (
        "police-incident", lambda d: d.update(type="row"), "'row'", "'domestic-crime'",
    ),
    "an event without a type": (
        "police-incident", lambda d: d.pop("type"), "type is ''", "'assault-at-home'",
    ),
    "a part with a type": (
        "police-crime-victim", lambda d: d.update(type="domestic-crime"), "'domestic-crime'", "''",
    ),
    "an event without conditions": ("fire-incident", lambda d: d.pop("when"), "when is ()", "conditions"),
    "a condition without a name": (
        "fire-incident", lambda d: d.update(when=[{}]), "when is {}", "'same_place'",
    ),
    "a condition with an unknown name": (
        "fire-incident", lambda d: d["when"][0].update(unless="domestic"), "'unless'", "'codes'",
    ),
    "a condition on a flag that is none": (
        "fire-incident", lambda d: d["when"][0].update(flag="incident_type"), "'incident_type'", "'domestic'",
    ),
    "codes of a field without codes": (
        "fire-incident", lambda d: d["when"][0].update(codes={"narrative": ["x"]}), "'narrative'",
        "'incident_type'",
    ),
    "codes that are no list": (
        "fire-incident", lambda d: d["when"][0].update(codes={"incident_type": "x"}), "'x'",
        "a map from coded fields",
    ),
    "no codes": (
        "fire-incident", lambda d: d["when"][0].update(codes={"incident_type": []}), "[]",
        "a map from coded fields",
    ),
    "one place twice": (
        "ambulance-call", lambda d: d["when"][0].update(same_place=["home_", "home_"]), "'home_'",
        "two different prefixes",
    ),
    "a place that is none": (
        "ambulance-call", lambda d: d["when"][0].update(same_place=["home_", "site_"]), "'site_'",
        "'location_'",
    ),
    "places that are no list": (
        "fire-incident", lambda d: d.update(places="location_"), "'location_'", "a list",
    ),
    "a place that has no address": (
        "fire-incident", lambda d: d.update(places=["home_"]), "'home_'", "'location_'",
    ),
    "a list as a place": (
        "fire-incident", lambda d: d.update(places=[["location_"]]), "['location_']", "'location_'",
    ),
    "an unknown role": (
        "police-incident", lambda d: d["people"].update(primary=["victim_"]), "'primary'", "'suspect'",
    ),
    "a person without a date of birth": (
        "police-incident", lambda d: d["people"].update(victim=["caller_"]), "'caller_'", "'victim_'",
    ),
    "a victim in the role of the suspect": (
        "police-incident", lambda d: d["people"].update(suspect=["victim_"]), "'victim_'", "'suspect_'",
    ),
    "people that are no list": (
        "police-incident", lambda d: d["people"].update(victim="victim_"), "'victim_'", "a list of prefixes",
    ),
    "roles that are no map": (
        "police-incident", lambda d: d.update(people=["victim_"]), "['victim_']", "a map by role",
    ),
    "a reference that is the crime's": (
        "police-crime-offender", lambda d: d["references"].update(suspect="crime_reference"),
        "'crime_reference'", "'offender_reference'",
    ),
    "a join that joins nothing": (
        "police-crime-offence", lambda d: d.update(join="offence_code"), "'offence_code'",
        "'crime_reference'",
    ),
    "an incident that is a crime": (
        "police-crime-offence", lambda d: d.update(incident="crime_reference"), "'crime_reference'",
        "'incident_reference'",
    ),
    "a part without a join": (
        "police-crime-victim", lambda d: d.pop("join"), "join is None", "the join of a crime",
    ),
    "a weapon that is a text": (
        "police-crime-offence", lambda d: d.update(weapon="weapon"), "'weapon'", "'domestic'",
    ),
    "a field that does not exist": (
        "police-incident", lambda d: d.update(order="order"), "'order'", "'order_or_bail'",
    ),
    "a number of children that is a flag": (
        "police-incident", lambda d: d.update(children_count="children_present"), "'children_present'",
        "'children_count'",
    ),
    "a school that is a date": (
        "police-incident", lambda d: d.update(schools=["risk_date"]), "'risk_date'", "'child_school'",
    ),
    "a risk without a tool": (
        "police-incident", lambda d: d.update(risk="risks_"), "'risks_tool'", "'risk_tool'",
    ),
    "a contact without a number": (
        "police-crime-victim", lambda d: d.update(contact="contact_"), "'contact_number'",
        "'safe_contact_number'",
    ),
    "a referral without a day": (
        "marac-referral", lambda d: d.pop("day"), "day is None", "for a referral alone",
    ),
    "an event with the day of a referral": (
        "police-incident", lambda d: d.update(day="risk_date"), "'risk_date'", "for a referral alone",
    ),
    "an event that is withdrawn": (
        "police-incident", lambda d: d.update(withdrawn="domestic"), "'domestic'", "for a referral alone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", SPOILED)
def test_a_faulty_annotation_is_refused_with_file_value_and_accepted_values(fault: str) -> None:
    dataset, spoil, given, accepted = SPOILED[fault]
    declared = copy.deepcopy(declaration(dataset))
    spoil(declared["domestic"])
    with pytest.raises(SchemaError) as caught:
        parse_record_type(declared, "trial.avsc")
    text = str(caught.value)
    assert text.startswith("trial.avsc: domestic: ")
    before, _, after = text.partition("accepted: ")
    assert given in before
    assert accepted in after


def test_a_code_that_the_list_lacks_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    shutil.copytree(SCHEMA_FOLDER, folder)
    declared = declaration("hospital-assault")
    declared["domestic"]["when"][0]["codes"]["incident_type"] = ["quarrel"]
    (folder / "avro" / "hospital-assault.avsc").write_text(json.dumps(declared), encoding="utf-8")
    with pytest.raises(
        SchemaError, match=r"hospital-assault\.avsc: rows are domestic by 'quarrel'"
    ):
        load_catalogue(folder)


def test_the_record_types_of_domestic_alerts_are_declared() -> None:
    assert {dataset: (rule.kind, rule.type) for dataset, rule in RULES.items()} == {
        "police-incident": ("event", "domestic-incident"),
        "police-crime-offence": ("event", "domestic-crime"),
        "police-crime-victim": ("part", ""),
        "police-crime-offender": ("part", ""),
        "hospital-assault": ("event", "assault-at-home"),
        "ambulance-call": ("event", "assault-at-home"),
        "fire-incident": ("event", "assault-at-home"),
        "marac-referral": ("referral", ""),
    }


@every_dataset
def test_the_people_and_the_contact_of_a_rule_are_in_no_depersonalised_release(
    dataset: str, catalogue: Catalogue
) -> None:
    record_type, rule = catalogue.record_type(dataset), RULES[dataset]
    people = [p for prefixes in rule.people.values() for p in prefixes]
    names = {f"{p}{part}" for p in people for part in ("name", "date_of_birth")}
    names |= {f"{rule.risk}{part}" for part in RISK_PARTS} if rule.risk else set()
    names |= {f"{rule.contact}{part}" for part in CONTACT_PARTS} if rule.contact else set()
    names |= {*rule.schools, *filter(None, (rule.children, rule.children_count, rule.order))}
    released = {
        f.name for p in record_type.profiles if p != PERSONAL for f in record_type.released(p)
    }
    assert not names & released


@every_dataset
def test_everybody_in_a_rule_is_the_person_whom_the_field_is_about(
    dataset: str, catalogue: Catalogue
) -> None:
    record_type, rule = catalogue.record_type(dataset), RULES[dataset]
    for role, prefixes in rule.people.items():
        for prefix in prefixes:
            assert record_type.field(f"{prefix}name").about in ROLES[role]
    for school in rule.schools:
        assert record_type.field(school).about == "child"


def same(_one: str, _other: str) -> bool:
    return True


def elsewhere(_one: str, _other: str) -> bool:
    return False


APPLIES: list[tuple[str, dict[str, Any], bool]] = [
    ("police-incident", {"domestic": True}, True),
    ("police-incident", {"domestic": None, "incident_type": "domestic-incident"}, True),
    ("police-incident", {"domestic": False, "incident_type": "noise"}, False),
    ("police-incident", {}, False),
    ("police-crime-offence", {"domestic": True, "offence_code": "46"}, True),
    ("police-crime-offence", {"offence_code": "8U"}, True),
    ("police-crime-offence", {"offence_code": "8U/02"}, True),
    ("police-crime-offence", {"offence_code": "8N"}, False),
    ("police-crime-victim", {}, True),
    ("police-crime-offender", {}, True),
    ("hospital-assault", {"incident_type": "domestic-assault", "location_type": "street"}, True),
    ("hospital-assault", {"incident_type": "assault", "location_type": "at-home"}, True),
    ("hospital-assault", {"incident_type": "assault", "location_type": "street"}, False),
    ("fire-incident", {"domestic": True}, True),
    ("fire-incident", {"domestic": None}, False),
    ("marac-referral", {"referral_withdrawn": None}, True),
    ("marac-referral", {"referral_withdrawn": False}, True),
    ("marac-referral", {"referral_withdrawn": True}, False),
]


@pytest.mark.parametrize(("dataset", "record", "expected"), APPLIES)
def test_a_rule_applies_to_domestic_records_alone(
    dataset: str, record: dict[str, Any], *, expected: bool
) -> None:
    assert RULES[dataset].applies(record, elsewhere) is expected


@pytest.mark.parametrize("kind", ["assault", "sexual-assault", "stabbing-gunshot"])
def test_an_ambulance_call_is_an_event_where_the_patient_was_assaulted_at_home(kind: str) -> None:
    rule = RULES["ambulance-call"]
    assert rule.applies({"incident_type": kind}, same)
    assert not rule.applies({"incident_type": kind}, elsewhere)
    assert not rule.applies({"incident_type": "fall"}, same)


def test_the_places_that_are_compared_are_those_declared() -> None:
    compared: list[tuple[str, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return True

    RULES["ambulance-call"].applies({"incident_type": "assault"}, compare)
    assert compared == [("location_", "home_")]


def test_one_condition_of_several_is_enough_and_all_of_its_parts_are_needed() -> None:
    rule: DomesticRule = replace(RULES["ambulance-call"], when=RULES["hospital-assault"].when)
    assert rule.applies({"location_type": "at-home"}, elsewhere)
    assert not rule.applies({"location_type": None}, same)
