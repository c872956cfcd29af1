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


def test_an_exception_is_one_that_is_told_and_to_a_consent_that_is_needed() -> None:
    usual = {"title": "x", "items": [], "longest_days": 1}
    for wrong in (
        {"consent": "none", "exceptions": ["a"]},
        {"consent": "written", "exceptions": ["b"]},
    ):
        with pytest.raises(ValidationError):
            Processes.model_validate({"exceptions": {"a": "A"}, "processes": {"p": usual | wrong}})
