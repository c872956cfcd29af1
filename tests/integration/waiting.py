"""Waiting for what a real process or server does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 120.0
"""How long a test waits before it fails. A busy machine is slow; how fast it is, `make bench` measures."""
SHORTEST_S, LONGEST_S = 0.02, 0.25
"""Between two questions: a twentieth of the time waited, so that asking slows nothing down."""


def until(happened: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask until `happened`; `AssertionError` says `what` did not happen within `seconds`."""
    began = time.monotonic()
    while not happened():
        waited = time.monotonic() - began
        assert waited < seconds, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(min(max(SHORTEST_S, waited / 20), LONGEST_S))
