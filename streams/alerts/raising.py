"""The next state of an alert: first version, update, escalation, withdrawal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

from sanitiser.references import ReferenceKey
from streams.alerts.documents import Content
from streams.alerts.events import AlertState
from streams.alerts.recipients import Told

HOUR_MS: Final = 3_600_000


class AlertChange(NamedTuple):
    """A change of an alert: its new state, and the content of its new version.

    An update that `is_silent` changes the state alone. Without `content` the alert is withdrawn.
    """

    told: Told
    state: AlertState
    content: Content | None = None
    is_silent: bool = False
    is_first: bool = False


class Raising:
    """Compares what an audience is to have of an event with what it has."""

    def __init__(self, key: ReferenceKey) -> None:
        """Take the key of the digests of content: without it the state shows no content."""
        self._key = key.for_purpose("incidents", "content")

    def change(
        self,
        told: Told,
        state: AlertState,
        now_ms: int,
        due_ms: Callable[[int, int], int],
    ) -> AlertChange | None:
        """Return the change of an alert, or None if the audience has what it is to have.

        `due_ms` returns the deadline of a level (its place) from an instant on.
        """
        if told.content is None:
            return self._leave(told, state, now_ms)
        return self._tell(told, told.content, state, now_ms, due_ms)

    def _leave(self, told: Told, state: AlertState, now_ms: int) -> AlertChange | None:
        """Withdraw an alert. For a conflict of interest, wait until the hour is full.

        Otherwise the time of the withdrawal would tell the recipient which record or entry caused it.
        """
        if not state.is_live:
            return None
        if told.is_conflict:
            if state.leaves_ms is None:
                leaves_ms = now_ms - now_ms % HOUR_MS + HOUR_MS
                return AlertChange(told, replace(state, leaves_ms=leaves_ms), is_silent=True)
            if now_ms < state.leaves_ms:
                return None
        gone = replace(
            state, version=state.version + 1, kind="withdrawn", content=b"", case=None,
            made_ms=max(now_ms, state.made_ms), leaves_ms=None, escalated=False,
        )  # fmt: skip
        return AlertChange(told, gone)

    def _tell(
        self,
        told: Told,
        content: Content,
        state: AlertState,
        now_ms: int,
        due_ms: Callable[[int, int], int],
    ) -> AlertChange | None:
        is_first, is_new, stays = state.version == 0, not state.is_live, state.leaves_ms is not None
        state = replace(state, leaves_ms=None)
        # A clock that jumps back makes no alert older than it is.
        made_ms = max(now_ms, state.made_ms)
        raised_ms = made_ms if is_first else state.raised_ms
        due, acknowledged_ms = state.due_ms, state.acknowledged_ms
        if is_new or (content.rank < state.rank and acknowledged_ms is not None):
            due = due_ms(content.rank, made_ms)
            # Nobody has acknowledged that it is as urgent as it is now.
            acknowledged_ms = acknowledged_ms if is_new else None
        elif content.rank < state.rank:
            due = min(due, due_ms(content.rank, made_ms))
        elif content.rank > state.rank:
            due = max(due, due_ms(content.rank, raised_ms))
        waits = acknowledged_ms is None and not state.is_for_officer
        escalated = waits and (state.escalated or (not is_new and now_ms >= due))
        next_state = replace(
            state, kind="personal" if content.is_personal else "depersonalised", case=content.case,
            raised_ms=raised_ms, due_ms=due, level=content.level, rank=content.rank, escalated=escalated,
            acknowledged_ms=acknowledged_ms,
        )  # fmt: skip
        digest = self._digest(content, next_state)
        if not is_new and digest == state.content:
            return AlertChange(told, next_state, content, is_silent=True) if stays else None
        version = state.version + 1
        made = replace(next_state, version=version, made_ms=made_ms, content=digest)
        return AlertChange(told, made, content, is_first=is_first)

    def _digest(self, content: Content, state: AlertState) -> bytes:
        parts = content._replace(document=None)
        told = [*parts, state.due_ms, state.acknowledged_ms, state.escalated]
        text = json.dumps([told, content.stable], sort_keys=True)
        return bytes.fromhex(self._key.digest(text))
