"""The history of an event: what is known of the time before it, from the sources that a recipient may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from detection.domestic.facts import Event, Flag, Risk, Source
from detection.domestic.memory import Memory
from detection.domestic.settings import Settings

Visible = Callable[[Source], bool]


@dataclass(frozen=True, slots=True)
class Count:
    """A number of earlier events. `days` are those of the newest `MOST_DATES`, the newest first.

    If `is_exact` is False, the number is at least `count` ("100 or more"). `days_since_last` is None if there
    is no earlier event.
    """

    count: int = 0
    days: tuple[int, ...] = ()
    days_since_last: int | None = None
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Referral:
    """The newest referral, and its risk assessment as supplied."""

    day: int
    source: Source
    risk: Risk | None


@dataclass(frozen=True, slots=True)
class History:
    """The history of one event.

    `household`, `victim`, `same_direction` and `other_direction` count earlier events: at its households, of
    its victims as victims, and between a victim and a suspect of it with the same and with swapped roles.
    `suspect_with_others` is the number of earlier events of its suspects, as suspects, with other victims
    (exact up to `MOST_COUNTED`). `children` and `flags` are of the event. `sources` are those of the earlier
    events and of the referral that are told. `people` are the digests of all people of the event, of these
    events and of the referral: if one of them works for the recipient, it must not have the alert.
    """

    household: Count
    victim: Count
    same_direction: Count
    other_direction: Count
    suspect_with_others: int
    referral: Referral | None
    children: int | None
    flags: tuple[Flag, ...]
    sources: tuple[Source, ...]
    people: frozenset[bytes]

    @property
    def is_empty(self) -> bool:
        """Return True if no earlier event and no referral is told ("none recorded here")."""
        counts = (self.household, self.victim, self.same_direction, self.other_direction)
        return not (self.referral or self.suspect_with_others or any(c.count for c in counts))


def history(event: Event, memory: Memory, settings: Settings, visible: Visible) -> History:
    """Return the history of the event, from the facts of visible sources."""
    raise NotImplementedError
