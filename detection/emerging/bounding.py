"""Bounds of a problem: however many cases it has, its finding and its row of the state can be written."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import Final

from detection.emerging.facts import Detection, Problem
from detection.emerging.sameness import every_key

MOST_CASES: Final = 400
"""A detection names so many cases. The number of cases that it has observed is that of all."""


def bounded(found: Detection) -> Detection:
    """Return a detection with at most `MOST_CASES` cases, and about as many in its matches.

    Those with the smallest keys stay. Released ids are digests, so two detections of the same cases keep the
    same ones.
    """
    if len(every_key(found)) <= MOST_CASES:
        return found
    cases = frozenset(sorted(found.cases)[:MOST_CASES])
    matches = [match for match in found.matches if match.cases[0] in cases]
    sizes = accumulate(len(match.cases) for match in matches)
    kept = [match for match, size in zip(matches, sizes, strict=True) if size <= MOST_CASES]
    return replace(found, cases=cases, matches=tuple(kept))


def with_bounded_told(problem: Problem) -> Problem:
    """Return a problem that knows at most `MOST_CASES` cases that are no part of its detection any more.

    What it does not know is not named in its finding either. If it is found again, it joins again.
    """
    now = every_key(problem.detection)
    before = problem.told - now
    if len(before) <= MOST_CASES:
        return problem
    return replace(problem, told=problem.told & now | {*sorted(before)[:MOST_CASES]})
