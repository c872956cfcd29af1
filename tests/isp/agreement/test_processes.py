"""The processes request the items that the guidance lists, and need the consent that it requires."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from isp.agreement.processes import Processes, load_processes
from schemas.catalogue import Catalogue, load_catalogue

PROCESSES = load_processes().processes


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_consent_is_by_process_as_the_guidance_has_it() -> None:
    needed = {name: process.consent for name, process in PROCESSES.items() if process.needs_consent}
    assert needed == {
        "dip-care": "informed",
        "intelligence": "informed",
        "treatment-group": "written",
    }


def test_every_process_of_the_guidance_is_there() -> None:
    assert {"iom", "marac", "mappa", "ppo", "dip-care", "asb-panel", "treatment-group"} <= set(
        PROCESSES
    )


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_a_consent_is_reviewed_within_a_year_and_a_case_ends_within_one(name: str) -> None:
    assert PROCESSES[name].consent_days <= 366
    assert PROCESSES[name].longest_days <= 366


@pytest.mark.parametrize("name", sorted(set(PROCESSES) - {"scrutiny"}))
def test_what_a_process_usually_asks_for_is_held_by_somebody(
    name: str, catalogue: Catalogue
) -> None:
    found = {f for record_type in catalogue for f in PROCESSES[name].usual_fields(record_type)}
    for item in PROCESSES[name].items:
        assert any(f == item or f.endswith(f"_{item}") for f in found), item


def test_a_marac_asks_for_what_the_guidance_lists(catalogue: Catalogue) -> None:
    marac = PROCESSES["marac"]
    referral = catalogue.record_type("marac-referral")
    asked = set(marac.usual_fields(referral))
    assert {f.name for f in referral.fields if not f.marked} <= asked
    incident = catalogue.record_type("police-incident")
    assert {
        "victim_name", "victim_date_of_birth", "suspect_name", "suspect_date_of_birth", "child_name",
        "second_child_date_of_birth", "third_child_school", "children_present", "children_count",
        "weapon_used", "order_or_bail", "risk_grade", "safe_contact_number", "safe_contact_no_letter",
    } <= set(marac.usual_fields(incident))  # fmt: skip
    assert not {"caller_name", "caller_telephone"} & set(marac.usual_fields(incident))


@pytest.mark.parametrize("name", sorted(set(PROCESSES) - {"marac"}))
def test_no_process_but_a_marac_proposes_to_ask_about_children(
    name: str, catalogue: Catalogue
) -> None:
    for record_type in catalogue:
        children = {f.name for f in record_type.fields if f.about == "child"}
        assert not children & set(PROCESSES[name].usual_fields(record_type))


def test_an_exception_is_one_that_is_told_and_to_a_consent_that_is_needed() -> None:
    usual = {"title": "x", "items": [], "longest_days": 1}
    for wrong in (
        {"consent": "none", "exceptions": ["a"]},
        {"consent": "written", "exceptions": ["b"]},
    ):
        with pytest.raises(ValidationError):
            Processes.model_validate({"exceptions": {"a": "A"}, "processes": {"p": usual | wrong}})
