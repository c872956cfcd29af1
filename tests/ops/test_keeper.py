"""The keeper: whichever of the two servers has ended, it is started again."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ops import keeper
from ops.embedded import stack as embedded
from ops.embedded.layout import Layout
from ops.keeper import Keeper
from ops.settings import Settings
from ops.supervisor import Pauses

LONGEST_SECONDS = 60.0


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """The handlers of this process as they were."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("ended", ["broker", "registry"])
def test_a_server_that_has_ended_is_started_again(
    ended: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = {"pid": os.getpid(), "created": psutil.Process().create_time()}
    servers = dict.fromkeys(("broker", "registry"), running)
    servers[ended] = running | {"created": 1.0}
    layout = Layout(tmp_path)
    layout.make()
    places = {"bootstrap": "", "inside": "", "registry_url": "", "run_dir": str(tmp_path)}
    layout.stack_file.write_text(json.dumps(places | servers))
    started: list[Settings] = []

    def start_again(settings: Settings, _report: object) -> None:
        started.append(settings)
        stop()

    def stop() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(embedded, "start_again", start_again)
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(keeper, "Pauses", lambda: Pauses(0.001))
    given_up = threading.Timer(LONGEST_SECONDS, stop)
    given_up.start()
    settings = Settings(run_dir=tmp_path)
    Keeper(settings).run()
    given_up.cancel()
    assert started == [settings]


def test_where_the_run_directory_was_deleted_the_keeper_ends_and_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start_again(_settings: Settings, _report: object) -> None:
        pytest.fail("a broker without data was started")

    monkeypatch.setattr(embedded, "start_again", start_again)
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(keeper, "Pauses", lambda: Pauses(0.001))
    Keeper(Settings(run_dir=tmp_path / "deleted")).run()
    assert not (tmp_path / "deleted").exists()
