"""Problems: one cluster is one problem that evolves.

A problem is published when it is opened, when a case joins, once when an evaluation no longer finds it
(faded), and once when it is closed. Between these it changes without being published. Nothing here is changed
in place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from detection.emerging.facts import CaseKey, Detection, Kind, Problem, SeriesKey, Status
from detection.emerging.sameness import apart, every_key, joined, overlap
from detection.emerging.settings import Settings

Digest = Callable[[bytes], bytes]
"""A keyed digest, at least `ID_BYTES` long, such as an HMAC."""

Evaluated = Callable[[Kind, SeriesKey], bool]
"""Returns True if this kind of detector has evaluated the series, so that its problems may fade."""

ID_BYTES: Final = 8

QUIET, MERGED = "quiet", "merged"


@dataclass(frozen=True, slots=True)
class ProblemChange:
    """A changed problem, and the cases that joined it.

    The problem is always to be kept, or forgotten if it is closed. It is published if `is_published`.
    """

    problem: Problem
    joined: frozenset[CaseKey] = frozenset()
    is_published: bool = True

    @property
    def is_closed(self) -> bool:
        """Return True if the problem has ended."""
        return self.problem.status == "closed"


@dataclass(frozen=True, slots=True)
class Evolution:
    """The surroundings of one evolution of a recipient's problems.

    `as_of` is the last day that was looked at. `evaluated` is `looks_only` for looks between evaluations.
    """

    recipient: str
    as_of: int
    settings: Settings
    digest: Digest
    evaluated: Evaluated


def looks_only(_kind: Kind, _series: SeriesKey) -> bool:
    """Return False: nothing was evaluated."""
    return False


def evolve(
    problems: Iterable[Problem], detections: Iterable[Detection], evolution: Evolution
) -> list[ProblemChange]:
    """Return the changes of the open problems of a recipient by the detections that are published.

    An evaluation ends only what was seen no later than its as-of day: a look of the day after stays.
    """
    changes: dict[bytes, ProblemChange] = {}
    now = {problem.id: problem for problem in _in_order(problems)}
    for found in sorted(detections, key=_strongest_first):
        for change in _taken(tuple(now.values()), found, evolution):
            key = change.problem.id
            changes[key] = _both(changes.get(key), change)
            now[key] = changes[key].problem
            if change.is_closed:
                del now[key]
    for problem in now.values():
        if problem.id not in changes and (end := _ended(problem, evolution)):
            changes[problem.id] = end
    return list(changes.values())


def new_id(recipient: str, found: Detection, opened_day: int, digest: Digest) -> bytes:
    """Return the id of a new problem: a digest of its recipient, kind, series, day and first cases."""
    of = [recipient, found.kind, opened_day, found.series, sorted(found.cases)]
    return digest(sha256(json.dumps(of).encode()).digest())[:ID_BYTES]


def _taken(
    problems: Sequence[Problem], found: Detection, evolution: Evolution
) -> list[ProblemChange]:
    about = [problem for problem in problems if overlap(problem, found) > 0]
    if not about:
        return [_opened(found, evolution)]
    best = max(about, key=lambda problem: overlap(problem, found))
    merged = [p for p in about if p.detection.series == best.detection.series == found.series]
    if len(merged) <= 1:
        return [_seen(best, found, evolution)]
    largest = max(merged, key=lambda problem: (len(problem.told), -problem.opened_day, problem.id))
    others = [problem for problem in merged if problem is not largest]
    grown = _seen(largest, found, evolution)
    told = grown.problem.told.union(*(problem.told for problem in others))
    return [
        replace(grown, problem=replace(grown.problem, told=told)),
        *(_closed(problem, MERGED) for problem in others),
    ]


def _opened(found: Detection, evolution: Evolution) -> ProblemChange:
    problem = Problem(
        id=new_id(evolution.recipient, found, evolution.as_of, evolution.digest),
        recipient=evolution.recipient,
        detection=found,
        status="opened",
        opened_day=evolution.as_of,
        seen_day=evolution.as_of,
        version=1,
        told=every_key(found),
    )
    return ProblemChange(problem, found.cases)


def _seen(problem: Problem, found: Detection, evolution: Evolution) -> ProblemChange:
    new = joined(problem, found)
    seen = replace(problem, seen_day=max(problem.seen_day, evolution.as_of))
    if not new:
        return ProblemChange(_with_matches(seen, found), is_published=False)
    seen = replace(seen, told=problem.told | every_key(found))
    status: Status = "moved" if _is_outside(problem.detection, found) else "grown"
    return ProblemChange(
        replace(seen, detection=found, status=status, version=problem.version + 1), new
    )


def _with_matches(problem: Problem, found: Detection) -> Problem:
    """Return the problem with the records that have since come about its events: those count if others go."""
    before = problem.detection
    later = [match for match in found.matches if len(before.cases.intersection(match.cases)) == 1]
    if not later:
        return problem
    known = {key for match in later for key in match.cases}
    rest = [match for match in before.matches if known.isdisjoint(match.cases)]
    detection = replace(before, matches=(*later, *rest))
    return replace(problem, detection=detection, told=problem.told | known)


def _ended(problem: Problem, evolution: Evolution) -> ProblemChange | None:
    quiet_days = evolution.as_of - problem.seen_day
    is_evaluated = evolution.evaluated(problem.detection.kind, problem.detection.series)
    if not is_evaluated or quiet_days < 0:
        return None
    if quiet_days >= evolution.settings.close_days:
        return _closed(problem, QUIET)
    if problem.status == "faded":
        return None
    return ProblemChange(replace(problem, status="faded", version=problem.version + 1))


def _closed(problem: Problem, ended: str) -> ProblemChange:
    return ProblemChange(
        replace(problem, status="closed", version=problem.version + 1, ended=ended)
    )


def _both(before: ProblemChange | None, after: ProblemChange) -> ProblemChange:
    """Return two changes of one problem as one, which is published once."""
    if before is None or not before.is_published or after.is_closed:
        return after
    if not after.is_published:
        return replace(before, problem=after.problem)
    version = before.problem.version
    status = before.problem.status if before.problem.status == "opened" else after.problem.status
    problem = replace(after.problem, version=version, status=status)
    return ProblemChange(problem, before.joined | after.joined)


def _is_outside(before: Detection, found: Detection) -> bool:
    return apart(before, found) > before.radius_m


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.opened_day, problem.id))


def _strongest_first(found: Detection) -> tuple[object, ...]:
    strength = found.p.value, -found.statistic, -found.observed
    place = found.easting, found.northing, found.radius_m, found.first_day, found.last_day
    return *strength, found.series, *place, sorted(found.cases)
