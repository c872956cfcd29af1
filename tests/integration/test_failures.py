"""No record is skipped or duplicated, and no process hangs, when a dependency of the worker fails."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

import psutil  # type: ignore[import-untyped, unused-ignore]
import pytest

from isp.broker.changes import Change
from isp.broker.published import publish_schemas
from isp.broker.registration import Registration
from ops.embedded.processes import ProcessRecord
from ops.embedded.stack import Stack
from schemas.derive import intake_schema
from schemas.known_schemas import KnownSchemas
from schemas.wire import encoder
from tests.integration.conftest import MakeSite
from tests.integration.outcomes import Outcomes
from tests.integration.records import incident
from tests.integration.site import Site, free_port
from tests.integration.waiting import PATIENCE_S, until
from tests.integration.worker_process import FAULT

pytestmark = pytest.mark.broker

INCIDENTS = "police-incident"
LOAD = 10_000
NEWER = 1_000_000
POLICE = ("police", INCIDENTS)


@pytest.fixture
def site(fragile_stack: Stack, site_of: MakeSite, request: pytest.FixtureRequest) -> Site:
    """A partnership of the test's own."""
    return site_of(fragile_stack, str(request.param))


def named(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("site", [name], indirect=True)


def supply(site: Site, number: int, prefix: str = "I") -> None:
    site.publish(INCIDENTS, (incident(f"{prefix}-{n}") for n in range(number)))


def assert_each_came_out_once(site: Site, number: int) -> None:
    outcomes = Outcomes.of(site, INCIDENTS, {"central": "council", "second": "business"})
    assert len(outcomes.intake) == number
    assert outcomes.rejected.total() == 0
    for profile in ("central", "second"):
        name = site.namer(profile, INCIDENTS)
        ids = (name(incident(key.decode())) for key in outcomes.intake.values())
        assert outcomes.released[profile] == Counter(ids)
    assert site.receipts("police")["received"] == number


def received(site: Site, port: int) -> float:
    return site.samples(port).get("ipu_records_received_total", {}).get(POLICE, 0)


def halted(record: ProcessRecord) -> psutil.Process:
    process = psutil.Process(record.pid)
    process.suspend()
    return process


@named("raises")
def test_an_agent_that_raises_ends_the_worker_and_the_supervised_next_loses_nothing(
    site: Site,
) -> None:
    supply(site, 100)
    mark = site.folder / "raised"
    with site.worker(supervised=True, raises_once=str(mark)) as worker:
        site.drain()
        assert worker.code is None
    assert mark.exists()
    assert FAULT in worker.log
    assert "the worker exited with code 1; restarting it" in worker.log
    assert worker.starts == 2
    assert_each_came_out_once(site, 100)


@named("registry")
def test_a_registry_that_is_away_stops_nobody(site: Site) -> None:
    registry = halted(site.partnership.stack.registry)
    try:
        with site.worker() as worker:
            worker.wait_ready()
            supply(site, 10)
            site.drain()
            publish_newer_schema(site)
            encode = encoder(newer_schema(site), NEWER)
            raw = ((b"N-%d" % n, encode(incident(f"N-{n}"))) for n in range(10))
            site.publish_raw("police", site.intake(INCIDENTS), raw)
            site.drain()
            assert worker.code is None
    finally:
        registry.resume()
    assert_each_came_out_once(site, 20)


def newer_schema(site: Site) -> dict[str, object]:
    schema = intake_schema(site.partnership.catalogue.record_type(INCIDENTS))
    added = {"name": "ward", "type": ["null", "string"], "default": None}
    return schema | {"fields": [*schema["fields"], added]}


def publish_newer_schema(site: Site) -> None:
    """Make a newer version of incidents known, as an application of the next release does."""
    partnership = site.partnership
    ids, text = partnership.applied.schema_ids, json.dumps(newer_schema(site))
    registration = Registration(ids, Change(), KnownSchemas({}), {NEWER: text})
    publish_schemas(partnership.admin, partnership.protocol, partnership.catalogue, registration)


@named("stuck")
def test_a_transaction_that_gets_stuck_ends_the_worker_and_nothing_is_lost_or_doubled(
    site: Site,
) -> None:
    supply(site, LOAD)
    port = free_port()
    with site.worker(supervised=True, metrics_port=port, watchdog_s=10.0) as worker:
        until(
            lambda: worker.starts == 1 and received(site, port) > 0, PATIENCE_S, "the first batch"
        )
        stuck = worker.child().pid
        broker = halted(site.partnership.stack.broker)
        try:
            until(lambda: not psutil.pid_exists(stuck), PATIENCE_S, "the end of the stuck worker")
        finally:
            broker.resume()
        assert "Timeout (0:00:" in worker.log
        site.drain()
    assert_each_came_out_once(site, LOAD)


@named("halted")
def test_a_commit_that_the_broker_answers_late_doubles_and_loses_nothing(site: Site) -> None:
    supply(site, 300)
    mark = site.folder / "halted"
    try:
        with site.worker(halts_once=str(mark)) as worker:
            site.drain()
            assert worker.code is None
    finally:
        psutil.Process(site.partnership.stack.broker.pid).resume()
    assert mark.exists()
    assert "replacing the producer" in worker.log
    assert worker.starts == 1
    assert_each_came_out_once(site, 300)


@named("stopped")
def test_a_stop_under_load_finishes_the_batch_and_is_a_success(site: Site) -> None:
    supply(site, LOAD)
    port = free_port()
    with site.worker(metrics_port=port) as worker:
        until(
            lambda: worker.starts == 1 and received(site, port) > 0, PATIENCE_S, "the first batch"
        )
        worker.terminate()
        assert worker.wait(PATIENCE_S) == 0
    left = site.waiting()
    assert 0 < left < LOAD
    assert site.receipts("police")["received"] == LOAD - left
    with site.worker(supervised=True) as supervised:
        site.drain()
        supervised.terminate()
        assert supervised.wait(PATIENCE_S) == 0
    assert_each_came_out_once(site, LOAD)


@named("slots")
def test_a_second_worker_of_the_same_slot_takes_the_place_of_the_first(site: Site) -> None:
    with site.worker() as first:
        first.wait_ready()
        supply(site, 50)
        site.drain()
        # On another machine: on this one the state store lets in one alone.
        with site.worker(state="state-of-another-machine") as second:
            second.wait_ready()
            supply(site, 50, "J")
            assert first.wait(PATIENCE_S) != 0
            site.drain()
            assert second.code is None
    assert "fenced" in first.log.lower()
    assert_each_came_out_once(site, 100)


@named("pair")
def test_workers_of_two_slots_share_the_load_and_double_nothing(site: Site) -> None:
    ports = free_port(), free_port()
    with (
        site.worker(slot="0", metrics_port=ports[0]) as first,
        site.worker(slot="1", metrics_port=ports[1]) as second,
    ):
        first.wait_ready()
        second.wait_ready()
        until(
            lambda: all(assigned(site, port) for port in ports),
            PATIENCE_S,
            "both workers' partitions",
        )
        supply(site, LOAD)
        site.drain()
        # The first had all partitions before the second came.
        until(
            lambda: sorted(told(site, ports)) == partitions(site),
            PATIENCE_S,
            "each partition told once",
        )
        assert [worker.code for worker in (first, second)] == [None, None]
    assert_each_came_out_once(site, LOAD)


def assigned(site: Site, port: int) -> int:
    return len(site.samples(port).get("ipu_consumer_lag_records", {}))


def told(site: Site, ports: Iterable[int]) -> list[tuple[str, ...]]:
    """Return the partitions whose lag is shown, once for each worker that shows it."""
    return [at for port in ports for at in site.samples(port).get("ipu_consumer_lag_records", {})]


def partitions(site: Site) -> list[tuple[str, ...]]:
    """Return every partition of the intake, with its labels in the order of the metrics page."""
    intake = [site.intake(s.dataset) for s in site.partnership.protocol.supplies]
    return sorted((str(number), topic) for topic in intake for number in site.ends(topic))
