"""Each change that protects less than the reviewed declarations is found."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from schemas.catalogue import Catalogue
from schemas.review import REVIEWED_FILE, as_text, loosened, snapshot

Reviewed = dict[str, Any]


@pytest.fixture
def reviewed() -> Reviewed:
    return dict(json.loads(REVIEWED_FILE.read_text(encoding="utf-8")))


def test_nothing_was_loosened_without_review(catalogue: Catalogue, reviewed: Reviewed) -> None:
    assert loosened(reviewed, catalogue) == [], "review the change, then run `make review`"


def test_the_reviewed_file_holds_what_the_declarations_say(catalogue: Catalogue) -> None:
    committed = REVIEWED_FILE.read_text(encoding="utf-8")
    assert committed == as_text(snapshot(catalogue)), "review the change, then run `make review`"


STRICTER: dict[str, tuple[Callable[[Reviewed], object], str]] = {
    "a field's sensitivity": (
        lambda r: r["fire-incident"]["fields"]["incident_type"].update(sensitivity="sensitive"),
        "fire-incident.incident_type: sensitivity fell from sensitive to depersonalised",
    ),
    "a field's treatment": (
        lambda r: r["fire-incident"]["fields"]["incident_time"].update(central="drop"),
        "fire-incident.incident_time: central has the treatment 'keep', but 'drop' was reviewed",
    ),
    "hours alone": (
        lambda r: r["fire-incident"]["fields"]["incident_time"].update(central="hour"),
        "central has the treatment 'keep', but 'hour' was reviewed",
    ),
    "another code list": (
        lambda r: r["fire-incident"]["fields"]["incident_type"].update(second="code:weapon"),
        "second has the treatment 'code:fire-incident-type', but 'code:weapon' was reviewed",
    ),
    "a field that was not there": (
        lambda r: r["fire-incident"]["fields"].pop("narrative"),
        "fire-incident.narrative: the field was not reviewed",
    ),
    "a profile that was not there": (
        lambda r: r["fire-incident"].update(profiles=["central"]),
        "fire-incident: the profile second was not reviewed",
    ),
    "a record type that was not there": (
        lambda r: r.pop("fire-incident"), "fire-incident: the record type was not reviewed",
    ),
    "the type of information": (
        lambda r: r["fire-incident"].update(information="personal"),
        "fire-incident: information fell from personal to depersonalised",
    ),
    "rows kept from a profile": (
        lambda r: r["fire-incident"].update(excluded={"second": {"flag": "fire", "codes": {}}}),
        "fire-incident: second gets rows that fire excluded",
    ),
    "a code kept from a profile": (
        lambda r: r["police-incident"]["excluded"]["second"]["codes"]["incident_type"].append("noise"),
        "police-incident: second gets rows where incident_type is noise",
    ),
    "a code that the second group was not told": (
        lambda r: r["code lists"]["police-incident-type"]["told"].remove("noise"),
        "police-incident-type: second gets noise, which was not reviewed",
    ),
    "a code that was told as another": (
        lambda r: r["code lists"]["home-office-classification"]["merged"].update({"8H": "8"}),
        "home-office-classification: second gets 8H as 8F, which was not reviewed",
    ),
    "a type that had no reason to be without a flag": (
        lambda r: r["police-stop-search"].pop("not_domestic"),
        "police-stop-search: the reason why no row is domestic was not reviewed",
    ),
    "a dataset that had to be opened": (
        lambda r: r["fire-incident"].update(status="peripheral"),
        "fire-incident: the dataset is shared without an opening",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", STRICTER)
def test_what_was_reviewed_as_stricter_is_found_loosened(
    what: str, catalogue: Catalogue, reviewed: Reviewed
) -> None:
    change, finding = STRICTER[what]
    change(reviewed)
    assert [found for found in loosened(reviewed, catalogue) if finding in found]


def test_a_change_that_protects_more_is_not_reported(
    catalogue: Catalogue, reviewed: Reviewed
) -> None:
    looser = copy.deepcopy(reviewed)
    looser["fire-incident"]["fields"]["casualties"].update(sensitivity="depersonalised")
    looser["fire-incident"]["fields"]["narrative"].update(central="keep", second="keep")
    looser["fire-incident"]["fields"]["gone"] = {"sensitivity": "personal", "central": "keep"}
    assert loosened(looser, catalogue) == []


def test_the_text_is_json_with_a_line_a_field(catalogue: Catalogue) -> None:
    text = as_text(snapshot(catalogue))
    assert json.loads(text) == snapshot(catalogue)
    assert len(text.splitlines()) > sum(len(r.fields) for r in catalogue)


def test_a_narrower_protocol_of_fields_is_no_matter(
    catalogue: Catalogue, reviewed: Reviewed
) -> None:
    one = replace(catalogue, record_types={"fire-incident": catalogue.record_type("fire-incident")})
    assert loosened(reviewed, one) == []


def test_releasing_a_field_beside_more_codes_is_found(
    catalogue: Catalogue, reviewed: Reviewed
) -> None:
    rule = reviewed["hospital-assault"]["fields"]["location_premises"]["only"]
    rule["location_type"] = ["in-licensed-premises"]
    (found,) = loosened(reviewed, catalogue)
    assert found.startswith(
        "hospital-assault.location_premises: is released for codes of location_type"
    )
