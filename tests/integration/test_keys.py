"""A new epoch reaches every worker that runs, before its day."""

from __future__ import annotations

from datetime import date

import pytest

from ops.embedded.stack import Stack
from ops.system import keys_of
from schemas.london import london_today
from tests.integration.conftest import MakeSite
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker


def test_a_worker_begins_again_with_the_keys_when_there_is_a_new_epoch(
    stack: Stack, site_of: MakeSite
) -> None:
    site = site_of(stack, "turning")
    keys = keys_of(stack)
    before = keys.file.read_text()
    with site.worker(supervised=True) as worker:
        worker.wait_ready()
        first = worker.child().pid
        keys.rotate(date(2200, 1, 1), london_today())
        try:
            until(
                lambda: "there is a new epoch of keys; exiting" in worker.log,
                PATIENCE_S,
                "the worker's end",
            )
            worker.wait_ready(starts=2)
            assert worker.child().pid != first
            assert "exited with code 0" in worker.log
        finally:
            keys.file.write_text(before)
            (keys.folder / "reference-2").unlink()
