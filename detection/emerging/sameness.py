"""Sameness: whether a detection is about a problem that is open already.

Detections of different kinds are different problems. Of one kind they are about one problem if

- all their events were told with it;
- or their series is the same, and one centre is in the other circle (of rates: their area is the same), or
  half of the smaller one's events are in both;
- or their series differ, such as a type and a group with this type, and half of the larger one's events are
  in both.
"""

from __future__ import annotations

from math import hypot
from typing import Final

from detection.emerging.facts import CaseKey, Detection, Problem

_HALF: Final = 0.5


def overlap(problem: Problem, found: Detection) -> float:
    """Return 0 if a detection is not about the problem, else more for the one it is rather about."""
    if problem.detection.kind != found.kind:
        return 0.0
    shared = len(found.cases) - len(joined(problem, found))
    if problem.detection.series != found.series:
        larger = max(len(problem.detection.cases), len(found.cases))
        is_same = shared == len(found.cases) or _shared(problem.detection, found) >= _HALF * larger
        return float(shared) if is_same else 0.0
    smaller = min(len(problem.detection.cases), len(found.cases))
    is_same = shared >= _HALF * smaller or is_one_place(problem.detection, found)
    return 1.0 + shared if is_same else 0.0


def joined(problem: Problem, found: Detection) -> frozenset[CaseKey]:
    """Return the cases of a detection whose events were not told with the problem."""
    events = {match.cases[0]: match.cases for match in found.matches}
    return frozenset(
        case for case in found.cases if problem.told.isdisjoint(events.get(case, (case,)))
    )


def every_key(found: Detection) -> frozenset[CaseKey]:
    """Return the keys of the counted cases and of those that are about the same events."""
    return found.cases.union(*(match.cases for match in found.matches))


def is_one_place(one: Detection, other: Detection) -> bool:
    """Return True if the areas are the same, or, without areas, if one centre is in the other circle."""
    if one.area and other.area:
        return one.area == other.area
    return apart(one, other) <= max(one.radius_m, other.radius_m)


def apart(one: Detection, other: Detection) -> float:
    """Return the distance between two centres in metres."""
    return hypot(one.easting - other.easting, one.northing - other.northing)


def _shared(one: Detection, other: Detection) -> int:
    return max(len(one.cases & every_key(other)), len(other.cases & every_key(one)))
