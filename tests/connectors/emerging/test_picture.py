"""The newest version of each problem is shown with its growth, and none that was taken back."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from connectors.received import Received
from tests.connectors.emerging.messages import (
    DAY,
    NOW,
    ONE,
    RING,
    THREE,
    TWO,
    finding,
    picture_of,
    received,
    taken_back,
)


def test_a_later_version_is_shown_and_the_earlier_ones_are_its_growth() -> None:
    picture = picture_of(
        received(observed=4),
        received(version=2, status="grown", observed=6),
        received(version=3, status="moved", observed=9),
    )
    (problem,) = picture.open()
    assert problem.newest.version == 3
    assert problem.growth == (4, 6, 9)


def test_an_end_is_no_growth() -> None:
    picture = picture_of(received(observed=4), received(version=2, status="faded", observed=4))
    assert picture.open()[0].growth == (4,)
    only_the_end = picture_of(received(version=5, status="closed", observed=7, ended="quiet"))
    assert only_the_end.ended()[0].growth == (7,)


def test_the_strongest_problem_comes_first_and_a_faded_one_last() -> None:
    picture = picture_of(
        received(ONE, recurrence_interval_all_days=400.0),
        received(TWO, recurrence_interval_all_days=9_000.0, status="faded"),
        received(THREE, recurrence_interval_all_days=2_000.0),
    )
    assert [h.newest.id for h in picture.open()] == [THREE, ONE, TWO]


def test_closed_problems_are_listed_apart_the_last_to_close_first() -> None:
    picture = picture_of(
        received(ONE, status="closed", ended="quiet"),
        received(TWO, status="closed", ended="corrected", made=NOW + DAY),
        received(THREE),
    )
    assert [h.newest.id for h in picture.ended()] == [TWO, ONE]
    assert [h.newest.id for h in picture.open()] == [THREE]


def test_a_finding_that_was_taken_back_disappears_with_its_history_and_can_come_again() -> None:
    picture = picture_of(received(observed=4), received(version=2, observed=5), taken_back())
    assert not picture.problems
    again = picture_of(received(observed=4), taken_back(), received(version=3, observed=6))
    assert again.open()[0].growth == (6,)


def test_a_version_that_cannot_be_read_is_counted_and_the_earlier_one_is_not_shown() -> None:
    picture = picture_of(received(), Received(ONE, None, NOW, is_readable=False))
    assert not picture.problems
    assert picture.unreadable == {ONE}


def test_a_message_under_the_key_of_another_problem_is_not_shown() -> None:
    picture = picture_of(received(ONE), received(TWO)._replace(key=ONE))
    assert not picture.problems
    assert picture.unreadable == {ONE}


def test_a_problem_that_the_topic_does_not_retain_is_forgotten() -> None:
    picture = picture_of(received(ONE, made=NOW - DAY), received(TWO))
    picture.expire(NOW - DAY / 2)
    assert list(picture.problems) == [TWO]


def test_a_number_that_json_does_not_have_is_none_in_a_feature() -> None:
    feature = finding(recurrence_interval_all_days=float("inf")).feature()
    assert feature["properties"]["recurrence_interval_all_days"] is None


def test_a_finding_is_a_feature_with_its_circle() -> None:
    feature = finding().feature()
    assert feature["id"] == ONE
    assert feature["geometry"] == {"type": "Polygon", "coordinates": [RING]}
    assert feature["properties"]["since"] == "2026-11-27"
    assert feature["properties"]["made"] == "2026-11-29T15:00:00+00:00"
    assert feature["properties"]["sources"][0]["newest_day"] == "2026-11-29"
    assert "geometry" not in feature["properties"]


def test_without_expected_cases_a_problem_is_still_ranked() -> None:
    picture = picture_of(received(ONE, expected=0.0), received(TWO, expected=2.0))
    assert [h.newest.id for h in picture.open()] == [ONE, TWO]
    assert finding(opened=datetime(2026, 1, 1, tzinfo=UTC)).ratio == 15.0


MESSAGES = st.lists(st.tuples(st.sampled_from([ONE, TWO, THREE]), st.booleans()))


@given(MESSAGES)
def test_a_picture_read_again_from_compacted_messages_shows_the_same_newest_versions(
    messages: list[tuple[str, bool]],
) -> None:
    log = [
        received(name, version=at + 1) if is_there else taken_back(name)
        for at, (name, is_there) in enumerate(messages)
    ]
    compacted = {one.key: one for one in log}
    whole, shortened = picture_of(*log), picture_of(*compacted.values())
    assert [h.newest for h in whole.open()] == [h.newest for h in shortened.open()]
