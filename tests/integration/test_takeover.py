"""A worker that takes over partitions decides on what the worker before has done, to its last batch."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from isp.agreement.topics import topics
from ops.embedded.stack import Stack
from schemas.wire import encoder
from streams.runtime.kafka_config import WorkerClients
from tests.integration.conftest import MakeSite
from tests.integration.records import incident
from tests.integration.site import STEADY_PRODUCER, Site
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

DATASET = "police-incident"
RECORDS = int(os.environ.get("IPU_TAKEOVER_RECORDS", "300"))
"""Set to 60000, with 400 a second, for the trial at full size."""
A_SECOND = int(os.environ.get("IPU_TAKEOVER_A_SECOND", "0"))
CORRECTED = max(100, RECORDS // 30)
OTHERS = 12_000


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "takeover")


def partitions_of(site: Site, slot: str) -> list[int]:
    """The partitions of the intake that the worker of a slot has."""
    group = WorkerClients({}, site.partnership.names.worker).group
    admin = AdminClient(site.partnership.admin)
    found = admin.describe_consumer_groups([group], request_timeout=PATIENCE_S)[group].result()
    return [
        at.partition
        for member in found.members
        if member.group_instance_id == f"{group}.{slot}"
        for at in member.assignment.topic_partitions
        if at.topic == site.intake(DATASET)
    ]


def publish(
    site: Site, partition: int, records: Iterable[dict[str, Any]], a_second: int = 0
) -> None:
    """Publish to one partition, at a rate."""
    encode = site.framed(DATASET, site.partnership.applied.schema_ids)
    producer = Producer({**site.partnership.client("police"), **STEADY_PRODUCER})
    began = time.monotonic()
    for number, record in enumerate(records):
        while a_second and number > (time.monotonic() - began) * a_second:
            producer.poll(0.01)
        name = record["incident_reference"].encode()
        producer.produce(site.intake(DATASET), encode(record), name, partition=partition)
        producer.poll(0)
    assert producer.flush(PATIENCE_S) == 0


def remember_much(site: Site) -> None:
    """Write, as a worker, what lies before all that the test's own workers write."""
    names, applied = site.partnership.names, site.partnership.applied
    made = topics(site.partnership.protocol, site.partnership.catalogue)
    topic = next(t for t in made if t.name == names.state("withdrawals"))
    encode = encoder(topic.schema, applied.schema_ids[topic.subject])
    producer = Producer({**site.partnership.client("worker"), **STEADY_PRODUCER})
    for number in range(OTHERS):
        note = blake2b(b"%d" % number, digest_size=8).digest()
        producer.produce(topic.name, encode({"value": note}), b"n" + note)
        producer.poll(0)
    assert producer.flush(PATIENCE_S) == 0


@dataclass(frozen=True)
class Trial:
    """One round: a worker releases, is killed for good, and its releases are to be taken back."""

    site: Site
    killed: str
    left: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [incident(f"I-{self.killed}-{n}") for n in range(RECORDS)]

    @property
    def corrections(self) -> list[dict[str, Any]]:
        return [{**record, "domestic": True} for record in self.records[-CORRECTED:]]

    def release(self) -> int:
        """Have the worker that will be killed release the records; its partition."""
        until(lambda: all(partitions_of(self.site, s) for s in "01"), PATIENCE_S, "two workers")
        partition = partitions_of(self.site, self.killed)[0]
        remember_much(self.site)
        publish(self.site, partition, self.records, A_SECOND)
        self.site.drain([DATASET])
        return partition

    def take_over(self, partition: int) -> None:
        """Wait until the worker that is left has the partition."""
        has = f"the takeover by {self.left}"
        until(lambda: partition in partitions_of(self.site, self.left), PATIENCE_S, has)

    def check(self) -> None:
        """All that was corrected is taken back, and nothing else of this round."""
        self.site.drain([DATASET])
        messages = self.site.read_all("business", self.site.released("second", DATASET))
        newest = {m.key(): m.value() for m in messages}
        name = self.site.namer("second", DATASET)
        released = {name(record).encode() for record in self.records}
        corrected = {name(record).encode() for record in self.corrections}
        assert {key for key in released if newest[key] is None} == corrected


@pytest.mark.timeout(1_200)
def test_what_a_worker_that_is_gone_released_is_taken_back_by_the_other(site: Site) -> None:
    """The corrections wait when the other takes over; or, the other way round, come after it has."""
    waiting, after = Trial(site, killed="0", left="1"), Trial(site, killed="1", left="0")
    with site.worker(slot="1") as second:
        with site.worker(slot="0") as first:
            partition = waiting.release()
            first.kill()
        publish(site, partition, waiting.corrections)
        waiting.take_over(partition)
        waiting.check()
        with site.worker(slot="0") as again:
            partition = after.release()
            second.kill()
            after.take_over(partition)
            publish(site, partition, after.corrections)
            after.check()
            assert again.code is None, again.log
