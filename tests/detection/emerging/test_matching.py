from hypothesis import given
from hypothesis import strategies as st

from detection.emerging.facts import Case, CaseKey, Source
from detection.emerging.matching import Matched, match, may_be_same
from tests.detection.emerging.building import (
    AMBULANCE,
    DATASETS,
    DAY,
    HOSPITAL,
    POLICE,
    SETTINGS,
    STREAMS,
    case,
)

_NOON = DAY * 1_440 + 720


def _rare(_case: Case, _source: Source) -> float:
    return 0.01


def _matched(*cases: Case, rate: float = 0.01) -> Matched:
    return match(cases, DATASETS, SETTINGS, lambda _case, _source: rate)


@st.composite
def _cases(draw: st.DrawFn) -> list[Case]:
    drawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from(STREAMS),
                st.integers(-1, 1),
                st.none() | st.integers(0, 1_439),
                st.tuples(st.integers(0, 400), st.integers(0, 400)),
                st.booleans(),
            ),
            max_size=12,
        )
    )
    return [
        case(
            f"r{index}",
            stream,
            DAY + day,
            None if minute is None else (DAY + day) * 1_440 + minute,
            at,
            hour_only,
        )
        for index, (stream, day, minute, at, hour_only) in enumerate(drawn)
    ]


@given(_cases(), st.randoms())
def test_the_order_of_arrival_does_not_matter(cases: list[Case], random: object) -> None:
    shuffled = list(cases)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert match(shuffled, DATASETS, SETTINGS, _rare) == match(cases, DATASETS, SETTINGS, _rare)


@given(_cases())
def test_each_case_is_in_at_most_one_match_and_each_match_is_counted_once(
    cases: list[Case],
) -> None:
    matched = match(cases, DATASETS, SETTINGS, _rare)
    together = [key for each in matched.matches for key in each.cases]
    assert len(together) == len(set(together))
    assert matched.counted | set(together) == {each.key for each in cases}
    for each in matched.matches:
        assert matched.counted & set(each.cases) == {each.cases[0]}


@given(_cases())
def test_the_cases_of_a_match_agree_with_one_another(cases: list[Case]) -> None:
    by_key = {each.key: each for each in cases}
    for found in match(cases, DATASETS, SETTINGS, _rare).matches:
        members = [by_key[key] for key in found.cases]
        assert len({each.source for each in members}) == len(members)
        assert all(
            may_be_same(one, other, SETTINGS)
            for one in members
            for other in members
            if one != other
        )
        assert 0 <= found.confidence <= 1


@given(_cases(), st.randoms())
def test_components_can_be_matched_one_by_one(cases: list[Case], random: object) -> None:
    far = [
        case(
            f"far{each.record}",
            each.stream,
            each.day,
            each.minute,
            (9_000 + each.easting, each.northing),
        )
        for each in cases
    ]
    apart = [match(part, DATASETS, SETTINGS, _rare) for part in (cases, far)]
    together = match([*cases, *far], DATASETS, SETTINGS, _rare)
    assert set(together.matches) == {each for part in apart for each in part.matches}
    assert together.counted == apart[0].counted | apart[1].counted


def test_the_same_fight_of_three_agencies_is_counted_once_as_the_first_dataset_has_it() -> None:
    matched = _matched(
        case("h", HOSPITAL, minute=_NOON + 90),
        case("a", AMBULANCE, minute=_NOON + 10),
        case("p", POLICE, minute=_NOON),
    )
    assert matched.counted == {CaseKey(POLICE, "p")}
    assert [key.record for key in matched.matches[0].cases] == ["p", "a", "h"]


def test_two_records_of_one_agency_are_two_events() -> None:
    assert not _matched(case("p"), case("q")).matches


def test_the_nearest_in_time_are_put_together() -> None:
    matched = _matched(
        case("p", minute=_NOON),
        case("q", minute=_NOON + 60),
        case("a", AMBULANCE, minute=_NOON + 50),
    )
    assert [[key.record for key in each.cases] for each in matched.matches] == [["q", "a"]]


def test_a_time_known_to_the_hour_may_be_an_hour_further_away() -> None:
    late = 3 * 60 + 45
    exact = _matched(case("p", minute=_NOON), case("a", AMBULANCE, minute=_NOON + late))
    rounded = _matched(
        case("p", minute=_NOON), case("a", AMBULANCE, minute=_NOON + late, hour_only=True)
    )
    assert not exact.matches
    assert rounded.matches


def test_a_case_without_a_time_matches_on_its_day_alone_and_less_surely() -> None:
    timed = _matched(case("p", minute=_NOON), case("a", AMBULANCE, minute=_NOON + 60))
    same_day = _matched(case("p", minute=_NOON), case("a", AMBULANCE))
    next_day = _matched(case("p", minute=_NOON), case("a", AMBULANCE, day=DAY + 1))
    assert same_day.matches[0].confidence < timed.matches[0].confidence
    assert not next_day.matches


def test_a_match_is_less_sure_where_cases_are_frequent() -> None:
    pair = case("p", minute=_NOON), case("a", AMBULANCE, minute=_NOON + 60)
    confidences = [_matched(*pair, rate=rate).matches[0].confidence for rate in (0.0, 1.0, 1e9)]
    assert confidences[0] == 1.0
    assert confidences == sorted(confidences, reverse=True)
    assert confidences[-1] == 0.0


def test_a_place_too_far_away_is_another_event() -> None:
    near = case("a", AMBULANCE, minute=_NOON, at=(375_250, 165_000))
    far = case("a", AMBULANCE, minute=_NOON, at=(375_251, 165_000))
    assert _matched(case("p", minute=_NOON), near).matches
    assert not _matched(case("p", minute=_NOON), far).matches
