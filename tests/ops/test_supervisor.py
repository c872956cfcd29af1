"""A supervisor starts its child again whenever it ends by itself, and stops when it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.supervisor import Pauses
from tests.ops import supervised

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0

FAILS = "import sys; print('started', flush=True); sys.exit(7)"
FAILS_TWICE = """
import pathlib, sys, time
mark = pathlib.Path(sys.argv[1])
runs = int(mark.read_text() or 0) if mark.exists() else 0
mark.write_text(str(runs + 1))
print('started', flush=True)
if runs < 2:
    sys.exit(1)
time.sleep(60)
"""
WAITS = "import time; print('started', flush=True); time.sleep(60)"
STOPS_CLEANLY = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print('started', flush=True)
time.sleep(60)
"""

Start = Callable[..., "Supervised"]


class Supervised:
    """A supervisor in its own process, with its output and its children's."""

    def __init__(self, log: Path, child: str, *arguments: str) -> None:
        self._log = log
        command = [sys.executable, "-m", supervised.__name__, child, *arguments]
        with log.open("wb") as stream:
            self.process = subprocess.Popen(command, stdout=stream, stderr=stream, cwd=ROOT)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_for_starts(self, number: int) -> None:
        until = time.monotonic() + PATIENCE_S
        while self.log.count("started\n") < number:
            assert time.monotonic() < until, self.log
            time.sleep(0.01)

    def wait_until_said(self, text: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while text not in self.log:
            assert time.monotonic() < until, self.log
            time.sleep(0.01)

    def end(self, signal_number: int) -> int:
        self.process.send_signal(signal_number)
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Supervised] = []

    def start(child: str, *arguments: str) -> Supervised:
        running.append(Supervised(tmp_path / "log", child, *arguments))
        return running[-1]

    yield start
    for each in running:
        if each.process.poll() is None:
            each.process.terminate()
            each.process.wait(PATIENCE_S)


def test_a_child_that_fails_is_started_again_until_it_runs(start: Start, tmp_path: Path) -> None:
    supervisor = start(FAILS_TWICE, str(tmp_path / "mark"))
    supervisor.wait_for_starts(3)
    assert supervisor.process.poll() is None
    assert supervisor.log.count("the worker exited with code 1") == 2


def test_a_killed_child_is_started_again(start: Start) -> None:
    supervisor = start(WAITS)
    supervisor.wait_for_starts(1)
    os.kill(child_of(supervisor), signal.SIGKILL)
    supervisor.wait_for_starts(2)
    assert "the worker exited with code -9" in supervisor.log


def test_the_first_pause_is_the_one_given_and_each_further_one_twice_as_long(start: Start) -> None:
    supervisor = start(FAILS)
    supervisor.wait_for_starts(4)
    pauses = [line.rpartition(" in ")[2] for line in supervisor.log.splitlines() if " in " in line]
    assert pauses[:3] == ["0.1 s", "0.2 s", "0.4 s"]


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_passed_on_and_a_clean_end_is_success(start: Start, signal_number: int) -> None:
    supervisor = start(STOPS_CLEANLY)
    supervisor.wait_for_starts(1)
    child = child_of(supervisor)
    assert supervisor.end(signal_number) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_stop_during_the_pause_starts_nothing_more(start: Start) -> None:
    supervisor = start(FAILS)
    supervisor.wait_for_starts(3)
    supervisor.wait_until_said("restarting it in 0.8 s")
    assert supervisor.end(signal.SIGTERM) == 0
    said = supervisor.log
    time.sleep(0.5)
    assert supervisor.log == said


def child_of(supervisor: Supervised) -> int:
    children = Path(f"/proc/{supervisor.process.pid}/task/{supervisor.process.pid}/children")
    (pid,) = children.read_text().split()
    return int(pid)


def test_a_pause_begins_anew_after_what_was_started_ran_steadily() -> None:
    pauses = Pauses(0.5)
    assert [pauses.after(1.0) for _ in range(3)] == [0.5, 1.0, 2.0]
    assert [pauses.after(3_600.0), pauses.after(1.0)] == [0.5, 1.0]
