"""The feed of a group's member: what it commits, and when its processor restores."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from streams.runtime import feed
from streams.runtime.batching import BatchBounds
from streams.runtime.feed import GroupFeed
from streams.runtime.metrics import StreamMetrics
from tests.streams.clients import Consumer, Log
from tests.streams.partnership import raw_intake

TOPIC = "banes.internal.incidents"


@pytest.fixture
def log() -> Log:
    return Log(waiting=[raw_intake(TOPIC, b"?", at) for at in range(3)])


@pytest.fixture
def joined(log: Log, monkeypatch: pytest.MonkeyPatch) -> GroupFeed:
    """Return the feed of a member that has its assignment."""
    monkeypatch.setattr(feed, "Consumer", lambda config: Consumer(log, config))
    metrics, bounds = StreamMetrics(CollectorRegistry()), BatchBounds(idle_seconds=0.01)
    made = GroupFeed({"group.id": "g"}, [TOPIC], metrics, bounds)
    made.begin()
    go_on(made)
    return made


def go_on(member: GroupFeed) -> None:
    assert member.settled()
    member.go_on()


def offsets(member: GroupFeed) -> list[tuple[str, int, int]]:
    return [(at.topic, at.partition, at.offset) for at in member.standing.offsets]


def test_what_is_due_is_committed_with_offsets_so_that_the_broker_checks_the_membership(
    joined: GroupFeed, log: Log
) -> None:
    (portion,) = joined.poll(2)
    joined.committed(portion)
    assert offsets(joined) == [(TOPIC, 3, 2)]
    log.committed[TOPIC, 3], log.rebalances = 3, True
    joined.settled()
    go_on(joined)
    assert offsets(joined) == [(TOPIC, 3, 3)]


def test_a_portion_that_is_not_committed_moves_no_offset_of_what_is_due(joined: GroupFeed) -> None:
    (portion,) = joined.poll(2)
    joined.committed(portion)
    assert len(list(joined.poll(2))) == 1
    joined.rewind()
    assert offsets(joined) == [(TOPIC, 3, 2)]


def test_the_processor_restores_after_a_revocation_also_before_the_next_assignment(
    joined: GroupFeed,
) -> None:
    before = joined.assignments
    joined.close()
    assert joined.assignments == before + 1


def test_after_an_abort_the_group_is_served_so_that_a_rebalance_is_known(
    joined: GroupFeed, log: Log
) -> None:
    log.rebalances = True
    joined.rewind()
    assert joined.is_behind
