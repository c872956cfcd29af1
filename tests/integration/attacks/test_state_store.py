"""A worker that is killed decides as before, whether its state store on disk is kept or lost."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ops.embedded.stack import Stack
from ops.worker import STATE_FOLDER
from tests.integration.conftest import MakeSite
from tests.integration.records import incident
from tests.integration.site import Site
from tests.integration.waiting import PATIENCE_S, until
from tests.integration.worker_process import WorkerProcess

pytestmark = pytest.mark.broker

DATASET = "police-incident"
RECORDS = 900
CORRECTED = 40


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "statestore")


def leave(_store: Path) -> None:
    """Leave the store as the worker's death left it."""


FATES: list[tuple[Callable[[Path], object], str]] = [
    (leave, ""),
    (shutil.rmtree, " is new"),
]


def kill_in_the_middle(site: Site, worker: WorkerProcess) -> None:
    """Kill it once some of what was published is released, and the rest waits or is under way."""
    released = site.released("second", DATASET)
    until(lambda: sum(site.ends(released).values()) > CORRECTED, PATIENCE_S, "some releases")
    worker.kill()


def test_after_a_kill_all_that_was_released_is_taken_back_with_the_store_or_without(
    site: Site, stack: Stack
) -> None:
    store = stack.run_dir / STATE_FOLDER / f"{site.partnership.names.worker}.0"
    records = [incident(f"I-{number}") for number in range(RECORDS)]
    with site.worker() as worker:
        worker.wait_ready()
        site.publish(DATASET, records)
        kill_in_the_middle(site, worker)
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    for turn, (become, said) in enumerate(FATES):
        become(store)
        part = records[turn * CORRECTED : (turn + 1) * CORRECTED]
        with site.worker() as worker:
            site.publish(DATASET, [{**record, "domestic": True} for record in part])
            site.drain([DATASET])
            worker.kill()
            assert said in worker.log
            assert ("state store" in worker.log) == bool(said)
    newest = {
        m.key(): m.value() for m in site.read_all("business", site.released("second", DATASET))
    }
    name = site.namer("second", DATASET)
    gone = {name(record).encode() for record in records[: len(FATES) * CORRECTED]}
    assert set(newest) == {name(record).encode() for record in records}
    assert {key for key, value in newest.items() if value is None} == gone
