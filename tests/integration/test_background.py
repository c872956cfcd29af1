"""The worker in the background runs by what stands now: it starts again when that changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import background
from ops.embedded import processes
from ops.embedded.stack import Stack
from ops.reference import GAZETTEER_FOLDER, INDEX_FOLDER
from sanitiser.build.gazetteer_build import build_gazetteer
from sanitiser.places.postcode_store import METADATA_FILE
from tests.integration.conftest import MakeSite
from tests.integration.site import Site

pytestmark = pytest.mark.broker

SLOT = "6"


@pytest.fixture
def own_index(stack: Stack, index: Path) -> Iterator[Path]:
    """An index of the run directory's own, which a test may change."""
    folder = stack.run_dir / INDEX_FOLDER
    assert not folder.exists()
    shutil.copytree(index, folder)
    yield folder
    background.stop_workers(stack.run_dir)
    shutil.rmtree(folder)
    shutil.rmtree(stack.run_dir / GAZETTEER_FOLDER, ignore_errors=True)
    shutil.rmtree(stack.run_dir / background.FOLDER)


def test_a_worker_starts_again_when_protocol_index_or_gazetteer_have_changed(
    stack: Stack, site_of: MakeSite, own_index: Path, tmp_path: Path
) -> None:
    site: Site = site_of(stack, "background")

    def worker() -> int:
        started = background.start_worker(stack, site.protocol_file, SLOT, exercise=True)
        assert processes.is_running(started.process)
        return started.process.pid

    pids = [worker(), worker()]
    metadata = own_index / METADATA_FILE
    told = json.loads(metadata.read_text())
    metadata.write_text(json.dumps(told | {"source_version": "another"}))
    pids.append(worker())
    (tmp_path / "places.csv").write_text("name,type,easting,northing\nA Park,Park,375000,165000\n")
    build_gazetteer(stack.run_dir / GAZETTEER_FOLDER, [tmp_path / "places.csv"])
    pids.append(worker())
    site.protocol_file.write_text(site.protocol_file.read_text() + "# changed\n")
    pids += [worker(), worker()]
    assert pids[0] == pids[1]
    assert pids[4] == pids[5]
    assert len(set(pids)) == 4
