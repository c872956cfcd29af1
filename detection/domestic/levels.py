"""The levels of an event: each rule of the protocol that applies, with the reason in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from detection.domestic.facts import Event, Source
from detection.domestic.graded import PLAIN as PLAIN_GRADE
from detection.domestic.graded import graded
from detection.domestic.marac import PLAIN as PLAIN_MARAC
from detection.domestic.marac import marac_repeat
from detection.domestic.memory import Memory
from detection.domestic.past import Visible
from detection.domestic.repeats import PLAIN as PLAIN_REPEAT
from detection.domestic.repeats import repeats
from detection.domestic.settings import LevelRule, Settings


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
    fired = (
        _fired(index, rule, event, memory, visible) for index, rule in enumerate(settings.levels)
    )
    found = [each for each in fired if each]
    # That every event has a level says nothing beside another reason.
    specific = [each for each in found if settings.levels[each.index].rule != "any"]
    return tuple(specific or found)


def _fired(
    index: int, rule: LevelRule, event: Event, memory: Memory, visible: Visible
) -> Fired | None:
    applies, plain = _RULES[rule.rule]
    reasons = applies(event, rule, memory, visible)
    return Fired(index, rule.name, "; ".join(reasons), plain) if reasons else None


_ANY = "every event has at least this level"


def _any(
    _event: Event, _rule: LevelRule, _memory: Memory, _visible: Visible
) -> tuple[str, ...] | None:
    return (_ANY,)


_Applies = Callable[[Event, LevelRule, Memory, Visible], tuple[str, ...] | None]
_RULES: Mapping[str, tuple[_Applies, str]] = {
    "marac-repeat": (marac_repeat, PLAIN_MARAC),
    "graded": (graded, PLAIN_GRADE),
    "repeat": (repeats, PLAIN_REPEAT),
    "any": (_any, _ANY),
}
