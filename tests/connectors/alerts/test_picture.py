"""The newest version of each alert is shown, and no alert that was withdrawn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.alerts.picture import Change, Picture
from connectors.received import Received
from tests.connectors.alerts.messages import HOUR, NOW, ONE, THREE, TWO, received, withdrawn


def picture_of(*messages: Received) -> Picture:
    picture = Picture()
    for one in messages:
        picture.take(Change.of(one))
    return picture


def test_a_later_message_replaces_the_earlier_one() -> None:
    picture = picture_of(received(version=1), received(version=2, level="escalation"))
    assert [(a.version, a.level) for a in picture.alerts.values()] == [(2, "escalation")]


def test_a_withdrawn_alert_disappears_and_can_come_again() -> None:
    picture = picture_of(received())
    assert picture.take(Change.of(withdrawn()))
    assert not picture.alerts
    assert not picture.take(Change.of(withdrawn()))
    picture.take(Change.of(received()))
    assert list(picture.alerts) == [ONE]


def test_an_alert_that_cannot_be_read_is_counted_and_its_earlier_version_is_not_shown() -> None:
    picture = picture_of(received(), Received(ONE, None, NOW, is_readable=False))
    assert not picture.alerts
    assert picture.unreadable == {ONE}
    assert picture.take(Change.of(withdrawn()))
    assert not picture.unreadable


def test_a_message_under_the_key_of_another_alert_is_not_shown() -> None:
    moved = received(TWO)._replace(key=ONE)
    picture = picture_of(received(ONE), moved)
    assert not picture.alerts
    assert picture.unreadable == {ONE}


def test_unacknowledged_alerts_come_first_then_the_most_urgent_then_the_oldest() -> None:
    picture = picture_of(
        received("a" * 16, rank=0, acknowledged=NOW),
        received(ONE, rank=3),
        received(TWO, rank=0, raised=NOW),
        received(THREE, rank=0, raised=NOW - HOUR),
    )
    assert [a.id for a in picture.ranked()] == [THREE, TWO, ONE, "a" * 16]


def test_an_alert_that_the_topic_does_not_retain_is_forgotten() -> None:
    picture = picture_of(received(ONE, made=NOW - HOUR), received(TWO))
    picture.expire(NOW - HOUR / 2)
    assert list(picture.alerts) == [TWO]


MESSAGES = st.lists(st.tuples(st.sampled_from([ONE, TWO, THREE]), st.booleans()))


@given(MESSAGES)
def test_a_picture_read_again_from_compacted_messages_is_the_same(
    messages: list[tuple[str, bool]],
) -> None:
    log = [
        received(name, version=at + 1) if is_alert else withdrawn(name)
        for at, (name, is_alert) in enumerate(messages)
    ]
    newest = {one.key: one for one in log}
    assert picture_of(*log).alerts == picture_of(*newest.values()).alerts
