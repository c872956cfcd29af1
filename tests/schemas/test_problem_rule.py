"""The annotation of emerging problems is closed by default: each release has what it names."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from schemas.catalogue import SCHEMA_FOLDER, Catalogue, load_catalogue
from schemas.declaration import parse_record_type
from schemas.record_type import DEPERSONALISED_PROFILES, ProblemRule, SchemaError

Declared = dict[str, Any]
Spoil = Callable[[Declared], object]
RULES = {r.dataset: r.problem for r in load_catalogue() if r.problem}
every_dataset = pytest.mark.parametrize("dataset", RULES)


def declaration(dataset: str) -> Declared:
    path = SCHEMA_FOLDER / "avro" / f"{dataset}.avsc"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def field(declared: Declared, name: str) -> Declared:
    return next(f for f in declared["fields"] if f["name"] == name)


SPOILED: dict[str, tuple[str, Spoil, str, str]] = {
    "not a map": (
        "fire-incident", lambda d: d.update(problem="incident_type"), "'incident_type'", "'type', 'place'",
    ),
    "nothing": ("fire-incident", lambda d: d.update(problem={}), "{}", "'type', 'place'"),
    "an unknown name": (
        "fire-incident", lambda d: d["problem"].update(day="incident_date"), "'day'", "'type', 'place'",
    ),
    "no type": ("fire-incident", lambda d: d["problem"].pop("type"), "type is None", "'incident_type'"),
    "no place": ("fire-incident", lambda d: d["problem"].pop("place"), "place is None", "'location_'"),
    "a type that does not exist": (
        "fire-incident", lambda d: d["problem"].update(type="kind"), "'kind'", "'incident_type'",
    ),
    "a type without codes": (
        "fire-incident", lambda d: d["problem"].update(type="narrative"), "'narrative'", "'incident_type'",
    ),
    "a type that is a list": (
        "fire-incident", lambda d: d["problem"].update(type=["incident_type"]), "['incident_type']",
        "'incident_type'",
    ),
    "a type that one profile does not get": (
        "fire-incident",
        lambda d: field(d, "incident_type")["treatment"].update(second="drop"),
        "'incident_type'", "none",
    ),
    "a type of which one profile gets the group": (
        "btp-crime", lambda d: d["problem"].update(type="victim_ethnicity"), "'victim_ethnicity'",
        "'offence_type', 'offence_code', 'route', 'offender_gender', 'victim_gender'",
    ),
    "the codes that are found in a text": (
        "police-crime-offence", lambda d: d["problem"].update(type="method_of_entry"), "'method_of_entry'",
        "'offence_code', 'offence_category'",
    ),
    "a place that does not exist": (
        "fire-incident", lambda d: d["problem"].update(place="site_"), "'site_'", "'location_'",
    ),
    "a home": (
        "ambulance-call", lambda d: d["problem"].update(place="home_"), "'home_'", "'location_'",
    ),
    "a place without a point in one profile": (
        "fire-incident",
        lambda d: field(d, "location_northing")["treatment"].update(second="drop"),
        "'location_'", "none",
    ),
    "no event": ("council-asb", lambda d: d.update(events=[]), "the first event is []", "a date"),
    "an event whose day one profile does not get": (
        "fire-incident",
        lambda d: field(d, "incident_date")["treatment"].update(second="drop"),
        "['incident_date']", "a date that each profile keeps",
    ),
    "a type without a depersonalised release": (
        "police-ppo", lambda d: d.update(problem={"type": "current_status", "place": "home_"}),
        "['personal']", "'central', 'second'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", SPOILED)
def test_a_faulty_annotation_is_refused_with_file_value_and_accepted_values(fault: str) -> None:
    dataset, spoil, given, accepted = SPOILED[fault]
    declared = copy.deepcopy(declaration(dataset))
    spoil(declared)
    with pytest.raises(SchemaError) as caught:
        parse_record_type(declared, "trial.avsc")
    text = str(caught.value)
    assert text.startswith("trial.avsc: problem: ")
    before, _, after = text.partition("accepted: ")
    assert given in before
    assert accepted in after


def test_the_record_types_of_emerging_problems_are_declared() -> None:
    assert {dataset: rule.type for dataset, rule in RULES.items()} == {
        "police-incident": "incident_type",
        "police-crime-offence": "offence_category",
        "council-asb": "incident_type",
        "fire-incident": "incident_type",
        "hospital-assault": "incident_type",
        "ambulance-call": "incident_type",
        "btp-crime": "offence_type",
        "transport-rail-incident": "offence_type",
        "transport-bus-incident": "offence_type",
        "environment-illegal-dumping": "incident_type",
        "environment-waste-site": "waste_type",
        "police-stop-search": "reason_for_search",
    }


@pytest.mark.parametrize("record_type", list(load_catalogue()), ids=lambda r: r.dataset)
def test_each_record_type_with_a_dated_event_at_a_place_is_used(record_type: Any) -> None:
    assert (record_type.problem is not None) == bool(
        record_type.events and record_type.event_places
    )


@every_dataset
def test_each_depersonalised_release_has_type_point_and_day(
    dataset: str, catalogue: Catalogue
) -> None:
    record_type, rule = catalogue.record_type(dataset), RULES[dataset]
    needed = {rule.type, f"{rule.place}easting", f"{rule.place}northing"}
    needed |= {record_type.events[0].date}
    for profile in {*record_type.profiles} & {*DEPERSONALISED_PROFILES}:
        assert needed <= {f.name for f in record_type.released(profile)}


def test_a_record_type_without_the_annotation_has_no_rule() -> None:
    declared = declaration("fire-incident")
    assert parse_record_type(declared, "trial.avsc").problem == ProblemRule(
        "incident_type", "location_"
    )
    del declared["problem"]
    assert parse_record_type(declared, "trial.avsc").problem is None
