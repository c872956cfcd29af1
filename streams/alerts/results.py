"""The result of a batch of the alerts agent, and the working memory until it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from detection.domestic.engine import Changes
from streams.messages import BatchResult

_MILLISECONDS = 1_000


class Figure(NamedTuple):
    """A figure for the metrics: an alert that was raised, or one that was acknowledged.

    Seconds are None if they are not known.
    """

    what: str
    level: str
    kind: str
    from_occurrence: float | None = None
    from_supply: float | None = None
    to_acknowledgement: float | None = None


@dataclass(frozen=True, slots=True)
class AlertResult(BatchResult):
    """The result of a batch, with figures for the metrics."""

    figures: tuple[Figure, ...] = ()


@dataclass(slots=True)
class Batch:
    """The things that a batch concerns, until it is committed or aborted. It begins `now`.

    Events in `first` changed themselves, those in `later` may be decided in a later batch. `at_full_hour` are
    events that have waited for the full hour. `cases` changed; with `every_case` each may have. `orders` are
    entries for the audit, and `staff` counts changes of staff lists by party and whether they add.
    """

    now: datetime
    first: dict[bytes, None] = field(default_factory=dict)
    later: dict[bytes, None] = field(default_factory=dict)
    at_full_hour: frozenset[bytes] = frozenset()
    cases: dict[str, None] = field(default_factory=dict)
    every_case: bool = False
    orders: list[dict[str, Any]] = field(default_factory=list)
    staff: Counter[tuple[str, bool]] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    figures: list[Figure] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        """Return when the batch began, in milliseconds since 1970 UTC."""
        return int(self.now.timestamp() * _MILLISECONDS)

    def touch(self, changes: Changes, first: Iterable[bytes] = ()) -> None:
        """Note the events that are to be decided: those that changed first."""
        self.first |= dict.fromkeys((*changes.gone, *first))
        self.later |= dict.fromkeys(changes.touched)
        self.counts["left_out"] += changes.left_out
        self.counts["crowded"] += changes.is_crowded
        self.counts["too_common"] += changes.is_too_common
