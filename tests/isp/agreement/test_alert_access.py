"""The rights to domestic alerts: each recipient reads its own, and only the conflict officer the others."""

from __future__ import annotations

from collections import defaultdict

import pytest

from isp.agreement.access import grounds, people, principals, rules
from isp.agreement.protocol import COMPONENTS, Protocol
from isp.agreement.topics import topics
from isp.broker.quotas import wanted_quotas
from schemas.catalogue import Catalogue
from tests.isp.agreement.alerting import TERMS, with_alerts
from transport.client_names import ALERTER_SLOTS

READ, WRITE = "read", "write"


@pytest.fixture(scope="module")
def alerting(protocol: Protocol) -> Protocol:
    return with_alerts(protocol)


@pytest.fixture(scope="module")
def access(alerting: Protocol) -> dict[str, set[tuple[str, str]]]:
    """Return, by topic, each principal without the prefix and its operation."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for rule in rules(alerting):
        if rule.resource == "topic":
            found[rule.name].add((rule.principal.removeprefix("banes."), rule.operation))
    return found


EXPECTED = {
    "banes.internal.incidents": {("worker", WRITE), ("alerter", READ)},
    "banes.internal.prepared": {("alerter", WRITE), ("discloser", READ)},
    "banes.internal.alert-orders": {("recorder", WRITE), ("alerter", READ)},
    "banes.alerts.domestic.council": {("alerter", WRITE), ("council", READ)},
    "banes.alerts.conflict.council": {("alerter", WRITE), ("conflict.council", READ)},
    "banes.acknowledgements.council": {("council", WRITE), ("council", READ), ("alerter", READ)},
    "banes.staff.council": {
        ("conflict.council", WRITE),
        ("conflict.council", READ),
        ("alerter", READ),
    },
    "banes.deliveries.council": {("council", WRITE), ("council", READ)},
}


@pytest.mark.parametrize("topic", EXPECTED)
def test_a_topic_of_alerts_is_used_by_exactly_those_who_need_it(
    topic: str, access: dict[str, set[tuple[str, str]]]
) -> None:
    assert access[topic] == EXPECTED[topic]


def test_the_alerter_reads_no_original_record_and_no_release(
    access: dict[str, set[tuple[str, str]]],
) -> None:
    read = {name for name, who in access.items() if ("alerter", READ) in who}
    plain = {name for name in read if ".internal.state." not in name}
    assert plain == {
        "banes.internal.incidents", "banes.internal.cases", "banes.internal.alert-orders",
        "banes.internal.audit-heads", "banes.internal.protocol", "banes.schemas",
        "banes.acknowledgements.council", "banes.staff.council",
        "banes.acknowledgements.fire", "banes.staff.fire",
    }  # fmt: skip


def test_a_conflict_officer_reads_its_alerts_and_schemas_and_writes_its_list_of_staff_alone(
    alerting: Protocol,
) -> None:
    found = {
        (r.operation, r.resource, r.name)
        for r in rules(alerting)
        if r.principal == "banes.conflict.council"
    }
    assert found == {
        (READ, "topic", "banes.alerts.conflict.council"),
        (READ, "topic", "banes.staff.council"),
        (WRITE, "topic", "banes.staff.council"),
        (READ, "topic", "banes.schemas"),
        (READ, "group", "banes.conflict.council.reader"),
    }


def test_a_recipient_without_a_conflict_officer_has_no_such_login_or_topic(
    alerting: Protocol, catalogue: Catalogue
) -> None:
    assert {p for p in principals(alerting) if ".conflict." in p} == {"banes.conflict.council"}
    made = {t.name for t in topics(alerting, catalogue) if ".alerts.conflict." in t.name}
    assert made == {"banes.alerts.conflict.council"}


def test_people_log_in_as_a_party_or_as_its_conflict_officer(
    protocol: Protocol, alerting: Protocol
) -> None:
    parties = {party.id for party in protocol.parties}
    assert set(people(protocol)) == parties
    assert set(people(alerting)) == {*parties, "conflict.council"}


def test_every_login_but_the_processor_s_has_a_quota(alerting: Protocol) -> None:
    components = {f"banes.{name}" for name in COMPONENTS}
    assert wanted_quotas(alerting).keys() == {*principals(alerting)} - components


def test_without_alerts_the_alerter_has_no_login_and_no_right(protocol: Protocol) -> None:
    assert "banes.alerter" not in principals(protocol)
    assert not [r for r in rules(protocol) if "alerter" in r.principal or "alert" in r.name]


def test_alerts_take_no_right_away(protocol: Protocol, alerting: Protocol) -> None:
    assert rules(protocol) < rules(alerting)


def test_the_alerts_agents_share_one_group_and_each_slot_has_a_transactional_id(
    alerting: Protocol,
) -> None:
    own = {r for r in rules(alerting) if r.principal == "banes.alerter" and r.resource != "topic"}
    assert {(r.resource, r.name) for r in own} == {
        ("group", "banes.alerter.reader"),
        ("group", "banes.alerter.decide"),
        *(("transactional-id", f"banes.alerter.decide.{slot}") for slot in ALERTER_SLOTS),
    }


def test_the_right_to_alerts_has_the_terms_and_the_entitlements_as_its_basis(
    alerting: Protocol,
) -> None:
    why = {
        rule.principal: found
        for rule, found in grounds(alerting).items()
        if ".alerts." in rule.name
    }
    assert why.keys() == {"banes.council", "banes.fire"}
    terms = (TERMS["purpose"], TERMS["legal_basis"])
    assert terms in {(g.purpose, g.legal_basis) for g in why["banes.council"]}
    of_fire = {e.purpose for e in alerting.receives if e.party == "fire"}
    assert {g.purpose for g in why["banes.fire"]} <= of_fire


def test_only_the_recipient_of_releases_has_an_entitlement_as_basis_of_alerts(
    protocol: Protocol,
) -> None:
    by_case = with_alerts(protocol, recipients=[{"party": "fire", "depersonalised": False}])
    assert not [rule for rule in grounds(by_case) if ".alerts." in rule.name]
    assert [r for r in rules(by_case) if r.name == "banes.alerts.domestic.fire"]
