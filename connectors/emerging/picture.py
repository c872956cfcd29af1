"""The problems of a recipient with their history, from the messages of its topic. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from connectors.emerging.finding import FADED, JOINED, Finding
from connectors.received import Received


class Change(NamedTuple):
    """A message of the topic: `finding` is None if it was taken back or cannot be read here."""

    id: str
    finding: Finding | None
    at: datetime
    is_readable: bool = True

    @classmethod
    def of(cls, received: Received) -> Change:
        """Return the change of a message. A message with another problem's id is not readable."""
        key, content, at, is_readable = received.checked("problem")
        return cls(key, None if content is None else Finding.of(content), at, is_readable)


class History(NamedTuple):
    """A problem: its versions that the topic retains, the oldest first. There is at least one."""

    versions: tuple[Finding, ...]

    @property
    def newest(self) -> Finding:
        """Return the present version."""
        return self.versions[-1]

    @property
    def growth(self) -> tuple[int, ...]:
        """Return the observed cases of each version with which a case joined, and of the present one."""
        before = [v.observed for v in self.versions[:-1] if v.status in JOINED]
        newest = self.newest
        # What ends a problem is no growth, but a problem of which only its end is retained has one figure.
        return (*before, newest.observed) if newest.status in JOINED or not before else (*before,)


@dataclass(slots=True)
class Picture:
    """The problems that are not taken back, by id.

    `unreadable` are the ids of problems whose newest version this release cannot read.
    """

    problems: dict[str, History] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)

    def take(self, change: Change) -> None:
        """Apply a message. What was taken back is forgotten with its history."""
        before = self.problems.pop(change.id, None)
        self.unreadable.discard(change.id)
        if change.finding is not None:
            self.problems[change.id] = _followed(before, change.finding)
        elif not change.is_readable:
            self.unreadable.add(change.id)

    def expire(self, oldest: datetime) -> None:
        """Forget the problems last changed before `oldest`, which the topic does not retain."""
        for problem in [p for p, h in self.problems.items() if h.newest.made < oldest]:
            del self.problems[problem]

    def open(self) -> list[History]:
        """Return the open problems: the strongest first, and after them those that have faded."""
        return sorted((h for h in self.problems.values() if h.newest.is_open), key=_weakness)

    def ended(self) -> list[History]:
        """Return the closed problems, the last to close first."""
        closed = [h for h in self.problems.values() if not h.newest.is_open]
        return sorted(closed, key=lambda h: (h.newest.made, h.newest.id), reverse=True)


def _followed(before: History | None, newest: Finding) -> History:
    earlier = () if before is None else before.versions
    return History((*(v for v in earlier if v.version < newest.version), newest))


def _weakness(history: History) -> tuple[bool, float, float, str]:
    newest = history.newest
    return newest.status == FADED, -newest.once_in_days, -newest.ratio, newest.id
