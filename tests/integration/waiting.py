"""Waiting for what a real process or server does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_S = 0.02
PATIENCE_S = 120.0
"""How long a test waits before it fails. A busy machine is slow; how fast it is, `make bench` measures."""


def until(happened: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask until `happened`; `AssertionError` says `what` did not happen within `seconds`."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < seconds, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(POLL_S)
