from dataclasses import replace

import pytest

from detection.emerging.facts import CaseKey, Detection, Match, Problem
from detection.emerging.words import SourceWords, Telling, describe
from tests.detection.emerging.building import AMBULANCE, DAY, POLICE, detection

_TELLING = Telling(
    what="violence",
    areas=("BA1", "BA2"),
    streets=("Milsom Street",),
    radius_m=300,
    tests=41,
    recurrence_days=1_000_000,
    recurrence_all_days=24_390.7,
    sources=(
        SourceWords("police", "police-incident", 3, DAY, 0.975),
        SourceWords("ambulance", "ambulance-incident", 1, DAY - 1, None, 2),
    ),
    records=("a", "b", "c", "d"),
    joined=4,
    alarms_per_year=0.91,
    replayed_years=12,
)


def _words(found: Detection | None = None, telling: Telling = _TELLING, **changed: str) -> str:
    found = found or detection()
    problem = Problem(b"12345678", "council", found, "opened", DAY, DAY, 1, found.cases)
    return describe(replace(problem, **changed), telling)  # type: ignore[arg-type]


def test_a_finding_says_all_that_is_known_of_it() -> None:
    assert _words() == (
        "New, for council: violence, 4 cases since 2 October 2024 (to 4 October 2024), against 0.5 "
        "expected, found by the scan in space and time. "
        "Place: BA1, BA2; Milsom Street; within 300 m of easting 375000, northing 165000. "
        "Chance alone gives one as strong in this series in more than 100 years (p = 1e-06, Gumbel, 999 "
        "replicates), and in all 41 series of council in 24,400 days. "
        "False alarms a year at this level or above, measured in 12 years of replays: 0.91. "
        "Data: police (police-incident), 3 cases, newest day 4 October 2024, 97 % complete by now; "
        "ambulance (ambulance-incident), 1 case, newest day 3 October 2024, completeness unknown, 2 days "
        "without a supply. "
        "4 records, 4 of them new: a, b, c, d."
    )


def test_a_look_says_that_it_is_provisional() -> None:
    assert _words(detection(looked=True)).startswith("Provisional until the next evaluation. New")
    assert not _words(detection(looked=True), status="faded").startswith("Provisional")


def test_alarms_that_are_not_measured_are_not_guessed() -> None:
    words = _words(telling=replace(_TELLING, alarms_per_year=None))
    assert "The false alarms a year at this level are not measured yet." in words


def test_no_measured_alarm_is_not_a_rate_of_zero() -> None:
    words = _words(telling=replace(_TELLING, alarms_per_year=0.0))
    assert "No false alarm at this level or above was measured in 12 years of replays." in words


def test_an_event_that_is_counted_once_is_told_with_how_sure_it_is() -> None:
    match = Match((CaseKey(POLICE, "a"), CaseKey(AMBULANCE, "x")), 0.973)
    words = _words(detection(matches=(match,)))
    assert "1 event of several agencies counted once, 97 % sure or more" in words


def test_records_that_were_taken_back_are_told() -> None:
    found = replace(detection(), evidence={"removed_cases": 1.0})
    assert "1 record taken back since, p and expected are from before" in _words(found)


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        ("quiet", "Closed, no longer found, for council"),
        ("merged", "Closed, part of a larger problem now, for council"),
        ("corrected", "Closed, too few cases are left after corrections, for council"),
    ],
)
def test_an_end_has_its_reason(ended: str, words: str) -> None:
    assert _words(status="closed", ended=ended).startswith(words)


def test_of_many_records_the_first_are_named() -> None:
    records = tuple(f"r{number}" for number in range(25))
    assert "r9 and 15 more." in _words(telling=replace(_TELLING, records=records))
    assert "r10" not in _words(telling=replace(_TELLING, records=records))
