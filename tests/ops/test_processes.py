"""Detached processes, told apart by pid and creation time."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.embedded import processes
from ops.embedded.processes import ProcessRecord

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"


def _spawn(code: str, log: Path) -> ProcessRecord:
    record = processes.spawn([sys.executable, "-c", code], log)
    deadline = time.monotonic() + 60
    while "up" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    return record


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[ProcessRecord]:
    record = _spawn(SLEEP, tmp_path / "log")
    yield record
    processes.kill(record)


def test_what_a_child_writes_is_for_its_user_alone(tmp_path: Path) -> None:
    written = tmp_path / "written"
    record = _spawn(f"open({str(written)!r}, 'w').close(); {SLEEP}", tmp_path / "log")
    processes.kill(record)
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_child_has_its_own_session_and_a_private_log(
    sleeper: ProcessRecord, tmp_path: Path
) -> None:
    assert processes.is_running(sleeper)
    assert os.getsid(sleeper.pid) == sleeper.pid
    assert (tmp_path / "log").read_text() == "up\n"
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_a_later_process_of_the_same_pid_is_left_alone(sleeper: ProcessRecord) -> None:
    other = ProcessRecord(sleeper.pid, sleeper.created - 100)
    assert not processes.is_running(other)
    assert not processes.stop(other)
    assert not processes.kill(other)
    assert processes.is_running(sleeper)


def test_stopping_ends_the_process_and_says_so_once(sleeper: ProcessRecord) -> None:
    assert processes.stop(sleeper)
    assert not processes.is_running(sleeper)
    assert not processes.stop(sleeper)


def test_a_process_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    stubborn = _spawn(STUBBORN, tmp_path / "log")
    assert processes.stop(stubborn, grace=0.2)
    assert not processes.is_running(stubborn)


def test_a_program_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        processes.spawn([str(tmp_path / "absent")], tmp_path / "log")
