"""No record is lost and none is doubled, whoever is killed under load."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ops.embedded import stack as embedded
from ops.embedded.stack import Stack
from ops.reference import INDEX_FOLDER
from ops.settings import Settings
from tests.integration.conftest import MakeSite
from tests.integration.outcomes import Outcomes
from tests.integration.records import incident
from tests.integration.site import Raw, Site
from tests.integration.traffic import Publisher, Reader
from tests.integration.waiting import until

pytestmark = pytest.mark.broker

DATASET = "police-incident"
RATE = 700.0
AT_LEAST = 20_000
KILLS = 3
STRIDE = 1_500
"""Records that must come out between one blow and the next."""

WORKER_S, BROKER_S = 10.0, 30.0


def kind(number: int) -> bytes:
    """What the key says of a record: one in fifty cannot be used, one in a hundred is domestic."""
    match number % 100:
        case 0:
            return b"undecodable"
        case 50:
            return b"dateless"
        case 7:
            return b"domestic"
    return b"plain"


@pytest.fixture(scope="module")
def fresh(fragile_settings: Settings, site_of: MakeSite, index: Path) -> Site:
    stack = embedded.start(fragile_settings, report=print)
    (stack.run_dir / INDEX_FOLDER).symlink_to(index)
    return site_of(stack, "proof")


def supply(site: Site) -> Publisher:
    encode = site.framed(DATASET, site.partnership.applied.schema_ids)

    def make(number: int) -> Raw:
        what = kind(number)
        key = b"%s-%d" % (what, number)
        if what == b"undecodable":
            return key, b"no Avro: %d" % number
        record = incident(key.decode(), domestic=what == b"domestic")
        if what == b"dateless":
            record["incident_date"] = None
        return key, encode(record)

    return Publisher(site, DATASET, RATE, make)


@pytest.mark.timeout(280)
def test_every_record_has_one_outcome_though_worker_and_broker_are_killed_under_load(
    fresh: Site, fragile_settings: Settings, fragile_stack: Stack
) -> None:
    central = fresh.released("central", DATASET)
    worker_seconds = []
    with (
        fresh.worker(supervised=True, by_command=True) as worker,
        Reader(fresh, "council", central) as reader,
        supply(fresh) as publisher,
    ):
        for number in range(1, KILLS + 1):
            reader.until_more(STRIDE, 60)
            child = worker.child()
            killed = time.monotonic()
            child.kill()
            worker_seconds.append(reader.until_resumed(killed, 3 * WORKER_S))
            assert worker.log.count("exited with code -9") == number
        reader.until_more(STRIDE, 30)
        assert embedded.kill_broker(fragile_settings)
        embedded.restart_broker(fragile_settings, report=print)
        broker_seconds = reader.until_resumed(time.monotonic(), 3 * BROKER_S)
        reader.until_more(STRIDE, 30)
        until(lambda: publisher.published >= AT_LEAST, 90, f"{AT_LEAST} published records")
    print("readable again after a worker's death:", *(f"{s:.1f} s" for s in worker_seconds))
    print(f"readable again after the broker's return: {broker_seconds:.1f} s")
    assert publisher.failures == []
    assert publisher.delivered == publisher.published >= AT_LEAST
    with fresh.worker():
        fresh.drain()
    assert_every_record_has_one_outcome(fresh, publisher.published)
    assert max(worker_seconds) < WORKER_S
    assert broker_seconds < BROKER_S


def assert_every_record_has_one_outcome(site: Site, published: int) -> None:
    outcomes = Outcomes.of(site, DATASET, {"central": "council", "second": "business"})
    assert len(outcomes.intake) == len(set(outcomes.intake.values())) == published
    assert outcomes.rejected == outcomes.places(unusable)
    central = expected(site, outcomes, "central", lambda key: not unusable(key))
    second = expected(
        site, outcomes, "second", lambda key: not unusable(key) and not key.startswith(b"domestic")
    )
    assert outcomes.released["central"] == central
    assert outcomes.released["second"] == second
    receipts = site.receipts("police")
    assert receipts["received"] == published
    assert receipts["rejected"] == outcomes.rejected.total()
    assert receipts["accepted"] == published - receipts["rejected"]
    assert receipts["released.central"] == central.total()
    assert receipts["released.second"] == second.total()
    assert receipts["held"] == 0


def unusable(key: bytes) -> bool:
    return key.startswith((b"undecodable", b"dateless"))


def expected(
    site: Site, outcomes: Outcomes, profile: str, chosen: Callable[[bytes], bool]
) -> Counter[str]:
    """By record id, the one release that each chosen record must have."""
    name = site.namer(profile, DATASET)
    return Counter(name(incident(key.decode())) for key in outcomes.keys(chosen))
