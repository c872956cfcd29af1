from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from detection.emerging.facts import (
    CaseKey,
    Detection,
    Kind,
    Match,
    Problem,
    SeriesKey,
)
from detection.emerging.problems import (
    Evaluated,
    Evolution,
    ProblemChange,
    evolve,
    looks_only,
    new_id,
)
from detection.emerging.removing import remove_case
from tests.detection.emerging.building import AMBULANCE, DAY, POLICE, SETTINGS, detection, keys

_FIGHTS = SeriesKey("fight", (POLICE,))


def _digest(content: bytes) -> bytes:
    return sha256(b"key" + content).digest()


def _all(_kind: Kind, _series: SeriesKey) -> bool:
    return True


def _evolve(
    problems: Iterable[Problem],
    *detections: Detection,
    as_of: int = DAY,
    evaluated: Evaluated = _all,
) -> list[ProblemChange]:
    return evolve(problems, detections, Evolution("council", as_of, SETTINGS, _digest, evaluated))


def _opened(found: Detection | None = None) -> Problem:
    (change,) = _evolve([], found or detection())
    return change.problem


def _published(changes: Sequence[ProblemChange]) -> list[Problem]:
    return [change.problem for change in changes if change.is_published]


def test_a_problem_is_opened_with_all_its_cases() -> None:
    (change,) = _evolve([], detection("abcd"))
    assert (change.problem.status, change.problem.version) == ("opened", 1)
    assert change.joined == change.problem.told == keys(*"abcd")


def test_the_id_is_the_same_for_the_same_cases_and_another_for_another_recipient() -> None:
    found = detection("abcd")
    assert new_id("council", found, DAY, _digest) == new_id(
        "council", detection("dcba"), DAY, _digest
    )
    assert new_id("council", found, DAY, _digest) != new_id("hospital", found, DAY, _digest)
    assert new_id("council", found, DAY, _digest) != new_id(
        "council", detection("abce"), DAY, _digest
    )
    assert len(new_id("council", found, DAY, _digest)) == 8


def test_the_same_cluster_is_published_again_only_when_a_case_joins() -> None:
    first = _opened()
    assert not _published(_evolve([first], detection("abcd"), as_of=DAY + 1))
    assert not _published(_evolve([first], detection("bcd"), as_of=DAY + 1))
    (grown,) = _published(_evolve([first], detection("bcde"), as_of=DAY + 1))
    assert (grown.id, grown.status, grown.version) == (first.id, "grown", 2)
    assert grown.told == keys(*"abcde")


def test_the_cases_that_joined_are_named() -> None:
    (change,) = _evolve([_opened()], detection("bcdef"))
    assert change.joined == keys("e", "f")


def test_a_problem_has_moved_when_its_new_centre_is_outside_its_circle() -> None:
    (moved,) = _published(_evolve([_opened()], detection("bcdef", at=(375_301, 165_000))))
    (grown,) = _published(_evolve([_opened()], detection("bcdef", at=(375_300, 165_000))))
    assert (moved.status, grown.status) == ("moved", "grown")


def test_a_problem_fades_once_and_closes_after_its_days() -> None:
    problem = _opened()
    told: list[tuple[int, str]] = []
    for day in range(1, 20):
        for change in _evolve([problem] if problem.status != "closed" else [], as_of=DAY + day):
            problem = change.problem
            told += [(day, problem.status)]
    assert told == [(1, "faded"), (SETTINGS.close_days, "closed")]
    assert problem.ended == "quiet"
    assert problem.version == 3


def test_looks_end_nothing() -> None:
    assert not _evolve([_opened()], as_of=DAY + 30, evaluated=looks_only)


def test_an_evaluation_of_the_day_before_does_not_end_what_a_look_has_opened_today() -> None:
    assert not _evolve([_opened()], as_of=DAY - 1)


def test_a_faded_problem_that_is_found_again_is_published_when_a_case_joins() -> None:
    (faded,) = _published(_evolve([_opened()], as_of=DAY + 1))
    (again,) = _evolve([faded], detection("abcd"), as_of=DAY + 2)
    assert not again.is_published
    assert again.problem.seen_day == DAY + 2
    (grown,) = _published(_evolve([again.problem], detection("abcde"), as_of=DAY + 3))
    assert grown.status == "grown"


def test_a_new_cluster_at_the_place_of_an_open_problem_is_this_problem() -> None:
    first = _opened()
    (change,) = _evolve([first], detection("wxyz", days=(DAY + 5, DAY + 8)), as_of=DAY + 8)
    assert change.problem.id == first.id


def test_the_rates_of_two_areas_are_two_problems_and_those_of_two_weeks_are_one() -> None:
    first = _opened(replace(detection("abcd"), kind="farrington", area="BA1"))
    for area, is_same in (("BA1", True), ("BA2", False)):
        later = replace(detection("wxyz"), kind="farrington", area=area)
        change = _evolve([first], later, as_of=DAY + 7)[0]
        assert (change.problem.id == first.id) == is_same


def test_a_cluster_elsewhere_is_another_problem() -> None:
    first = _opened()
    changes = _evolve([first], detection("abcd"), detection("wxyz", at=(380_000, 165_000)))
    assert len({change.problem.id for change in changes}) == 2


def test_the_cluster_of_a_type_and_of_its_group_is_one_problem() -> None:
    of_type, of_group = detection("abcd", series=_FIGHTS), detection("abcdef", p=1e-5)
    (change,) = _evolve([], of_type, of_group)
    assert (change.problem.version, change.problem.status) == (1, "opened")
    assert change.problem.detection == of_group
    assert change.joined == keys(*"abcdef")


