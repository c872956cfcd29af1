"""One supply: whether all its records have been settled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from detection.emerging.facts import Source

HOUR_MS: Final = 3_600_000
LOOK_LIMIT_MS: Final = 24 * HOUR_MS
"""A supply that is not settled holds the looks of its source for so long."""

EVALUATION_LIMIT_MS: Final = 7 * 24 * HOUR_MS
"""A supply that is not settled keeps its source out of evaluations for so long."""

UNKNOWN_LIMIT_MS: Final = HOUR_MS
"""A supply of which only receipts are known holds its source for so long."""


@dataclass(frozen=True, slots=True)
class SupplyNote:
    """The facts of one message about a supply, which replaces earlier ones of the same supply.

    Days are since 1970-01-01, those of the measured period and of the period that the supplier claims. Both
    ends are None if no record has a day.
    """

    supply_id: str
    source: Source
    first_day: int | None
    last_day: int | None
    records: int
    is_complete: bool
    erases: bool = False


@dataclass(frozen=True, slots=True)
class SupplyState:
    """A supply as it is known by now. Instants are in milliseconds since 1970 UTC.

    `noted_ms` is the instant of the newest message, 0 without one. `begun_ms` is that of the first message
    or receipt, `heard_ms` that of the last one. `received` is the sum of its receipts.
    """

    begun_ms: int
    heard_ms: int
    received: int = 0
    noted_ms: int = 0
    records: int = 0
    is_complete: bool = False
    first_day: int | None = None
    last_day: int | None = None

    @property
    def is_settled(self) -> bool:
        """Return True if all records of the supply have an outcome."""
        return self.is_complete and self.received >= self.records

    def holds(self, now_ms: int, limit_ms: int) -> bool:
        """Return True if the supply still holds its source."""
        limit = limit_ms if self.noted_ms else min(limit_ms, UNKNOWN_LIMIT_MS)
        return not self.is_settled and now_ms - self.begun_ms < limit

    def replaces(self, other: SupplyState) -> bool:
        """Return True if a settled supply has all days of one that was begun before."""
        if self.first_day is None or self.last_day is None:
            return False
        if other.first_day is None or other.last_day is None:
            return False
        is_wider = self.first_day <= other.first_day and other.last_day <= self.last_day
        return self.is_settled and self.begun_ms > other.begun_ms and is_wider


def with_note(state: SupplyState | None, note: SupplyNote, at_ms: int) -> SupplyState:
    """Return the supply after a message of the instant `at_ms`. An older message changes no count."""
    state = _at(state, at_ms)
    if (at_ms, note.is_complete, note.records) <= (
        state.noted_ms,
        state.is_complete,
        state.records,
    ):
        return state
    return replace(
        state,
        noted_ms=at_ms,
        records=note.records,
        is_complete=note.is_complete,
        first_day=note.first_day,
        last_day=note.last_day,
    )


def with_receipt(state: SupplyState | None, received: int, at_ms: int) -> SupplyState:
    """Return the supply after a receipt, which adds to the earlier ones."""
    state = _at(state, at_ms)
    return replace(state, received=state.received + received)


def _at(state: SupplyState | None, at_ms: int) -> SupplyState:
    if state is None:
        return SupplyState(at_ms, at_ms)
    return replace(state, begun_ms=min(state.begun_ms, at_ms), heard_ms=max(state.heard_ms, at_ms))
