"""Domestic alerts that must not be applied are refused with file, line, place and the accepted values."""

from __future__ import annotations

from pathlib import Path

import pytest

from isp.agreement.alerts import LEVELS
from isp.agreement.protocol import Protocol, ProtocolError
from isp.agreement.protocol_file import load_protocol
from isp.signing.signatures import content_digest
from schemas.catalogue import Catalogue
from tests.isp.agreement.alerting import public
from tests.protocols import FIRST
from tests.protocols.faulty import assert_refused

ALERTS = f"""
alerts:
  domestic:
    datasets: [police-incident, fire-incident]
    recipients:
      - party: council
        terms:
          process: incident-response
          purpose: Response to domestic incidents
          questions: [Who is at risk?]
          legal_basis: cda-1998-s115
          conditions: [dpa-1998-sch2-public-functions, dpa-1998-sch3-justice]
          days: 28
          sealing_key: {public(1)}
        conflict_officer:
          post: Head of Standards
          contact: standards@partnership.example
          sealing_key: {public(2)}
      - party: fire
    levels:
      - {{name: graded-high, rule: graded, grades: [high]}}
      - {{name: third, rule: repeat, days: 300}}
      - {{name: standard, rule: any}}
    schools:
      - urn: "123456"
        party: council
        closed: [{{from: 2026-12-19, until: 2027-01-03}}]
    home_educated: council
    history_days: 365
"""
TEXT = FIRST.read_text(encoding="utf-8") + ALERTS
SIGNING = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
CLOSED = "closed: [{from: 2026-12-19, until: 2027-01-03}]"
FAULTS = {
    "no party": ("- party: fire", "- party: scouts", "recipients.1.party: 'scouts' is not a party; "),
    "second group": ("- party: fire", "- party: business", "'business' is in the second group"),
    "a recipient twice": ("- party: fire", "- party: council", "recipients.1.party: 'council' has an"),
    "a dataset that nobody supplies": (
        "fire-incident]\n    rec", "ambulance-call]\n    rec",
        "datasets.1: nobody supplies 'ambulance-call'; accepted: fire-incident, police-crime-offence, ",
    ),
    "an unknown dataset": (
        "fire-incident]\n    rec", "fire-call]\n    rec", "datasets.1: nobody supplies 'fire-call'",
    ),
    "a dataset twice": (
        "fire-incident]\n    rec", "police-incident]\n    rec", "'police-incident' is named twice",
    ),
    "an unknown process": (
        "process: incident-response", "process: response", "terms.process: process 'response' is unknown; ",
    ),
    "a process with consent": (
        "process: incident-response", "process: dip-care", "dip-care needs a consent",
    ),
    "too long": ("days: 28\n", "days: 29\n", "terms.days: 29 days; accepted for incident-response: 1 to 28"),
    "a basis without power": (
        "legal_basis: cda-1998-s115\n          cond", "legal_basis: depersonalised\n          cond",
        "terms.legal_basis: ",
    ),
    "no condition": (
        "conditions: [dpa-1998-sch2-public-functions, dpa-1998-sch3-justice]\n          days", "days",
        "terms.conditions: sensitive information needs a condition of schedule-2",
    ),
    "a blank purpose": (
        "purpose: Response to domestic incidents", "purpose: ' '", "terms.purpose: is blank",
    ),
    "a blank question": ("[Who is at risk?]", "[' ']", "terms.questions.0: is blank"),
    "one key for two uses": (public(2), public(1), "is the sealing key of the terms of 'council' already"),
    "a short key": (public(2), "AAAA", "conflict_officer.sealing_key"),
    "a key that gives no secret": (public(2), f"{'A' * 43}=", "cannot be used for encryption"),
    "a conflict officer who signs": (
        "post: Head of Standards", f"replaces: {SIGNING}\n          post: H",
        "conflict_officer.replaces: a conflict officer signs nothing; remove the entry",
    ),
    "no last level": (
        "      - {name: standard, rule: any}\n", "",
        "levels.1.rule: the last level must apply to every event; accepted: any (given: repeat)",
    ),
    "a level that is never reached": (
        "name: third, rule: repeat, days: 300", "name: third, rule: any", "levels.1.rule: `any` applies to",
    ),
    "a level twice": ("name: third", "name: standard", "levels.2.name: the level 'standard' is named twice"),
    "no grades": ("grades: [high]", "grades: []", "levels.0.grades: is empty"),
    "a history that is too short": (
        "history_days: 365", "history_days: 364", "history_days: 364 days are shorter than the 365 days",
    ),
    "a school of nobody": (
        'urn: "123456"\n        party: council', 'urn: "123456"\n        party: police',
        "schools.0.party: 'police' is not a recipient of alerts; accepted: council, fire",
    ),
    "a school twice": (
        '      - urn: "123456"\n', '      - {urn: "123456", party: fire}\n      - urn: "123456"\n',
        "schools.1.urn: the school 123456 is named twice",
    ),
    "a closure that ends before it begins": (
        CLOSED, "closed: [{from: 2026-12-19, until: 2026-12-18}]",
        "schools.0.closed.0.until: 2026-12-18 is before the first day, 2026-12-19",
    ),
    "a closure without end": (
        CLOSED, "closed: [{from: 2026-12-19, until: 9999-12-31}]", "days; accepted: at most 92",
    ),
    "home-educated children of nobody": (
        "home_educated: council", "home_educated: police", "home_educated: 'police' is not a recipient",
    ),
    "a party called as the agent": ("- id: council", "- id: alerter", "a component of the processor"),
}  # fmt: skip


