"""The demo plants nothing before the detector knows what chance gives, and never waits too long."""

from __future__ import annotations

from collections.abc import Callable

from demo.readiness import LAG, WAITING, await_distributions, is_busy

READY = f'# HELP {WAITING} Series\n{WAITING} 0.0\n{LAG}{{topic="a",partition="0"}} 0.0\n'
EVALUATING = READY.replace(f"{WAITING} 0.0", f"{WAITING} 3.0")
BEHIND = READY.replace("} 0.0", "} 12.0")


def answers(*metrics: str) -> Callable[[], str]:
    left = list(metrics)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_evaluations_and_records_that_wait_are_seen() -> None:
    assert not is_busy(READY)
    assert is_busy(EVALUATING)
    assert is_busy(BEHIND)
    assert is_busy("")


def test_it_waits_until_nothing_has_waited_for_a_while() -> None:
    assert await_distributions(answers(EVALUATING, BEHIND, EVALUATING, READY), 1.0, 0.0)


def test_it_gives_up_when_its_time_is_over() -> None:
    assert not await_distributions(answers(EVALUATING), 0.05, 0.0)
