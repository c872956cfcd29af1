"""Removing a case from a problem, after a correction or an erasure of its record."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from detection.emerging.facts import CaseKey, Detection, Match, Problem
from detection.emerging.problems import ProblemChange
from detection.emerging.settings import Settings

CORRECTED: Final = "corrected"
REMOVED: Final = "removed_cases"
"""The evidence that counts the cases that were removed since the p-value was computed."""

_PAIR: Final = 2
_ROUGH_M: Final = 1_000


def remove_case(problem: Problem, key: CaseKey, settings: Settings) -> ProblemChange | None:
    """Return the problem without a case, or None if the case was never published with it.

    It is published if the case is of the newest detection. If fewer than the minimum of cases remain, it is
    closed, and nothing is said of them, its place only roughly. If another record is about the same event,
    the event counts as before.
    """
    if key not in problem.told:
        return None
    rest = replace(problem, told=problem.told - {key})
    found = without(problem.detection, key)
    if found is problem.detection:
        return ProblemChange(rest, is_published=False)
    rest = replace(rest, detection=found, version=problem.version + 1)
    if len(found.cases) < settings.minimum_cases:
        rest = replace(
            rest, status="closed", ended=CORRECTED, told=frozenset(), detection=emptied(found)
        )
    return ProblemChange(rest)


def without(found: Detection, key: CaseKey) -> Detection:
    """Return a detection without a case; the same object if it does not have the case."""
    match = next((match for match in found.matches if key in match.cases), None)
    if match is not None:
        return _unmatched(found, match, key)
    if key not in found.cases:
        return found
    evidence = {**found.evidence, REMOVED: found.evidence.get(REMOVED, 0.0) + 1}
    return replace(found, cases=found.cases - {key}, observed=found.observed - 1, evidence=evidence)


def emptied(found: Detection) -> Detection:
    """Return a detection without its cases and figures, in a circle that has all of the one before."""
    return replace(
        found,
        easting=_rough(found.easting),
        northing=_rough(found.northing),
        radius_m=found.radius_m + _ROUGH_M,
        observed=0,
        expected=0.0,
        statistic=0.0,
        cases=frozenset(),
        matches=(),
        evidence={},
    )


def _rough(metres: int) -> int:
    return round(metres / _ROUGH_M) * _ROUGH_M


def _unmatched(found: Detection, match: Match, key: CaseKey) -> Detection:
    rest = tuple(case for case in match.cases if case != key)
    others = tuple(each for each in found.matches if each is not match)
    kept = (replace(match, cases=rest),) if len(rest) >= _PAIR else ()
    cases = found.cases - {key} | {rest[0]} if key in found.cases else found.cases
    return replace(found, cases=cases, matches=(*kept, *others))