def test_the_example_without_a_fault_is_accepted(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "protocol.yaml"
    path.write_text(TEXT, encoding="utf-8")
    assert load_protocol(path, catalogue).alert_recipients[0].party == "council"


@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_alerts_are_refused_with_their_place(
    fault: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    assert_refused(TEXT, FAULTS[fault], tmp_path, catalogue)


def test_a_dataset_of_alerts_has_facts_of_domestic_events(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    supply = "  - {agency: council, dataset: council-asb, purpose: Analysis, legal_basis: cda-1998-s17a}\n"
    text = TEXT.replace("\nreceives:", f"\n{supply}\nreceives:", 1)
    message = "datasets.1: council-asb has no facts of domestic events; accepted: ambulance-call, "
    fault = ("fire-incident]\n    rec", "council-asb]\n    rec", message)
    assert_refused(text, fault, tmp_path, catalogue)


def test_alerts_need_a_dataset_with_events(tmp_path: Path, catalogue: Catalogue) -> None:
    text = TEXT.replace("[police-incident, fire-incident]", "[police-crime-victim]").replace(
        "    dataset: police-incident\n", "    dataset: police-crime-victim\n", 1
    )
    path = tmp_path / "protocol.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProtocolError, match="no alert is ever raised; add one of: "):
        load_protocol(path, catalogue)


def test_a_school_may_be_invited_or_co_operate_and_is_never_an_authority(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    for status, accepted in (
        ("invited", True),
        ("co-operating-body", True),
        ("responsible-authority", False),
    ):
        school = (
            f"  - {{id: school, name: School, kind: school, status: {status}, relevant_authority: false, "
            "group: central, approver: {post: Head, contact: head@partnership.example}, "
            "notification: Z1000009, liaison_officer: {post: Head, contact: head@partnership.example},"
            " deputy: {post: Deputy, contact: head@partnership.example}}\n"
        )
        text = TEXT.replace("\nsupplies:", f"\n{school}\nsupplies:", 1)
        path = tmp_path / "protocol.yaml"
        path.write_text(text, encoding="utf-8")
        if accepted:
            load_protocol(path, catalogue)
        else:
            with pytest.raises(ProtocolError, match="a school is not a responsible authority"):
                load_protocol(path, catalogue)
        path.write_text(text.replace("relevant_authority: false, ", "relevant_authority: true, "))
        with pytest.raises(ProtocolError, match="a school is not a relevant authority"):
            load_protocol(path, catalogue)


def test_a_recipient_of_alerts_needs_a_notification(tmp_path: Path, catalogue: Catalogue) -> None:
    text = TEXT.replace("- party: fire\n    levels", "- party: watch\n    levels")
    watch = (
        "  - {id: watch, name: Watch, kind: voluntary-agency, status: invited, relevant_authority: false, "
        "group: central, approver: {post: Head, contact: head@partnership.example}}\n"
    )
    path = tmp_path / "protocol.yaml"
    path.write_text(text.replace("\nsupplies:", f"\n{watch}\nsupplies:", 1), encoding="utf-8")
    with pytest.raises(ProtocolError, match="'watch': a party that shares personal data"):
        load_protocol(path, catalogue)


def test_a_protocol_that_names_no_alerts_has_the_digest_that_it_had(protocol: Protocol) -> None:
    document = protocol.model_dump(mode="json", by_alias=True)
    assert "alerts" not in document
    explicit = Protocol.model_validate({**document, "alerts": {}})
    assert content_digest(explicit) == content_digest(protocol)


def test_the_usual_levels_are_accepted_in_their_order() -> None:
    assert [level.rule for level in LEVELS] == ["marac-repeat", "graded", "repeat", "any"]
    assert max(level.days for level in LEVELS) <= 365
