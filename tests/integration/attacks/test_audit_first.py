"""A record whose audit entry cannot be written is unreadable, also for `read_uncommitted` consumers."""

from __future__ import annotations

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from ops.embedded.stack import Stack
from tests.integration.conftest import MakeSite
from tests.integration.records import incident
from tests.integration.site import COMMITTED_READER, Site, _up_to
from tests.integration.test_worker_rights import without
from tests.integration.waiting import PATIENCE_S

pytestmark = pytest.mark.broker

RECORDS = 20


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "auditfirst")


def read_uncommitted(site: Site, party: str, topic: str) -> list[bytes]:
    """Return the keys of all messages in a topic, committed or not."""
    client = site.partnership.client(party)
    settings = {
        "group.id": f"{client['sasl.username']}.reader",
        "isolation.level": "read_uncommitted",
    }
    consumer = Consumer({**client, **COMMITTED_READER, **settings})
    ends = site.ends(topic)
    try:
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in ends])
        return [bytes(message.key() or b"") for message in _up_to(consumer, ends)]
    finally:
        consumer.close()


def test_a_release_whose_audit_is_refused_cannot_be_read_uncommitted(site: Site) -> None:
    topic, audit = site.released("central", "police-incident"), site.partnership.names.audit
    site.publish("police-incident", [incident(f"I-{n}") for n in range(RECORDS)])
    with without(site, "write", "topic", audit), site.worker() as worker:
        assert worker.wait(PATIENCE_S) != 0
        assert audit in worker.log
        assert "authorization" in worker.log.lower()
    assert read_uncommitted(site, "council", topic) == []
    with site.worker():
        site.drain()
    assert len(read_uncommitted(site, "council", topic)) == RECORDS
