"""A declaration is closed by default: a field without a treatment is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from schemas.catalogue import SCHEMA_FOLDER, Catalogue
from schemas.declaration import parse_record_type
from schemas.record_type import PERSONAL, SchemaError, Sensitivity

Declared = dict[str, Any]


@pytest.fixture
def declared() -> Declared:
    """Return the declaration of police incidents, for changes by the test."""
    path = SCHEMA_FOLDER / "avro" / "police-incident.avsc"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def first_field(declared: Declared) -> Declared:
    field: Declared = declared["fields"][0]
    return field


SPOILED: dict[str, tuple[Callable[[Declared], object], str]] = {
    "no treatment": (lambda d: first_field(d).pop("treatment"), "has no 'treatment'"),
    "no wording": (lambda d: first_field(d).pop("doc"), "has no 'doc'"),
    "no sensitivity": (lambda d: first_field(d).pop("sensitivity"), "has no 'sensitivity'"),
    "unknown sensitivity": (lambda d: first_field(d).update(sensitivity="public"), "accepted"),
    "unknown treatment": (
        lambda d: first_field(d)["treatment"].update(central="show"), "treatment 'show' is unknown",
    ),
    "one profile only": (lambda d: first_field(d)["treatment"].pop("second"), "central, second"),
    "a text kept": (lambda d: first_field(d)["treatment"].update(central="keep"), "keeps a text"),
    "a code without list": (
        lambda d: first_field(d)["treatment"].update(central="code"), "treatment 'code' is unknown",
    ),
    "second looser": (
        lambda d: first_field(d)["treatment"].update(central="drop"), "second releases",
    ),
    "not nullable": (lambda d: first_field(d).update(type="string"), "accepted: null with"),
    "a capital letter": (lambda d: first_field(d).update(name="Reference"), "lower-case"),
    "twice": (lambda d: d["fields"].append(d["fields"][1]), "declared twice"),
    "unknown required": (lambda d: d["required"].append("nowhere"), "'nowhere'"),
    "no status": (lambda d: d.pop("status"), "'status'"),
    "unknown status": (lambda d: d.update(status="weekly"), "core-where-recorded"),
    "a depersonalised release of what is shared case by case": (
        lambda d: d.update(status="case-by-case"), "accepted: personal alone",
    ),
    "codes of a field that has codes": (lambda d: d["fields"][1].update(codes="weapon"), "codes 'weapon'"),
    "codes of a flag": (lambda d: d["fields"][2].update(codes="weapon"), "codes 'weapon'"),
    "no profiles": (lambda d: d.update(profiles=[]), "accepted"),
    "a personal release of a depersonalised dataset": (
        lambda d: [
            d["profiles"].append("personal"),
            [f["treatment"].update(personal="drop") for f in d["fields"]],
        ],
        "it cannot have a personal release",
    ),
    "a victim's field not sensitive": (
        lambda d: first_field(d).update(about="victim"), "at least sensitive",
    ),
    "about nobody known": (lambda d: first_field(d).update(about="aunt"), "accepted: victim"),
    "an age without a date of birth": (
        lambda d: d["fields"][1].update(born="incident_time"), "gives no age",
    ),
    "an age of a text": (
        lambda d: first_field(d)["treatment"].update(central="age"), "accepted: only on a count",
    ),
    "a type for the second group that cannot tell what is domestic": (
        lambda d: d.update(excluded={}), "needs either excluded.second",
    ),
    "a reason to be without a flag beside a flag": (
        lambda d: d.update(not_domestic="because"), "needs either excluded.second",
    ),
    "a blank reason to be without a flag": (
        lambda d: d.update(excluded={}, not_domestic="  "), "needs either excluded.second",
    ),
    "rows excluded by what is no flag": (
        lambda d: d["excluded"]["second"].update(flag="incident_type"), "but is not a flag",
    ),
    "rows excluded by the codes of a text": (
        lambda d: d["excluded"]["second"].update(codes={"narrative": ["x"]}), "but has no code list",
    ),
    "a code in the second that is another list": (
        lambda d: d["fields"][1]["treatment"].update(second="code:weapon"), "second releases",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", SPOILED)
def test_a_faulty_declaration_is_refused_with_file_and_reason(
    declared: Declared, fault: str
) -> None:
    spoil, message = SPOILED[fault]
    spoiled = copy.deepcopy(declared)
    spoil(spoiled)
    with pytest.raises(SchemaError) as caught:
        parse_record_type(spoiled, "trial.avsc")
    assert str(caught.value).startswith("trial.avsc")
    assert message in str(caught.value)


def test_the_declaration_as_it_stands_is_accepted(declared: Declared) -> None:
    record_type = parse_record_type(declared, "police-incident.avsc")
    assert record_type.places == ("location_",)
    assert record_type.required == ("incident_reference", "incident_date")


def test_every_record_type_requires_no_more_than_what_identifies_and_dates_it(
    catalogue: Catalogue,
) -> None:
    for record_type in catalogue:
        dates = {event.date for event in record_type.events}
        referred = [record_type.domestic.day] if record_type.domestic else []
        assert set(record_type.required) <= {*record_type.identity, *dates, *referred}


def test_names_of_people_and_free_text_are_dropped_in_every_depersonalised_profile(
    catalogue: Catalogue,
) -> None:
    named = ("name", "_telephone", "_uprn", "narrative", "_number", "date_of_birth", "_mark")
    for record_type in catalogue:
        for field in record_type.fields:
            treated = {t.action for p, t in field.treatments.items() if p != PERSONAL}
            if field.name.endswith(named) and field.name not in {"school_name", "reference_number"}:
                assert treated <= {"drop"}, field.name


def test_what_is_said_of_victims_witnesses_and_offences_is_sensitive(catalogue: Catalogue) -> None:
    about = {"victim", "witness", "offence", "offender", "suspect", "patient"}
    fields = [f for r in catalogue for f in r.fields if f.about in about]
    assert len(fields) > 100
    assert {f.sensitivity for f in fields} == {Sensitivity.SENSITIVE}


def test_references_of_one_crime_join_wherever_they_stand(catalogue: Catalogue) -> None:
    joined = {r.dataset for r in catalogue for f in r.fields if f.join == "crime"}
    assert {
        "police-crime-offence", "police-crime-offender", "police-crime-victim", "police-drug-test",
        "police-detection",
    } <= joined  # fmt: skip


def test_an_unknown_dataset_is_answered_with_those_there_are(catalogue: Catalogue) -> None:
    with pytest.raises(SchemaError, match="accepted: ambulance-call, btp-crime, council-asb"):
        catalogue.record_type("fire-incidents")
