"""The example protocol has all record types, and a fault in each of its parts is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from isp.agreement.access import rules
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import topics
from schemas.catalogue import SCHEMA_FOLDER, Catalogue
from schemas.record_type import Status
from tests.protocols.faulty import assert_refused

FULL = SCHEMA_FOLDER / "protocols" / "banes.yaml"
TEXT = FULL.read_text(encoding="utf-8")
AGREEMENT = TEXT[TEXT.index("    agreement:\n") : TEXT.index("\nsanitising:")]

FAULTS = {
    "a supplier of another kind": (
        "  - agency: btp\n", "  - agency: bus\n", "'bus' is a transport-provider; btp-crime is supplied by",
    ),
    "a personal release of a depersonalised dataset": (
        "datasets: [prison-release, yoi-release]", "datasets: [police-incident]",
        "police-incident has no release in the profile 'personal'; accepted: central, second",
    ),
    "an offender file for the second group": (
        "datasets: [police-incident, police-crime-offence, council-asb]",
        "datasets: [police-crime-offender, council-asb]", "no release in the profile 'second'",
    ),
    "an opening of a core dataset": (
        "dataset: police-detection\n    requirement", "dataset: police-incident\n    requirement",
        "police-incident is core, so it is always shared",
    ),
    "an opening of what is shared case by case": (
        "dataset: police-detection\n    requirement", "dataset: marac-referral\n    requirement",
        "marac-referral is shared case by case",
    ),
    "an opening of nothing": (
        "dataset: police-detection\n    requirement", "dataset: police-mood\n    requirement",
        "dataset 'police-mood' is unknown",
    ),
    "an opening that ends before it begins": (
        "until: 2028-03-31", "until: 2026-03-31", "ends on 2026-03-31, before it begins",
    ),
    "an opening without a requirement": (
        'requirement: "Needs assessment on drug-related offending"', 'requirement: ""', "requirement",
    ),
    "an unknown source": ("source: iquanta", "source: iquanto", "source 'iquanto' is unknown"),
    "a restricted table for all": (
        "    recipients: [council, fire, health, probation]\n", "", "RESTRICTED (guidance 3.3.1)",
    ),
    "a public table for some": (
        "source: place-survey\n", "source: place-survey\n    recipients: [police]\n", "is public",
    ),
    "a table for nobody known": (
        "recipients: [council, fire", "recipients: [scouts, fire", "'scouts' is not a party",
    ),
    "a source kept twice": ("source: events-calendar", "source: place-survey", "is used twice"),
    "a neighbour without its agreement": (
        AGREEMENT, "", "only with its agreement (guidance 2.2.4)",
    ),
    "a neighbour called as a party": (
        "short_name: wiltshire\n", "short_name: council\n", "has the id of a party",
    ),
    "a neighbour that is none": ("neighbour: wiltshire", "neighbour: avon", "'avon' is not a neighbour"),
    "a district of two": ("[E06000054]", "[E06000022]", "is in more than one area"),
    "the second group given personal data": (
        "party: yos\n    profile: personal", "party: business\n    profile: personal",
        "accepted: profile 'second'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_protocol_is_refused_with_its_place(
    fault: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    assert_refused(TEXT, FAULTS[fault], tmp_path, catalogue)


@pytest.fixture(scope="module")
def full(catalogue: Catalogue) -> Protocol:
    return load_protocol(FULL, catalogue)


def test_every_record_type_is_supplied_and_received(full: Protocol, catalogue: Catalogue) -> None:
    assert {s.dataset for s in full.supplies} == set(catalogue.record_types)
    received = {d for e in full.receives for d in e.datasets}
    case_by_case = {r.dataset for r in catalogue if r.status is Status.CASE_BY_CASE}
    assert received | case_by_case == set(catalogue.record_types)


def test_personal_topics_exist_only_for_datasets_headed_personal(
    full: Protocol, catalogue: Catalogue
) -> None:
    personal = {t.dataset for t in topics(full, catalogue) if t.family == "personal"}
    assert personal == {
        "police-ppo", "prison-release", "yoi-release", "environment-illegal-dumping",
        "environment-waste-site", "marac-referral",
    }  # fmt: skip


def test_whatever_can_identify_a_person_is_marked_so(full: Protocol, catalogue: Catalogue) -> None:
    for topic in topics(full, catalogue):
        personal = topic.family in {
            "intake",
            "rejected",
            "personal",
            "letters",
            "inbox",
            "alerts",
            "staff",
        } or topic.name.endswith((".cases", ".incidents", ".prepared", ".alert-orders"))
        assert topic.marking.endswith("PERSONAL DATA") is personal, topic.name


def test_a_restricted_table_is_read_by_its_recipients_a_public_one_by_all(full: Protocol) -> None:
    readers = {
        source: {
            r.principal.removeprefix("banes.")
            for r in rules(full)
            if r.operation == "read" and r.name == f"banes.aggregate.{source}"
        }
        for source in ("iquanta", "place-survey")
    }
    assert readers["iquanta"] == {"police", "council", "fire", "health", "probation", "hub"}
    assert readers["place-survey"] == {*(p.id for p in full.parties), "hub"}


def test_a_neighbour_s_agency_reads_its_own_area_and_nothing_else(full: Protocol) -> None:
    read = {
        r.name
        for r in rules(full)
        if r.principal == "banes.wiltshire-police" and (r.operation, r.resource) == ("read", "topic")
        and not {"aggregate", "supplies", "inbox", "schemas"} & set(r.name.split("."))
    }  # fmt: skip
    assert read == {
        "banes.neighbour.wiltshire.central.police-incident",
        "banes.neighbour.wiltshire.central.council-asb",
    }
