"""Waiting for what a real process or server does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_S = 0.02


def until(happened: Callable[[], bool], seconds: float, what: str) -> float:
    """Ask until `happened`; seconds that it took. `AssertionError` says `what` did not happen."""
    began = time.monotonic()
    while not happened():
        waited = time.monotonic() - began
        assert waited < seconds, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(POLL_S)
    return time.monotonic() - began
