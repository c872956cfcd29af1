"""One event, several agencies: finds the records that are about one event, so that it is counted once.

The result depends on the cases alone, and not on their order. Two cases may be about one event if they are of
different sources and agree in place and time (`may_be_same`). Pairs are put together, those nearest in time
first, then those nearest in place. An event has at most one case of each source, and all its cases agree
with one another: a chain of pairs is not one event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import hypot, pi
from typing import Final

from detection.emerging.facts import Case, CaseKey, Match, Source
from detection.emerging.settings import Settings

Rate = Callable[[Case, Source], float]
"""The cases of a source that chance brings near the place of a case, per square kilometre and day."""

_DAY: Final = 1_440
_HOUR: Final = 60
_LEAST_M: Final = 50.0  # released points are of postcodes: nearer is not better
_LEAST_MINUTES: Final = 30


@dataclass(frozen=True, slots=True)
class Matched:
    """The matches of some cases, and the keys of the cases that are counted.

    The first case of each match is counted, the others are not. All cases without a match are counted.
    """

    matches: tuple[Match, ...]
    counted: frozenset[CaseKey]


def match(
    cases: Sequence[Case], datasets: Sequence[str], settings: Settings, rate: Rate
) -> Matched:
    """Return which cases are about one event.

    `datasets` is the order of the group: of the cases of an event the first dataset's is counted. It is
    enough to pass the cases that are connected by `may_be_same`, over any number of steps.
    """
    events = [_counted_first(event, datasets) for event in _events(cases, settings)]
    matches = sorted(_matched(event, settings, rate) for event in events)
    left_out = {key for match in matches for key in match[0][1:]}
    return Matched(
        tuple(Match(*each) for each in matches),
        frozenset(case.key for case in cases if case.key not in left_out),
    )


def may_be_same(one: Case, other: Case, settings: Settings) -> bool:
    """Return True if two cases of different sources agree in place and time.

    Times agree within `same_event_hours`, and an hour more if one is known to the hour only. A case without
    a time agrees with those of the same day.
    """
    # Not `source`, which makes a tuple: this is called for each pair of cases.
    if one.agency == other.agency and one.stream.dataset == other.stream.dataset:
        return False
    east, north = one.easting - other.easting, one.northing - other.northing
    if east * east + north * north > settings.same_event_m * settings.same_event_m:
        return False
    if one.minute is None or other.minute is None:
        return one.day == other.day
    return abs(one.minute - other.minute) <= _most_minutes(one, other, settings)


def chance_matches(one: Case, other: Case, settings: Settings, rate: Rate) -> float:
    """Return how many cases of the other's source chance brings as near to `one` in place and time."""
    metres = max(_metres(one, other), _LEAST_M)
    days = _chance_minutes(one, other, settings) / _DAY
    return rate(one, other.source) * pi * (metres / 1_000) ** 2 * days


def _events(cases: Sequence[Case], settings: Settings) -> list[list[Case]]:
    event_of: dict[CaseKey, list[Case]] = {case.key: [case] for case in cases}
    for one, other in sorted(_pairs(cases, settings), key=_nearest_first):
        first, second = event_of[one.key], event_of[other.key]
        if first is not second and all(may_be_same(a, b, settings) for a in first for b in second):
            first += second
            event_of.update((case.key, first) for case in second)
    events = {id(event): event for event in event_of.values()}
    return [event for event in events.values() if len(event) > 1]


def _pairs(cases: Sequence[Case], settings: Settings) -> Iterator[tuple[Case, Case]]:
    """Yield the pairs that may be about one event, the smaller key first."""
    most_days = 1 + (settings.same_event_hours + 1) // 24
    ordered = sorted(cases, key=lambda case: case.day)
    for index, one in enumerate(ordered):
        for later in range(index + 1, len(ordered)):
            other = ordered[later]
            if other.day - one.day > most_days:
                break
            if may_be_same(one, other, settings):
                yield (one, other) if one.key < other.key else (other, one)


def _nearest_first(pair: tuple[Case, Case]) -> tuple[float, float, CaseKey, CaseKey]:
    one, other = pair
    timed = one.minute is not None and other.minute is not None
    return _gap(one, other) if timed else float("inf"), _metres(one, other), one.key, other.key


def _counted_first(event: list[Case], datasets: Sequence[str]) -> list[Case]:
    order = {dataset: index for index, dataset in enumerate(datasets)}
    return sorted(event, key=lambda c: (order.get(c.stream.dataset, len(order)), c.source, c.key))


def _matched(
    event: list[Case], settings: Settings, rate: Rate
) -> tuple[tuple[CaseKey, ...], float]:
    first, *others = event
    by_chance = sum(chance_matches(first, other, settings, rate) for other in others)
    return tuple(case.key for case in event), max(0.0, 1.0 - by_chance)


def _metres(one: Case, other: Case) -> float:
    return hypot(one.easting - other.easting, one.northing - other.northing)


def _gap(one: Case, other: Case) -> int:
    return abs((one.minute or 0) - (other.minute or 0))


def _most_minutes(one: Case, other: Case, settings: Settings) -> int:
    return settings.same_event_hours * _HOUR + _widening(one, other)


def _widening(one: Case, other: Case) -> int:
    return _HOUR if one.hour_only or other.hour_only else 0


def _chance_minutes(one: Case, other: Case, settings: Settings) -> int:
    """Return the width of the time in which the other case would be as near."""
    if one.minute is None or other.minute is None:
        return max(_DAY, 2 * _most_minutes(one, other, settings))
    return 2 * max(_gap(one, other) + _widening(one, other), _LEAST_MINUTES)
