"""The engine: takes the facts of one record into the memory, and says which events changed."""

from __future__ import annotations

from dataclasses import dataclass

from detection.domestic.facts import Fact
from detection.domestic.memory import Memory
from detection.domestic.settings import Settings


@dataclass(frozen=True, slots=True)
class Changes:
    """What a record changed.

    `touched` are the events to be decided again: those whose facts changed first, then later ones whose
    history or level may have changed. `gone` are events that do not exist any more; their alerts are
    withdrawn. `left_out` is the number of later events that are not in `touched`, because there were more
    than `MOST_LATER` of one household or person; the newest are in `touched`. `is_crowded` is True if more
    than `MOST_NEAR` events were near, so that some of them were not grouped again.
    """

    touched: tuple[bytes, ...] = ()
    gone: tuple[bytes, ...] = ()
    left_out: int = 0
    is_crowded: bool = False


def take(
    fact: Fact | None, record: bytes, memory: Memory, settings: Settings, today: int | None = None
) -> Changes:
    """Replace what is known of `record` by `fact`, or by nothing if it is None.

    With `today`, later events whose alerts cannot change any more (older than `alert_days`) are not touched.
    """
    raise NotImplementedError


def forget_person(person: bytes, memory: Memory) -> Changes:
    """Remove this person (digest of name and date of birth) from all facts in the memory."""
    raise NotImplementedError
