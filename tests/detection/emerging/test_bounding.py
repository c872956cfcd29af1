"""However many cases a problem has, a bounded number is kept of them."""

from __future__ import annotations

from dataclasses import replace

from detection.emerging.bounding import MOST_CASES, bounded, with_bounded_told
from detection.emerging.facts import CaseKey, Match, Problem
from detection.emerging.sameness import every_key
from tests.detection.emerging.building import AMBULANCE, DAY, POLICE, detection

MANY = 3 * MOST_CASES
KEYS = [CaseKey(POLICE, f"{number:032}") for number in range(MANY)]


def test_a_small_detection_stays_as_it_is() -> None:
    assert bounded(detection()) is not None
    assert bounded(detection()) == detection()


def test_a_large_detection_keeps_its_number_and_a_part_of_its_cases_and_matches() -> None:
    matches = tuple(Match((key, CaseKey(AMBULANCE, key.record)), 0.9) for key in KEYS)
    found = replace(detection(), cases=frozenset(KEYS), observed=MANY, matches=matches)
    kept = bounded(found)
    assert kept.observed == MANY
    assert kept.cases == frozenset(KEYS[:MOST_CASES])
    assert len(kept.matches) == MOST_CASES / 2
    assert bounded(kept) == kept


def test_what_was_told_long_ago_is_forgotten_and_what_is_told_now_is_not() -> None:
    found = detection()
    told = frozenset(KEYS) | found.cases
    problem = Problem(b"12345678", "council", found, "opened", DAY, DAY, 1, told)
    kept = with_bounded_told(problem).told
    assert every_key(found) <= kept
    assert len(kept) == MOST_CASES + len(found.cases)
    assert with_bounded_told(replace(problem, told=kept)).told == kept
