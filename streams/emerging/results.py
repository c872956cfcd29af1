"""The working memory of a batch of the detector, until its result is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from detection.emerging.facts import CaseKey, Problem
from streams.emerging.schedule import day_in_london
from streams.messages import BatchResult

_MILLISECONDS = 1_000


@dataclass(frozen=True, slots=True)
class DetectorResult(BatchResult):
    """The result of a batch; `statuses` counts the findings by kind and status."""

    statuses: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(slots=True)
class Change:
    """The changes of one problem in a batch: what it is now, and the cases that joined it."""

    problem: Problem
    joined: frozenset[CaseKey]
    is_published: bool


@dataclass(slots=True)
class Batch:
    """The problems that a batch changes, by id. It begins `now`."""

    now: datetime
    changes: dict[bytes, Change] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def now_ms(self) -> int:
        """Return when the batch began, in milliseconds since 1970 UTC."""
        return int(self.now.timestamp() * _MILLISECONDS)

    @property
    def today(self) -> int:
        """Return the day of the batch in Europe/London, since 1970."""
        return day_in_london(self.now)