def test_a_wide_cluster_of_a_group_is_not_the_small_one_of_a_type() -> None:
    of_type, of_group = detection("abcd", series=_FIGHTS), detection("abcdefghijklm", p=1e-5)
    assert len(_evolve([], of_type, of_group)) == 2


def test_two_kinds_of_detectors_have_two_problems() -> None:
    assert len(_evolve([], detection(), replace(detection(), kind="ears"))) == 2


def test_of_two_problems_that_become_one_the_larger_absorbs_the_other() -> None:
    large, small = detection("abcdef"), detection("wxyz", at=(375_800, 165_000))
    problems = [change.problem for change in _evolve([], large, small)]
    wide = detection("abcdefwxyz", at=(375_400, 165_000), radius=800)
    kept, closed = _published(_evolve(problems, wide, as_of=DAY + 1))
    assert (kept.id, kept.told) == (_opened(large).id, keys(*"abcdefwxyz"))
    assert (closed.status, closed.ended) == ("closed", "merged")


def test_another_record_of_a_told_event_does_not_join() -> None:
    of_ambulance = CaseKey(AMBULANCE, "a")
    first = replace(detection("bcd"), cases=keys(*"bcd") | {of_ambulance})
    match = Match((CaseKey(POLICE, "p"), of_ambulance), 0.99)
    later = detection("bcdp", matches=(match,))
    (change,) = _evolve([_opened(first)], later)
    assert not change.is_published
    # Its record counts for the event if the one that was told is erased.
    rest = remove_case(change.problem, of_ambulance, SETTINGS)
    assert rest is not None
    assert (rest.problem.status, rest.problem.detection.cases) == ("opened", keys(*"bcdp"))
    (again,) = _evolve([rest.problem], detection("bcdp"))
    assert not again.is_published


def test_a_case_that_is_taken_away_is_taken_out_of_the_problem() -> None:
    problem = _opened(detection("abcde"))
    change = remove_case(problem, CaseKey(POLICE, "a"), SETTINGS)
    assert change is not None
    assert change.is_published
    assert change.problem.version == 2
    assert change.problem.detection.cases == change.problem.told == keys(*"bcde")
    assert change.problem.detection.observed == 4
    assert change.problem.detection.evidence["removed_cases"] == 1


def test_a_problem_with_too_few_cases_left_is_closed() -> None:
    change = remove_case(_opened(), CaseKey(POLICE, "a"), SETTINGS)
    assert change is not None
    assert (change.problem.status, change.problem.ended) == ("closed", "corrected")


def test_an_event_counts_as_long_as_one_of_its_records_is_left() -> None:
    other = CaseKey(AMBULANCE, "x")
    problem = _opened(detection("abcd", matches=(Match((CaseKey(POLICE, "a"), other), 0.99),)))
    change = remove_case(problem, CaseKey(POLICE, "a"), SETTINGS)
    assert change is not None
    assert change.problem.status == "opened"
    assert change.problem.detection.cases == keys(*"bcd") | {other}
    assert not change.problem.detection.matches


def test_an_unknown_case_changes_nothing_and_an_old_one_nothing_that_is_published() -> None:
    problem = replace(_opened(), told=keys(*"abcdo"))
    assert remove_case(problem, CaseKey(POLICE, "z"), SETTINGS) is None
    change = remove_case(problem, CaseKey(POLICE, "o"), SETTINGS)
    assert change is not None
    assert not change.is_published
    assert change.problem.told == keys(*"abcd")


_FOUND = st.builds(
    lambda cases, x, p: detection(cases, at=(375_000 + 100 * x, 165_000), p=p),
    st.sets(st.sampled_from("abcdefghijkl"), min_size=4, max_size=8),
    st.integers(0, 12),
    st.floats(1e-9, 1e-4),
)
_DAYS = st.lists(st.lists(_FOUND, max_size=3), max_size=8)


@given(_DAYS)
def test_versions_count_up_and_a_closed_problem_stays_closed(days: list[list[Detection]]) -> None:
    open_now: dict[bytes, Problem] = {}
    versions: dict[bytes, list[int]] = {}
    closed: set[bytes] = set()
    for number, found in enumerate(days):
        for change in _evolve(open_now.values(), *found, as_of=DAY + 3 * number):
            problem = change.problem
            assert problem.id not in closed
            open_now[problem.id] = problem
            if change.is_published:
                versions.setdefault(problem.id, []).append(problem.version)
            if change.is_closed:
                closed.add(problem.id)
                del open_now[problem.id]
    for published in versions.values():
        assert all(before < after for before, after in pairwise(published))


@given(_DAYS, st.randoms())
def test_the_order_of_problems_and_detections_does_not_matter(
    days: list[list[Detection]], random: object
) -> None:
    problems: list[Problem] = []
    for number, found in enumerate(days):
        as_of = DAY + number
        changes = _evolve(problems, *found, as_of=as_of)
        shuffled = [*problems], [*found]
        for each in shuffled:
            random.shuffle(each)  # type: ignore[attr-defined]
        again = _evolve(shuffled[0], *shuffled[1], as_of=as_of)
        assert {each.problem.id: each for each in again} == {
            each.problem.id: each for each in changes
        }
        now = {problem.id: problem for problem in problems}
        now |= {change.problem.id: change.problem for change in changes}
        problems = [problem for problem in now.values() if problem.status != "closed"]


@given(_DAYS)
def test_nothing_is_published_twice_for_the_same_detections(days: list[list[Detection]]) -> None:
    for found in days:
        first = [change.problem for change in _evolve([], *found) if not change.is_closed]
        again = _evolve(first, *found, as_of=DAY + 1)
        assert all(change.problem.version == 1 for change in again if not change.is_published)
