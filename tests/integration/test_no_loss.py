"""No record is lost and none is doubled, whoever is killed under load."""

from __future__ import annotations

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
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

DATASET = "police-incident"
RATE = 400.0
"""A second: a third more than a worker is to keep up with."""
AT_LEAST = 12_000
KILLS = 3
STRIDE = 1_000
"""Records that must come out between one blow and the next."""


def kind(number: int) -> bytes:
    """Return the kind of a record, for its key: one in fifty cannot be used, one in a hundred is domestic."""
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


def test_every_record_has_one_outcome_though_worker_and_broker_are_killed_under_load(
    fresh: Site, fragile_settings: Settings, fragile_stack: Stack
) -> None:
    central = fresh.released("central", DATASET)
    with (
        fresh.worker(supervised=True, by_command=True) as worker,
        Reader(fresh, "council", central) as reader,
        supply(fresh) as publisher,
    ):
        for number in range(1, KILLS + 1):
            reader.until_more(STRIDE)
            worker.child().kill()
            reader.until_resumed()
            assert worker.log.count("exited with code -9") == number
        reader.until_more(STRIDE)
        assert embedded.kill_broker(fragile_settings)
        embedded.restart_broker(fragile_settings, report=print)
        reader.until_resumed()
        reader.until_more(STRIDE)
        until(lambda: publisher.published >= AT_LEAST, PATIENCE_S, f"{AT_LEAST} published records")
    assert publisher.failures == []
    assert publisher.delivered == publisher.published >= AT_LEAST
    with fresh.worker():
        fresh.drain()
    assert_every_record_has_one_outcome(fresh, publisher.published)


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
