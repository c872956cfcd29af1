"""Emerging problems that must not be applied are refused with file, line, place and the accepted values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from isp.agreement.emerging import EmergingProblems
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.signing.signatures import content_digest
from schemas.catalogue import Catalogue
from tests.isp.agreement.detecting import emerging
from tests.protocols import FIRST
from tests.protocols.faulty import Fault, assert_refused

PROBLEMS = """
alerts:
  emerging:
    datasets: [police-incident, fire-incident]
    recipients:
      - party: council
      - party: business
    groups:
      - name: asb
        types:
          police-incident: [street-drinking, asb-nuisance]
          fire-incident: []
      - name: fires
        types: {fire-incident: [deliberate-primary-fire]}
    window_days: 7
    study_days: 182
    history_days: 365
    evaluations: ["06:00", "18:00"]
    close_days: 14
    keep_days: 90
    near_repeat_days: 30
"""
TEXT = FIRST.read_text(encoding="utf-8") + PROBLEMS
SUPPLY = "  - {agency: police, dataset: marac-referral, purpose: Conference, legal_basis: cda-1998-s115}\n"
FAULTS: dict[str, Fault] = {
    "no party": (
        "- party: council\n      - party: b", "- party: scouts\n      - party: b",
        "alerts.emerging.recipients.0.party: 'scouts' is not a party; accepted: business, council, fire",
    ),
    "a recipient twice": (
        "- party: business\n    groups", "- party: council\n    groups",
        "alerts.emerging.recipients.1.party: the recipient 'council' is named twice; remove one of them",
    ),
    "a recipient without such a release": (
        "    datasets: [police-incident, fire-incident]\n    rec", "    datasets: [fire-incident]\n    rec",
        "recipients.1.party: 'business' receives none of these datasets in a depersonalised profile",
    ),
    "a dataset that nobody supplies": (
        "fire-incident]\n    rec", "ambulance-call]\n    rec",
        "alerts.emerging.datasets.1: nobody supplies 'ambulance-call'; accepted: fire-incident, police-c",
    ),
    "an unknown dataset": (
        "fire-incident]\n    rec", "fire-call]\n    rec", "datasets.1: nobody supplies 'fire-call'",
    ),
    "a dataset twice": (
        "fire-incident]\n    rec", "police-incident]\n    rec",
        "datasets.1: the dataset 'police-incident' is named twice",
    ),
    "a group twice": ("- name: fires", "- name: asb", "groups.1.name: the group 'asb' is named twice"),
    "a group called as a type": (
        "- name: fires", "- name: malicious-call",
        "alerts.emerging.groups.1.name: 'malicious-call' is a type of fire-incident already; give the group",
    ),
    "a group with a dataset that is not used": (
        "types: {fire-incident", "types: {police-crime-offence",
        "types.police-crime-offence: 'police-crime-offence' is not used; accepted: fire-incident, ",
    ),
    "an unknown type": (
        "asb-nuisance]", "noises]",
        "groups.0.types.police-incident.1: 'noises' is not a type of police-incident; accepted: alarm, ",
    ),
    "a spelling instead of the code": (
        "asb-nuisance]", "ASB nuisance]", "'ASB nuisance' is not a type of police-incident; accepted: ",
    ),
    "a type twice": (
        "asb-nuisance]", "street-drinking]",
        "groups.0.types.police-incident.1: the type 'street-drinking' is named twice; remove one of them",
    ),
    "a group without types": (
        "types: {fire-incident: [deliberate-primary-fire]}", "types: {}", "alerts.emerging.groups.1.types",
    ),
    "an evaluation twice": (
        '"18:00"', '"06:00:00"', "evaluations.1: the time 06:00:00 is named twice; remove one of them",
    ),
    "no evaluation": ('["06:00", "18:00"]', "[]", "alerts.emerging.evaluations"),
    "an evaluation that is no time": ('"18:00"', '"25:00"', "alerts.emerging.evaluations.1"),
    "a history shorter than the study period": (
        "study_days: 182\n    history_days: 365", "study_days: 300\n    history_days: 299",
        "history_days: 299 days are shorter than the 300 days of `study_days`; accepted: 300 or more",
    ),
    "a window of half of the study period": (
        "window_days: 7\n    study_days: 182", "window_days: 28\n    study_days: 56",
        "window_days: 28 days are not less than half of the 56 days of `study_days`; accepted: 1 to 27",
    ),
    "near repeats over half of the study period": (
        "study_days: 182", "study_days: 60",
        "near_repeat_days: 30 days are not less than half of the 60 days of `study_days`; accepted: 1 to 29",
    ),
    "a study period that outlasts the releases": (
        "depersonalised_days: 1095", "depersonalised_days: 181",
        "study_days: 182 days are longer than releases are retained (`retention.depersonalised_days`); ",
    ),
    "a problem that outlasts its findings": (
        "close_days: 14\n    keep_days: 90", "close_days: 41\n    keep_days: 40",
        "alerts.emerging.close_days: 41 days are longer than findings are retained (`keep_days`)",
    ),
    "a level that alarms every day": ("keep_days: 90", "level_days: 1", "alerts.emerging.level_days"),
    "a setting that does not exist": (
        "keep_days: 90", "keep: 90", "is not a setting of format 1; accepted: datasets, recipients, groups, ",
    ),
    "a recipient of weeks": (
        "  substitute_limit_metres: 2000\n",
        "  substitute_limit_metres: 2000\n  second: {period: week}\n",
        "in a depersonalised profile other than 'second', which is too coarse by `sanitising.second`, so it",
    ),
    "a party called as the agent": ("- id: council", "- id: detector", "a component of the processor"),
}  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "protocol.yaml"


def test_the_example_without_a_fault_is_accepted(path: Path, catalogue: Catalogue) -> None:
    path.write_text(TEXT, encoding="utf-8")
    settings = load_protocol(path, catalogue).emerging_problems
    assert settings is not None
    assert [list(group.types) for group in settings.groups] == [
        ["police-incident", "fire-incident"], ["fire-incident"],
    ]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_settings_are_refused_with_their_place(
    fault: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    assert_refused(TEXT, FAULTS[fault], tmp_path, catalogue)


def test_a_dataset_has_dated_events_at_a_place(tmp_path: Path, catalogue: Catalogue) -> None:
    text = TEXT.replace("\nreceives:", f"\n{SUPPLY}\nreceives:", 1)
    message = (
        "datasets.1: marac-referral has no dated events at a place; accepted: ambulance-call, "
    )
    fault = ("fire-incident]\n    rec", "marac-referral, fire-incident]\n    rec", message)
    assert_refused(text, fault, tmp_path, catalogue)


@pytest.mark.parametrize(
    "extreme",
    [
        {"window_days": 28, "study_days": 63},
        {"study_days": 366, "history_days": 366},
        {"near_repeat_days": 60, "study_days": 121},
        {"close_days": 28, "keep_days": 28},
        {"history_days": 3_660},
    ],
)
def test_what_is_just_long_enough_is_accepted(extreme: dict[str, int], protocol: Protocol) -> None:
    settings = emerging(**{"near_repeat_days": 14, **extreme})
    document = protocol.model_dump(mode="json", by_alias=True)
    Protocol.model_validate({**document, "alerts": {"emerging": settings}})


def test_a_protocol_that_names_no_emerging_problems_has_the_digest_that_it_had(
    protocol: Protocol,
) -> None:
    document = protocol.model_dump(mode="json", by_alias=True)
    assert "alerts" not in document
    explicit = Protocol.model_validate({**document, "alerts": {"emerging": None}})
    assert content_digest(explicit) == content_digest(protocol)


@pytest.mark.parametrize("needed", ["datasets", "recipients"])
def test_datasets_and_recipients_are_named(needed: str) -> None:
    given = emerging()
    without: dict[str, Any] = {k: v for k, v in given.items() if k != needed}
    for settings in (without, given | {needed: []}):
        with pytest.raises(ValidationError, match=needed):
            EmergingProblems.model_validate(settings)
