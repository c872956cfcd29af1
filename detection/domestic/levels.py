"""The levels of an event: each rule of the protocol that applies, with the reason in words."""

from __future__ import annotations

from dataclasses import dataclass

from detection.domestic.facts import Event, Source
from detection.domestic.history import Visible
from detection.domestic.memory import Memory
from detection.domestic.settings import Settings


@dataclass(frozen=True, slots=True)
class Fired:
    """A level whose rule applies. `index` is its place in the protocol, 0 for the most urgent level.

    `reason` is for personal alerts. `plain` has neither dates nor numbers, for depersonalised ones.
    """

    index: int
    name: str
    reason: str
    plain: str


def every_source(_: Source) -> bool:
    """Return True."""
    return True


def levels(
    event: Event, memory: Memory, settings: Settings, visible: Visible = every_source
) -> tuple[Fired, ...]:
    """Return the levels whose rules apply, in the protocol's order: the first one is the event's level.

    All sources count. A reason that would tell of a source that is not `visible` is the plain one.
    """
    raise NotImplementedError
