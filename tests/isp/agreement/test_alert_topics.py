"""The topics of domestic alerts: one partition, marked as personal, and withdrawn in time."""

from __future__ import annotations

import fastavro
import pytest

from isp.agreement.protocol import Protocol
from isp.agreement.topics import DAY_MS, MAXIMUM_INTAKE_BYTES, TOMBSTONE_DAYS, Topic, topics
from schemas.catalogue import Catalogue
from tests.isp.agreement.alerting import with_alerts

ADDED = {
    "banes.internal.incidents", "banes.internal.prepared", "banes.internal.alert-orders",
    "banes.alerts.domestic.council", "banes.alerts.conflict.council", "banes.acknowledgements.council",
    "banes.staff.council", "banes.deliveries.council",
    "banes.alerts.domestic.fire", "banes.acknowledgements.fire", "banes.staff.fire", "banes.deliveries.fire",
}  # fmt: skip


@pytest.fixture(scope="module")
def added(protocol: Protocol, catalogue: Catalogue) -> dict[str, Topic]:
    """Return the topics that only a protocol with alerts has, by name."""
    before = {topic.name for topic in topics(protocol, catalogue)}
    after = topics(with_alerts(protocol), catalogue)
    # The topic of the alerts agent's state is tested with the state.
    new = {t.name: t for t in after if t.name not in before and ".internal.state." not in t.name}
    assert before <= {topic.name for topic in after}
    return new


def test_only_a_protocol_with_alerts_has_their_topics(added: dict[str, Topic]) -> None:
    assert added.keys() == ADDED


def test_each_topic_of_alerts_has_one_partition(added: dict[str, Topic]) -> None:
    assert {topic.partitions for topic in added.values()} == {1}


def test_what_tells_of_people_is_marked_so_and_a_mere_acknowledgement_is_not(
    added: dict[str, Topic],
) -> None:
    plain = {n for n, topic in added.items() if not topic.marking.endswith("PERSONAL DATA")}
    assert {name.split(".")[1] for name in plain} == {"acknowledgements", "deliveries"}


def test_an_alert_lasts_its_days_and_a_withdrawn_one_is_gone_within_a_day(
    added: dict[str, Topic], protocol: Protocol, catalogue: Catalogue
) -> None:
    longer = topics(with_alerts(protocol, alert_days=60), catalogue)
    for found, days in ((tuple(added.values()), 28), (longer, 60)):
        alerts = [topic for topic in found if topic.family == "alerts"]
        assert {t.retention_ms for t in alerts} == {days * DAY_MS}
        assert {t.config["cleanup.policy"] for t in alerts} == {"compact,delete"}
        assert {t.config["max.compaction.lag.ms"] for t in alerts} == {str(DAY_MS)}
        tombstones = {int(t.config["delete.retention.ms"]) for t in alerts}
        assert tombstones == {min(days, TOMBSTONE_DAYS) * DAY_MS}


def test_the_facts_of_a_record_last_no_longer_than_it_and_an_erasure_replaces_them_in_a_day(
    added: dict[str, Topic], protocol: Protocol
) -> None:
    facts = added["banes.internal.incidents"]
    assert facts.retention_ms == protocol.retention.intake_days * DAY_MS
    assert facts.config["cleanup.policy"] == "compact,delete"
    assert facts.config["max.compaction.lag.ms"] == str(DAY_MS)


def test_staff_and_orders_last_until_they_are_replaced(added: dict[str, Topic]) -> None:
    lasting = {name for name, t in added.items() if t.config["cleanup.policy"] == "compact"}
    assert lasting == {"banes.internal.alert-orders", "banes.staff.council", "banes.staff.fire"}
    removed = int(added["banes.staff.fire"].config["delete.retention.ms"])
    assert removed == TOMBSTONE_DAYS * DAY_MS, "an agent that was stopped sees who left the staff"


def test_what_a_recipient_writes_is_small_unpacked_and_dated_by_the_broker(
    added: dict[str, Topic],
) -> None:
    written = [t for n, t in added.items() if t.owner in {"council", "fire"}]
    assert {t.family for t in written} == {"acknowledgements", "staff", "deliveries"}
    for topic in written:
        assert topic.config["compression.type"] == "uncompressed"
        assert topic.config["message.timestamp.type"] == "LogAppendTime"
        assert int(topic.config["max.message.bytes"]) <= MAXIMUM_INTAKE_BYTES
        assert topic.config["max.decompressed.message.bytes"] == topic.config["max.message.bytes"]


def test_the_schema_of_each_topic_of_alerts_can_be_written(added: dict[str, Topic]) -> None:
    for topic in added.values():
        fastavro.parse_schema(topic.schema)
