"""The discloser's feed: offsets move as far as was processed; the lag is that of the case furthest behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Producer

from isp.cases.turns import Allowance
from streams.disclosure.cases import LaneKind
from streams.disclosure.feed import CaseFeed
from streams.runtime.feed import Portion

LETTERS, INTAKE = "banes.letters.police", "banes.intake.police.police-incident"
PLACE = (INTAKE, 0)
CASE = "0123456789abcdef"
TRIES = 400


def put(broker: str, topic: str, number: int) -> None:
    producer = Producer({"bootstrap.servers": broker, "log_level": 0, "linger.ms": 0})
    for at in range(number):
        producer.produce(topic, str(at).encode(), partition=0)
    assert producer.flush(60) == 0


@pytest.fixture
def feed(broker: str) -> Iterator[CaseFeed]:
    put(broker, LETTERS, 2)
    put(broker, INTAKE, 5)
    client = {"bootstrap.servers": broker, "log_level": 0}
    feed = CaseFeed(client, "banes.discloser", {LETTERS: Allowance(100, 0.0)})
    feed.begin()
    yield feed
    feed.close()


def portions(feed: CaseFeed, most: int, done: Callable[[list[Portion]], bool]) -> list[Portion]:
    found: list[Portion] = []
    for _ in range(TRIES):
        found += feed.poll(most)
        if done(found):
            return found
    raise AssertionError(found)


def values(found: list[Portion]) -> list[str]:
    return [(intake.value or b"").decode() for portion in found for intake in portion.intakes]


def offsets(portion: Portion) -> dict[str, int]:
    return {at.topic: at.offset for at in portion.offsets}


def test_a_batch_that_is_cut_moves_the_offsets_no_further_than_it_goes(feed: CaseFeed) -> None:
    feed.follow({(LETTERS, 0): 0, PLACE: 0})
    found = portions(feed, 2, lambda f: len(values(f)) == 7)
    assert all(1 <= len(portion.intakes) <= 2 for portion in found)
    reached = {LETTERS: 0, INTAKE: 0}
    for portion in found:
        for intake in portion.intakes:
            reached[intake.topic] = intake.offset + 1
        assert offsets(portion) == reached


def test_what_lies_ahead_moves_no_offset_and_is_read_again_at_its_end(feed: CaseFeed) -> None:
    feed.follow({PLACE: 3})
    feed.wait()
    ahead = portions(feed, 10, lambda _: not feed.is_ahead)
    assert values(ahead) == ["3", "4"]
    assert {offsets(p)[INTAKE] for p in ahead} == {3}
    assert not any(portion.moves for portion in ahead)
    assert values(portions(feed, 10, lambda f: len(values(f)) == 2)) == ["3", "4"]
    assert feed.lane.kind is LaneKind.NEW


def test_what_is_held_does_not_go_on_at_its_end(feed: CaseFeed) -> None:
    feed.follow({PLACE: 3})
    feed.hold()
    for _ in range(20):
        list(feed.poll(10))
    assert feed.is_ahead
    assert offsets(feed.standing) == {INTAKE: 3}


def test_a_backlog_commits_for_its_own_group_until_it_has_met_the_rest(feed: CaseFeed) -> None:
    feed.follow({PLACE: 5})
    feed.draw(CASE, [PLACE])
    found = portions(feed, 2, lambda f: len(values(f)) == 5)
    assert [offsets(portion)[INTAKE] for portion in found] == [2, 4, 5]
    assert (feed.lane.kind, feed.lane.case) == (LaneKind.BACKLOG, CASE)
    assert feed.met() == {CASE: {PLACE: 5}}
    feed.stop_drawing(CASE)
    assert feed.met() == {}


def test_a_case_that_has_just_been_opened_reads_all_ahead_before_it_draws(feed: CaseFeed) -> None:
    feed.follow({PLACE: 5})
    feed.draw(CASE, [PLACE])
    feed.read_ahead(CASE)
    found = portions(feed, 10, lambda f: bool(f) and f[-1].moves)
    ahead = [portion for portion in found if not portion.moves]
    assert values(ahead) == values([p for p in found if p.moves]) == list("01234")
    assert feed.met() == {CASE: {PLACE: 5}}


def test_of_a_case_that_is_held_nothing_is_drawn(feed: CaseFeed) -> None:
    feed.follow({PLACE: 5})
    feed.draw(CASE, [PLACE], held=True)
    for _ in range(5):
        assert list(feed.poll(10)) == []
    feed._backlogs[CASE].at[PLACE] = 5
    assert feed.met() == {}


def test_the_lag_is_that_of_the_case_that_is_furthest_behind(feed: CaseFeed) -> None:
    feed.follow({PLACE: 0})
    portions(feed, 10, lambda f: len(values(f)) == 5)
    assert feed.lag() == {PLACE: 0}
    feed.draw(CASE, [PLACE])
    backlog = feed._backlogs[CASE]
    portions(feed, 10, lambda f: len(values(f)) == 5)
    backlog.at[PLACE] = 1
    assert feed.lag() == {PLACE: 4}


def test_after_an_abort_it_knows_nothing_but_what_is_committed(feed: CaseFeed) -> None:
    feed.follow({(LETTERS, 0): 0, PLACE: 0})
    feed.draw(CASE, [PLACE])
    portions(feed, 10, lambda f: len(values(f)) >= 7)
    feed.rewind()
    feed.take_up([(LETTERS, 0)])
    assert offsets(feed.standing) == {LETTERS: 0}
    assert feed.met() == {}
    assert values(portions(feed, 10, lambda f: len(values(f)) == 2)) == ["0", "1"]


def test_positions_are_committed_anew_at_times(
    feed: CaseFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed.follow({PLACE: 5})
    feed._renew_at = 0.0
    found = list(feed.poll(10))
    assert [(list(p.intakes), offsets(p), p.moves) for p in found] == [([], {INTAKE: 5}, True)]
    assert list(feed.poll(10)) == []
