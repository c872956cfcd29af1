"""Topics follow from the protocol: names, retention, sizes and schemas."""

from __future__ import annotations

import fastavro
import pytest

from isp.agreement.access import rules
from isp.agreement.alerts import Alerts, DomesticAlerts
from isp.agreement.protocol import Protocol
from isp.agreement.topics import (
    DAY_MS,
    MAXIMUM_INTAKE_BYTES,
    MAXIMUM_MESSAGE_BYTES,
    RELEASES,
    STATE_SLACK_DAYS,
    Names,
    state_days,
    topics,
)
from schemas.catalogue import Catalogue
from schemas.state import RENEWAL_DAYS, STATE_TOMBSTONE_DAYS


def test_every_topic_begins_with_the_partnership_and_stands_once(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    names = [topic.name for topic in topics(protocol, catalogue)]
    assert len(names) == len(set(names))
    assert all(name.startswith("banes.") for name in names)
    assert names == sorted(names)


def test_each_supply_has_intake_and_rejected_topics_of_its_retention(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    by_name = {topic.name: topic for topic in topics(protocol, catalogue)}
    for supply in protocol.supplies:
        tail = f"{supply.agency}.{supply.dataset}"
        intake, rejected = by_name[f"banes.intake.{tail}"], by_name[f"banes.rejected.{tail}"]
        assert intake.config["retention.ms"] == str(protocol.retention.intake_days * DAY_MS)
        assert intake.partitions == supply.partitions
        assert rejected.maximum_bytes > intake.maximum_bytes, "a rejection wraps an intake record"


def test_a_release_has_a_topic_only_where_somebody_is_entitled(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    released = {
        (topic.profile, topic.dataset)
        for topic in topics(protocol, catalogue)
        if topic.family == "depersonalised"
    }
    assert released == {(e.profile, d) for e in protocol.receives for d in e.datasets}


@pytest.mark.parametrize("window", [28, 365, 3_660])
@pytest.mark.parametrize(("depersonalised", "personal"), [(1, 1), (1_095, 28), (30, 4_000)])
def test_the_state_of_workers_outlasts_what_it_protects(
    protocol: Protocol, catalogue: Catalogue, window: int, depersonalised: int, personal: int
) -> None:
    """State lasts as long as its releases, also if a release used an entry too new to be written again."""
    days = {"depersonalised_days": depersonalised, "personal_days": personal}
    retention = protocol.retention.model_copy(update=days)
    combinations = protocol.sanitising.combinations.model_copy(update={"window_days": window})
    sanitising = protocol.sanitising.model_copy(update={"combinations": combinations})
    changed = protocol.model_copy(update={"retention": retention, "sanitising": sanitising})
    made = topics(changed, catalogue)
    state = {t.name.rpartition(".")[2]: t for t in made if ".internal.state." in t.name}
    assert set(state) == {"withdrawals", "dates-ages", "combinations"}
    longest = max(t.retention_ms for t in made if t.family in RELEASES)
    for topic in state.values():
        assert topic.retention_ms > longest + RENEWAL_DAYS * DAY_MS
        assert topic.config["cleanup.policy"] == "compact,delete"
    assert state["combinations"].retention_ms > (window + RENEWAL_DAYS) * DAY_MS
    slack = STATE_SLACK_DAYS * DAY_MS
    for kind, counted in state_days(changed).items():
        assert state[kind].retention_ms >= counted * DAY_MS + slack
        assert counted * DAY_MS > longest + RENEWAL_DAYS * DAY_MS
    (earlier,) = (t for t in made if t.name == "banes.internal.memory")
    assert earlier.retention_ms == max(t.retention_ms for t in state.values())


@pytest.mark.parametrize(("history", "level", "total"), [(365, 365, 393), (30, 90, 118)])
def test_the_state_of_alerts_outlasts_each_event_that_an_alert_can_depend_on(
    protocol: Protocol, catalogue: Catalogue, history: int, level: int, total: int
) -> None:
    """An alert can change for 28 days, and counts the events of the history, and those of its levels."""
    levels = [{"name": "standard", "rule": "repeat", "days": level}]
    domestic = DomesticAlerts.model_validate(
        {
            "datasets": ["police-incident"],
            "recipients": [{"party": "council"}],
            "levels": levels,
            "history_days": history,
        }
    )
    with_alerts = protocol.model_copy(update={"alerts": Alerts(domestic=domestic)})
    assert state_days(with_alerts, "alerter") == {"incidents": total}
    assert state_days(with_alerts) == state_days(protocol)
    name = Names(protocol.prefix).state("incidents")
    (topic,) = (t for t in topics(with_alerts, catalogue) if t.name == name)
    assert topic.retention_ms == (total + STATE_SLACK_DAYS) * DAY_MS
    assert topic.config["cleanup.policy"] == "compact,delete"
    # A worker that was stopped for less still gets each deletion.
    assert int(topic.config["delete.retention.ms"]) == STATE_TOMBSTONE_DAYS * DAY_MS
    assert int(topic.config["segment.bytes"]) <= 16 * 1024 * 1024
    principals = {(r.principal, r.operation) for r in rules(with_alerts) if r.name == name}
    alerter = Names(protocol.prefix).alerter
    assert principals == {(alerter, "read"), (alerter, "write")}


def test_a_protocol_without_alerts_has_no_state_of_alerts(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    name = Names(protocol.prefix).state("incidents")
    assert state_days(protocol, "alerter") == {}
    assert name not in {topic.name for topic in topics(protocol, catalogue)}
    assert name not in {rule.name for rule in rules(protocol)}


def test_what_a_worker_reads_at_each_start_is_compacted_within_a_day_in_small_pieces(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    """Each batch writes to these topics, and the broker does not compact the active segment."""
    names = Names(protocol.prefix)
    read = {
        rule.name
        for rule in rules(protocol)
        if (rule.principal, rule.operation, rule.resource) == (names.worker, "read", "topic")
    }
    written = {
        rule.name
        for rule in rules(protocol)
        if (rule.principal, rule.operation, rule.resource) == (names.worker, "write", "topic")
    }
    whole = [t for t in topics(protocol, catalogue) if t.name in read & written]
    assert {t.name for t in whole} >= {names.audit_heads, names.state("withdrawals"), names.memory}
    for topic in whole:
        assert "compact" in topic.config["cleanup.policy"]
        assert int(topic.config["segment.bytes"]) <= 16 * 1024 * 1024
        assert int(topic.config["max.compaction.lag.ms"]) <= DAY_MS
        assert int(topic.config["delete.retention.ms"]) <= 60_000


def test_every_topic_has_an_avro_schema_and_a_marking(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    for topic in topics(protocol, catalogue):
        fastavro.parse_schema(topic.schema)
        personal = topic.family in ("intake", "rejected", "letters", "inbox")
        personal = personal or topic.name.endswith(".cases")
        assert topic.marking == "RESTRICTED" + (" – PERSONAL DATA" if personal else "")
        assert topic.subject == f"{topic.name}-value"


def test_what_a_partner_writes_is_small_and_unpacked_by_the_broker(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    parties = {Names(protocol.prefix).principal(party.id) for party in protocol.parties}
    written = {
        rule.name
        for rule in rules(protocol)
        if rule.principal in parties and (rule.operation, rule.resource) == ("write", "topic")
    }
    open_to_partners = [t for t in topics(protocol, catalogue) if t.name in written]
    assert len(open_to_partners) == len(written)
    for topic in open_to_partners:
        assert topic.config["compression.type"] == "uncompressed"
        assert int(topic.config["max.message.bytes"]) <= MAXIMUM_INTAKE_BYTES
        assert topic.config["max.decompressed.message.bytes"] == topic.config["max.message.bytes"]


def test_no_topic_takes_more_than_the_largest_message(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    assert max(t.maximum_bytes for t in topics(protocol, catalogue)) <= MAXIMUM_MESSAGE_BYTES


def test_a_name_says_whose_it_is_and_of_which_case(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    names = Names("banes")
    known = [topic.name for topic in topics(protocol, catalogue)]
    assert all(names.owns(name) and names.case_of(name) is None for name in known)
    assert names.case_of(names.disclosed("0123456789abcdef")) == "0123456789abcdef"
    assert {
        rule.name for rule in rules(protocol) if rule.prefixed and rule.resource == "topic"
    } == {names.every_disclosed}
    assert names.party_of(names.principal("council")) == "council"
    for foreign in ("barnet.council", "banes", "banes2.disclosed.x", "council", ""):
        assert (names.owns(foreign), names.party_of(foreign)) == (False, None)
        assert names.case_of(foreign) is None
