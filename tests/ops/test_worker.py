"""A worker ends by itself if its protocol or keys have changed, or if it cannot see whether they have."""

from __future__ import annotations

import logging
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from isp.agreement.protocol import RejectLimit
from isp.agreement.protocol_file import load_protocol
from ops import worker
from ops.worker import WorkerSettings
from schemas.catalogue import load_catalogue
from streams.runtime.ending import end_when, until_changed
from streams.sanitising.assembly import pausing_topics
from streams.state.origin import Origin
from streams.state.store import Entry
from tests.protocols import FIRST

WAIT_SECONDS = 60.0


@pytest.fixture
def ended() -> Iterator[threading.Event]:
    """Return an event that is set when the process is asked to end."""
    told = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: told.set())
    yield told
    signal.signal(signal.SIGTERM, before)


def fails() -> None:
    raise RuntimeError("zqxmarkerjv")


@pytest.mark.parametrize("happens", [lambda: None, fails])
def test_a_process_ends_where_a_change_is_seen_and_where_it_cannot_be(
    happens: Callable[[], None], ended: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        end_when(happens, "another protocol is in force")
        assert ended.wait(WAIT_SECONDS)
    assert "another protocol is in force" in caplog.text
    assert "zqxmarkerjv" not in caplog.text
    assert ("RuntimeError" in caplog.text) is (happens is fails)


def test_a_list_of_keys_that_vanishes_as_it_is_looked_at_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "epochs.json"
    file.write_bytes(b"[]")
    changed = until_changed(file)
    # It is gone after it was seen to be there.
    monkeypatch.setattr(Path, "is_file", lambda _path: True)
    file.unlink()
    changed()


def test_what_a_worker_writes_to_its_state_at_any_time_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    settings = cast(WorkerSettings, SimpleNamespace(state=tmp_path / "state", slot=0))
    try:
        store = worker._store(settings, load_protocol(FIRST, load_catalogue()))
        store.open(Origin("cluster", {"t": "id-1"}))
        early = set(tmp_path.rglob("*"))
        store.apply([Entry(3, b"b%d" % n, bytes(90_000)) for n in range(200)], {"t": 200})
        store.flush()
        store.close()
    finally:
        os.umask(before)
    late = {file for file in tmp_path.rglob("*") if file.is_file()} - early
    assert late
    assert {stat.S_IMODE(file.stat().st_mode) for file in late} == {0o600}


def test_an_alarm_stops_the_topics_of_those_supplies_alone_whose_agreement_says_so() -> None:
    protocol = load_protocol(FIRST, load_catalogue())
    pausing, *others = protocol.supplies
    limit = RejectLimit(share=0.5, window=20, pause=True)
    supplies = (pausing.model_copy(update={"reject_limit": limit}), *others)
    stopped = pausing_topics(protocol.model_copy(update={"supplies": supplies}))
    assert stopped == {"banes.intake.police.police-incident"}
