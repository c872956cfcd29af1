"""The rights for emerging problems: the detector reads releases alone, and each recipient its findings."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp.agreement.access import AclRule, grounds, principals, rules
from isp.agreement.emerging_streams import watched_streams
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import topics
from schemas.catalogue import SCHEMA_FOLDER, Catalogue, load_catalogue
from tests.isp.agreement.detecting import with_problems
from transport.client_names import DETECTOR_SLOTS

READ, WRITE = "read", "write"
BANES = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", load_catalogue())
DATASETS = st.lists(
    st.sampled_from(sorted({s.dataset for s in BANES.supplies})), min_size=1, unique=True
)
PARTIES = st.lists(st.sampled_from([p.id for p in BANES.parties]), min_size=1, unique=True)


@pytest.fixture(scope="module")
def detecting(protocol: Protocol) -> Protocol:
    return with_problems(protocol)


def of_detector(protocol: Protocol) -> set[AclRule]:
    return {rule for rule in rules(protocol) if rule.principal == "banes.detector"}


def test_the_detector_uses_exactly_these_topics(detecting: Protocol) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for rule in of_detector(detecting):
        if rule.resource == "topic":
            found[rule.name].add(rule.operation)
    assert found == {
        "banes.depersonalised.central.police-incident": {READ},
        "banes.depersonalised.central.fire-incident": {READ},
        "banes.depersonalised.second.police-incident": {READ},
        "banes.supplies.police.police-incident": {READ},
        "banes.supplies.fire.fire-incident": {READ},
        "banes.receipts.police": {READ},
        "banes.receipts.fire": {READ},
        "banes.internal.state.problems": {READ, WRITE},
        "banes.internal.audit-heads": {READ, WRITE},
        "banes.internal.protocol": {READ},
        "banes.schemas": {READ},
        "banes.audit": {WRITE},
        "banes.alerts.emerging.council": {WRITE},
        "banes.alerts.emerging.business": {WRITE},
    }


def test_each_recipient_alone_reads_its_findings(detecting: Protocol) -> None:
    found = {(r.principal, r.operation, r.name) for r in rules(detecting) if ".alerts." in r.name}
    assert found == {
        ("banes.detector", WRITE, "banes.alerts.emerging.council"),
        ("banes.council", READ, "banes.alerts.emerging.council"),
        ("banes.detector", WRITE, "banes.alerts.emerging.business"),
        ("banes.business", READ, "banes.alerts.emerging.business"),
    }


def test_nobody_but_the_detector_uses_its_state(detecting: Protocol) -> None:
    users = {r.principal for r in rules(detecting) if r.name == "banes.internal.state.problems"}
    assert users == {"banes.detector"}


def test_the_detectors_share_one_group_and_each_slot_has_a_transactional_id(
    detecting: Protocol,
) -> None:
    own = {r for r in of_detector(detecting) if r.resource != "topic"}
    assert {(r.resource, r.name, r.prefixed) for r in own} == {
        ("group", "banes.detector.reader", False),
        ("group", "banes.detector.detect", False),
        *(("transactional-id", f"banes.detector.detect.{s}", False) for s in DETECTOR_SLOTS),
    }


def test_without_emerging_problems_the_detector_has_no_login_no_right_and_no_topic(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    assert "banes.detector" not in principals(protocol)
    assert not of_detector(protocol)
    assert not [t for t in topics(protocol, catalogue) if "emerging" in t.name]


def test_emerging_problems_take_no_right_away(protocol: Protocol, detecting: Protocol) -> None:
    assert rules(protocol) < rules(detecting)


def test_the_right_to_findings_has_the_entitlements_as_its_basis(detecting: Protocol) -> None:
    why = {
        rule.principal: {(g.purpose, g.legal_basis) for g in found}
        for rule, found in grounds(detecting).items()
        if ".alerts.emerging." in rule.name
    }
    entitled = {
        f"banes.{e.party}": {(e.purpose, e.legal_basis)}
        for e in detecting.receives
        if e.party in {"council", "business"}
    }
    assert why == entitled


@pytest.mark.parametrize(
    ("change", "streams"),
    [
        ({}, {"police-incident": "central"}),
        ({"profile": "second"}, {"police-incident": "second"}),
        ({"profile": "personal"}, {}),
        ({"neighbour": "wiltshire"}, {}),
        ({"party": "police"}, {}),
        ({"datasets": ("council-asb",)}, {}),
    ],
)
def test_a_recipient_is_told_only_from_its_own_depersonalised_releases(
    detecting: Protocol, change: dict[str, Any], streams: dict[str, str]
) -> None:
    (entitlement,) = (e for e in detecting.receives if e.party == "fire")
    changed = detecting.model_copy(update={"receives": (entitlement.model_copy(update=change),)})
    assert watched_streams(changed, "fire") == streams


def test_of_two_profiles_of_a_dataset_the_fuller_one_is_used(detecting: Protocol) -> None:
    (entitlement,) = (e for e in detecting.receives if e.party == "fire")
    second = entitlement.model_copy(update={"profile": "second"})
    for both in ((entitlement, second), (second, entitlement)):
        changed = detecting.model_copy(update={"receives": both})
        assert watched_streams(changed, "fire") == {"police-incident": "central"}


def test_a_closed_dataset_is_in_no_finding_and_the_detector_can_go_on_reading(
    detecting: Protocol,
) -> None:
    """Without the right, the detector could not read the other datasets either."""
    closed = frozenset({"fire-incident"})
    assert watched_streams(detecting, "council", closed) == {"police-incident": "central"}
    assert of_detector(detecting) <= rules(detecting, closed)


@given(datasets=DATASETS, parties=PARTIES)
def test_the_detector_reads_no_release_that_no_recipient_reads(
    datasets: list[str], parties: list[str]
) -> None:
    protocol = with_problems(
        BANES, datasets=datasets, recipients=[{"party": party} for party in parties]
    )
    granted = rules(protocol)
    mine = {r for r in granted if r.principal == "banes.detector" and r.resource == "topic"}
    released = {r.name for r in mine if r.name.split(".")[1] == "depersonalised"}
    theirs = {(r.principal, r.name) for r in granted if r.operation == READ}
    assert all(any((f"banes.{p}", name) in theirs for p in parties) for name in released)
    assert {name.split(".")[3] for name in released} <= {*datasets}
    families = {r.name.split(".")[1] for r in mine if r.operation == READ}
    assert families <= {"depersonalised", "supplies", "receipts", "internal", "schemas"}


@given(datasets=DATASETS, parties=PARTIES)
def test_the_detector_reads_supplies_and_receipts_of_the_suppliers_of_its_releases_alone(
    datasets: list[str], parties: list[str]
) -> None:
    protocol = with_problems(
        BANES, datasets=datasets, recipients=[{"party": party} for party in parties]
    )
    read = {r.name for r in of_detector(protocol) if r.operation == READ}
    used = {name.split(".")[3] for name in read if ".depersonalised." in name}
    supplied = [s for s in protocol.supplies if s.dataset in used]
    assert {name for name in read if ".supplies." in name or ".receipts." in name} == {
        *(f"banes.supplies.{s.agency}.{s.dataset}" for s in supplied),
        *(f"banes.receipts.{s.agency}" for s in supplied),
    }
