"""The past of an event: the earlier events of a household or of people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from detection.domestic import people
from detection.domestic.facts import Event, Source
from detection.domestic.grouping import Facts
from detection.domestic.memory import Memory
from detection.domestic.settings import MOST_READ
from detection.domestic.times import position, when

Visible = Callable[[Source], bool]
Keys = frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier event, its visible facts, and the day that these give."""

    event: Event
    facts: Facts
    day: int


@dataclass(frozen=True, slots=True)
class Found:
    """Earlier events, the newest first. If `is_cut`, there may be more of them."""

    events: tuple[Earlier, ...]
    is_cut: bool = False


class Past:
    """The events before `event`, at most `days` days earlier, as visible sources know them.

    Earlier is by day, then by minute (an unknown one is first), then by identity, of all facts. An event is
    visible if a fact of kind `event` is from a visible source; then only its visible facts count. Each search
    looks through the newest `MOST_READ` events of each digest.
    """

    def __init__(self, event: Event, memory: Memory, days: int, visible: Visible) -> None:
        self._memory = memory
        self._visible = visible
        self._position = position(event)
        self._days = (max(0, self._position[0] - days), self._position[0])
        self._read: dict[bytes, Earlier | None] = {}

    def at(self, home: Keys) -> Found:
        """Return the earlier events at a household, which has these digests."""
        ids = [
            self._memory.events_at(digest, *self._days, most=MOST_READ) for digest in sorted(home)
        ]
        return self._found(ids, lambda facts: any(_is_at(home, facts)))

    def of_victim(self, keys: Keys) -> Found:
        """Return the earlier events with one of these people as a victim."""
        return self._of(keys, lambda facts: bool(keys & people.victims(facts)))

    def between(self, pairs: Sequence[tuple[Keys, Keys]]) -> Found:
        """Return the earlier events in which, of one pair, the first is a victim, the second a suspect."""
        keys = frozenset[bytes]().union(*(victim for victim, _ in pairs))
        return self._of(keys, lambda facts: any(_is_between(pair, facts) for pair in pairs))

    def with_others(self, suspects: Sequence[Keys], victims: Keys) -> Found:
        """Return the earlier events in which a suspect is one again, with a victim not among `victims`."""
        keys = frozenset[bytes]().union(*suspects)
        return self._of(
            keys, lambda facts: any(_is_with_other(s, victims, facts) for s in suspects)
        )

    def _of(self, keys: Keys, matches: Callable[[Facts], bool]) -> Found:
        ids = [self._memory.events_of(key, *self._days, most=MOST_READ) for key in sorted(keys)]
        return self._found(ids, matches)

    def _found(self, ids: list[Sequence[bytes]], matches: Callable[[Facts], bool]) -> Found:
        unique = dict.fromkeys(event_id for each in ids for event_id in each)
        events = [e for e in map(self._earlier, unique) if e and matches(e.facts)]
        events.sort(key=lambda e: (e.day, position(e.event)), reverse=True)
        return Found(tuple(events), any(len(each) >= MOST_READ for each in ids))

    def _earlier(self, event_id: bytes) -> Earlier | None:
        if event_id not in self._read:
            self._read[event_id] = self._seen(self._memory.event(event_id))
        return self._read[event_id]

    def _seen(self, event: Event | None) -> Earlier | None:
        if event is None or position(event) >= self._position:
            return None
        facts = tuple(fact for fact in event.facts if self._visible(fact.source))
        is_told = any(fact.kind == "event" for fact in facts)
        return Earlier(event, facts, when(facts).day) if is_told else None


def pairs_of(facts: Facts) -> list[tuple[Keys, Keys]]:
    """Return each pair of a victim and another person who is a suspect."""
    victims, suspects = people.in_role(facts, "victim"), people.in_role(facts, "suspect")
    return [(victim, suspect) for victim in victims for suspect in suspects if not victim & suspect]


def _is_at(home: Keys, facts: Facts) -> Iterable[bool]:
    return (bool(home.intersection(fact.households)) for fact in facts if fact.kind == "event")


def _is_between(pair: tuple[Keys, Keys], facts: Facts) -> bool:
    return bool(pair[0] & people.victims(facts) and pair[1] & people.suspects(facts))


def _is_with_other(suspect: Keys, victims: Keys, facts: Facts) -> bool:
    others = (v for v in people.named(facts, "victim") if not v & (victims | suspect))
    return bool(suspect & people.suspects(facts)) and any(others)
