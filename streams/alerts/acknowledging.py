"""Acknowledgements of alerts. One that does not fit its writer's alert is ignored."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from streams.alerts.events import AlertState

CLOCKS_APART_MS: Final = 600_000
"""Accepted time by which a recipient's clock may be ahead."""


def acknowledged(
    state: AlertState | None, party: str, version: int, at_ms: int, now_ms: int
) -> AlertState | None:
    """Return the alert with its acknowledgement; None if the acknowledgement is ignored.

    It is ignored if the alert is unknown, withdrawn, acknowledged already or of another recipient, if no such
    version was sent, or if its time is in the future. One of an older version counts.
    """
    if state is None or not state.is_live or state.acknowledged_ms is not None:
        return None
    if state.audience != party or not 1 <= version <= state.version:
        return None
    if at_ms > now_ms + CLOCKS_APART_MS:
        return None
    return replace(
        state, acknowledged_ms=min(max(at_ms, state.raised_ms), max(now_ms, state.raised_ms))
    )
