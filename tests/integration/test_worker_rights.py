"""A worker that lacks a right ends with a message that names it; it never waits in silence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka.admin import AdminClient

from isp.agreement.access import rules
from isp.broker.rules import grant_rules, revoke_rules
from ops.embedded.stack import Stack
from tests.integration.conftest import MakeSite
from tests.integration.records import incident
from tests.integration.site import Site
from tests.integration.waiting import PATIENCE_S
from tests.integration.worker_process import WorkerProcess

pytestmark = pytest.mark.broker

INTAKE = "rights.intake.police.police-incident"
RELEASED = "rights.depersonalised.central.police-incident"
READER_GROUP = "rights.worker.reader"
GROUP = "rights.worker.pipeline"
TRANSACTIONAL_ID = "rights.worker.pipeline.0"


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "rights")


@contextmanager
def without(site: Site, operation: str, resource: str, name: str) -> Iterator[None]:
    """Take one of the worker's rights away, and give it back with the block's end."""
    wanted = rules(site.partnership.protocol)
    lost = {
        rule
        for rule in wanted
        if rule.principal == site.partnership.names.worker
        and (rule.operation, rule.resource, rule.name) == (operation, resource, name)
    }
    assert len(lost) == 1
    admin, prefix = AdminClient(site.partnership.admin), site.partnership.protocol.prefix
    revoke_rules(admin, prefix, wanted - lost)
    try:
        yield
    finally:
        grant_rules(admin, prefix, wanted)


def assert_it_ends_naming(worker: WorkerProcess, resource: str, error: str) -> None:
    assert worker.wait(PATIENCE_S) != 0
    said = [line for line in worker.log.splitlines() if resource in line and error in line.lower()]
    assert said, worker.log


@pytest.mark.parametrize(
    ("operation", "resource", "name", "named"),
    [
        ("read", "topic", INTAKE, INTAKE),
        ("read", "group", READER_GROUP, READER_GROUP),
        ("read", "group", GROUP, GROUP),
        ("write", "transactional-id", TRANSACTIONAL_ID, TRANSACTIONAL_ID),
    ],
)
def test_a_worker_without_a_right_to_begin_with_ends_and_says_which(
    site: Site, operation: str, resource: str, name: str, named: str
) -> None:
    with without(site, operation, resource, name), site.worker() as worker:
        assert_it_ends_naming(worker, named, "authorization")


def test_a_worker_that_may_not_write_a_release_ends_and_loses_nothing(site: Site) -> None:
    with without(site, "write", "topic", RELEASED), site.worker() as worker:
        worker.wait_ready()
        site.publish("police-incident", [incident("I-1")])
        assert_it_ends_naming(worker, RELEASED, "authorization")
    assert site.waiting() == 1
    with site.worker():
        site.drain()
    assert len(site.read_all("council", RELEASED)) == 1


def test_a_worker_that_loses_a_right_while_it_runs_ends_too(site: Site) -> None:
    with site.worker() as worker:
        worker.wait_ready()
        site.publish("police-incident", [incident("I-2")])
        site.drain()
        with without(site, "read", "topic", INTAKE):
            assert_it_ends_naming(worker, INTAKE, "authorization")
