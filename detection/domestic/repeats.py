"""The rule `repeat`: so many events in so many days at one household, of one victim, or of one pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from detection.domestic import people
from detection.domestic.facts import Event
from detection.domestic.grouping import Facts
from detection.domestic.memory import Memory
from detection.domestic.past import Found, Keys, Past, Visible, pairs_of
from detection.domestic.places import households
from detection.domestic.settings import MOST_COUNTED, MOST_DATES, LevelRule
from detection.domestic.words import days_words, ordinal_words, period_words

PLAIN = "repeat events reach the protocol's threshold"


@dataclass(frozen=True, slots=True)
class _Group:
    """A household, a victim or a pair (in both directions), with the search for its earlier events."""

    words: str
    keys: tuple[Keys, ...]
    search: Callable[[Past], Found]


def repeats(
    event: Event, rule: LevelRule, memory: Memory, visible: Visible
) -> tuple[str, ...] | None:
    """Return the reasons why the rule applies, or None if it does not.

    The event itself counts. A reason is the plain one if not all that it counts is visible.
    """
    everything = Past(event, memory, rule.days, lambda _: True)
    seen = Past(event, memory, rule.days, visible)
    own = _digests(tuple(f for f in event.facts if visible(f.source)), memory)
    reasons = []
    for group in _groups(event.facts, memory):
        found = group.search(everything)
        if len(found.events) + 1 >= rule.events:
            is_linked = all(keys & own for keys in group.keys)
            is_visible = is_linked and _days(group.search(seen)) == _days(found)
            reasons.append(_words(group, found, rule) if is_visible else PLAIN)
    return tuple(dict.fromkeys(reasons)) or None


def _groups(facts: Facts, memory: Memory) -> list[_Group]:
    return [
        *map(_household, households(facts, memory)),
        *map(_victim, people.in_role(facts, "victim")),
        *map(_pair, pairs_of(facts)),
    ]


def _household(home: Keys) -> _Group:
    return _Group("at this household", (home,), lambda past: past.at(home))


def _victim(victim: Keys) -> _Group:
    return _Group("of this victim", (victim,), lambda past: past.of_victim(victim))


def _pair(pair: tuple[Keys, Keys]) -> _Group:
    both_directions = [pair, pair[::-1]]
    return _Group("between these two people", pair, lambda past: past.between(both_directions))


def _digests(facts: Facts, memory: Memory) -> Keys:
    homes = frozenset[bytes]().union(*households(facts, memory))
    return homes | people.everyone(facts)


def _days(found: Found) -> list[int]:
    return [earlier.day for earlier in found.events]


def _words(group: _Group, found: Found, rule: LevelRule) -> str:
    number = len(found.events) + 1
    days = days_words(_days(found)[:MOST_DATES])
    if number > MOST_COUNTED:
        which = f"{MOST_COUNTED} or more events"
    else:
        which = f"{'At least the ' if found.is_cut else ''}{ordinal_words(number)} event"
    newest = "the newest " if number - 1 > MOST_DATES else ""
    return f"{which} in {period_words(rule.days)} {group.words} ({newest}earlier events on {days})"
