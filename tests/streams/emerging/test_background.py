"""Computations in the background: answered, failed and killed, and no answer is ever waited for."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import psutil  # type: ignore[import-untyped, unused-ignore]
import pytest

from ops.embedded.processes import ProcessRecord, is_running
from streams.emerging.background import NICENESS, Answer, Background, Processes
from tests.streams.emerging.in_this_process import InThisProcess

PATIENCE_S = 60.0


@pytest.fixture(params=[InThisProcess, Processes])
def background(request: pytest.FixtureRequest) -> Iterator[Background]:
    made: Background = request.param()
    yield made
    made.stop()


@pytest.fixture
def process() -> Iterator[Processes]:
    made = Processes()
    yield made
    made.stop()


def twice(number: int) -> int:
    return 2 * number


def fail() -> int:
    raise ValueError("a secret of the job")


def end_at_once() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def answers(background: Background, number: int) -> list[Answer]:
    found, until = list[Answer](), time.monotonic() + PATIENCE_S
    while len(found) < number and time.monotonic() < until:
        found += background.collect()
        time.sleep(0.01)
    return found


def test_each_job_is_answered_once_by_its_name(background: Background) -> None:
    for number in range(3):
        background.submit(number, twice, number)
    assert background.busy == 3
    assert sorted(answers(background, 3)) == [(0, 0), (1, 2), (2, 4)]
    assert (background.busy, background.failures, list(background.collect())) == (0, 0, [])


def test_a_job_that_fails_is_answered_with_none_and_counted(
    background: Background, caplog: pytest.LogCaptureFixture
) -> None:
    background.submit("bad", fail)
    background.submit("good", twice, 1)
    assert sorted(answers(background, 2)) == [("bad", None), ("good", 2)]
    assert background.failures == 1
    if isinstance(background, Processes):
        assert "secret" not in caplog.text


def test_a_process_that_dies_is_replaced(process: Processes) -> None:
    process.submit("dies", end_at_once)
    assert answers(process, 1) == [("dies", None)]
    assert process.failures == 1
    process.submit("after", twice, 4)
    assert answers(process, 1) == [("after", 8)]


def test_a_job_without_an_end_is_ended_and_the_next_ones_are_answered(process: Processes) -> None:
    process.submit("endless", time.sleep, 2 * PATIENCE_S)
    process.limit_s = 0.0
    assert answers(process, 1) == [("endless", None)]
    process.limit_s = 2 * PATIENCE_S
    process.submit("after", twice, 4)
    assert answers(process, 1) == [("after", 8)]


def test_the_process_has_a_low_priority_and_is_another_one(process: Processes) -> None:
    process.submit("nice", os.nice, 0)
    process.submit("pid", os.getpid)
    found = dict(answers(process, 2))
    assert found["nice"] >= NICENESS
    assert found["pid"] != os.getpid()


def test_a_stopped_background_has_no_process_left(process: Processes) -> None:
    process.submit("pid", os.getpid)
    ((_, pid),) = answers(process, 1)
    background = ProcessRecord(pid, psutil.Process(pid).create_time())
    process.submit("long", time.sleep, PATIENCE_S)
    process.stop()
    until = time.monotonic() + PATIENCE_S
    while is_running(background) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_running(background)
