"""The topics of emerging problems: findings of depersonalised releases, and the state of the detector."""

from __future__ import annotations

import fastavro
import pytest

from isp.agreement.protocol import Protocol
from isp.agreement.topics import (
    DAY_MS,
    STATE_SLACK_DAYS,
    TOMBSTONE_DAYS,
    Topic,
    state_days,
    topics,
)
from schemas.catalogue import Catalogue
from schemas.state import STATE_TOMBSTONE_DAYS
from tests.isp.agreement.alerting import with_alerts
from tests.isp.agreement.detecting import with_problems

FINDINGS = ("banes.alerts.emerging.council", "banes.alerts.emerging.business")
STATE = "banes.internal.state.problems"


@pytest.fixture(scope="module")
def added(protocol: Protocol, catalogue: Catalogue) -> dict[str, Topic]:
    """Return the topics that only a protocol with emerging problems has, by name."""
    before = {topic.name for topic in topics(protocol, catalogue)}
    after = topics(with_problems(protocol), catalogue)
    assert before <= {topic.name for topic in after}
    return {topic.name: topic for topic in after if topic.name not in before}


def test_only_a_protocol_with_emerging_problems_has_their_topics(added: dict[str, Topic]) -> None:
    assert added.keys() == {*FINDINGS, STATE}
    assert {topic.owner for topic in added.values()} == {"detector"}
    assert {topic.partitions for topic in added.values()} == {1}


@pytest.mark.parametrize("name", FINDINGS)
def test_a_finding_is_marked_as_the_releases_that_it_is_made_of(
    name: str, added: dict[str, Topic], protocol: Protocol, catalogue: Catalogue
) -> None:
    released = {t.marking for t in topics(protocol, catalogue) if t.family == "depersonalised"}
    assert {added[name].marking} == released
    fastavro.parse_schema(added[name].schema)


@pytest.mark.parametrize("days", [28, 60, 366])
def test_a_finding_lasts_its_days_and_one_that_was_replaced_is_gone_within_a_day(
    days: int, protocol: Protocol, catalogue: Catalogue
) -> None:
    found = topics(with_problems(protocol, keep_days=days), catalogue)
    for topic in (t for t in found if t.family == "findings"):
        assert topic.retention_ms == days * DAY_MS
        assert topic.config["cleanup.policy"] == "compact,delete"
        assert topic.config["max.compaction.lag.ms"] == str(DAY_MS)
        assert int(topic.config["delete.retention.ms"]) == min(days, TOMBSTONE_DAYS) * DAY_MS


@pytest.mark.parametrize(
    ("history", "retained", "days"), [(400, 1_095, 400), (1_830, 1_095, 1_095), (400, 399, 399)]
)
def test_a_case_counts_for_the_history_and_no_longer_than_releases_are_retained(
    history: int, retained: int, days: int, protocol: Protocol, catalogue: Catalogue
) -> None:
    keep = protocol.retention.model_copy(update={"depersonalised_days": retained})
    changed = with_problems(protocol, history_days=history).model_copy(update={"retention": keep})
    assert state_days(changed, "detector") == {"problems": days}
    assert state_days(changed) == state_days(protocol.model_copy(update={"retention": keep}))
    (state,) = (t for t in topics(changed, catalogue) if t.name == STATE)
    assert state.retention_ms == (days + STATE_SLACK_DAYS) * DAY_MS
    assert state.config["cleanup.policy"] == "compact,delete"
    assert int(state.config["delete.retention.ms"]) == STATE_TOMBSTONE_DAYS * DAY_MS


def test_alerts_and_emerging_problems_are_independent_of_one_another(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    def named(changed: Protocol) -> set[str]:
        return {topic.name for topic in topics(changed, catalogue)}

    both = with_problems(with_alerts(protocol))
    assert named(both) == named(with_alerts(protocol)) | named(with_problems(protocol))
    assert state_days(with_alerts(protocol), "detector") == {}
    assert state_days(with_problems(protocol), "alerter") == {}
