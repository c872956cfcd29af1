"""A sole feed joins an empty group, and waits for one that has a member."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from prometheus_client import CollectorRegistry

from streams.runtime import feed as group_feed
from streams.runtime import sole
from streams.runtime.batching import BatchBounds
from streams.runtime.metrics import StreamMetrics
from streams.runtime.sole import SoleFeed
from transport.transaction import FatalWorkerError

CONFIG = {
    "bootstrap.servers": "127.0.0.1:1",
    "sasl.username": "u",
    "group.id": "g",
    "group.instance.id": "g.1",
    "isolation.level": "read_committed",
}


class FakeConsumer:
    def __init__(self, _config: Any) -> None:
        self.topics: list[str] = []

    def subscribe(self, topics: list[str], **_: Any) -> None:
        self.topics = topics

    def assignment(self) -> list[Any]:
        return []

    def poll(self, _seconds: float) -> None:
        return None

    def committed(self, _places: Any, timeout: float) -> list[Any]:
        del timeout
        return []

    def consume(self, *_: Any) -> list[Any]:
        return []


class FakeBroker:
    """The members of the group by name, or an error."""

    def __init__(self) -> None:
        self.members: list[str] = []
        self.error: KafkaError | None = None
        self.config: dict[str, Any] = {}

    def __call__(self, config: dict[str, Any]) -> FakeBroker:
        self.config = config
        return self

    def describe_consumer_groups(self, groups: Iterable[str], **_: Any) -> dict[str, Future[Any]]:
        (group,) = groups
        answer: Future[Any] = Future()
        if self.error is not None:
            answer.set_exception(KafkaException(self.error))
        else:
            named = [SimpleNamespace(group_instance_id=m, member_id="x") for m in self.members]
            answer.set_result(SimpleNamespace(members=named))
        return {group: answer}


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    made = FakeBroker()
    monkeypatch.setattr(sole, "AdminClient", made)
    monkeypatch.setattr(group_feed, "Consumer", FakeConsumer)
    monkeypatch.setattr(sole, "_ASKED_EVERY_S", 0.0)
    monkeypatch.setattr(sole, "_PAUSE_S", 0.0)
    return made


@pytest.fixture
def feed(broker: FakeBroker) -> SoleFeed:
    del broker
    made = SoleFeed(CONFIG, ["a"], StreamMetrics(CollectorRegistry()), BatchBounds())
    made.begin()
    return made


def turn(feed: SoleFeed) -> None:
    assert list(feed.poll(10)) == []


def test_it_joins_a_group_without_members(feed: SoleFeed, broker: FakeBroker) -> None:
    assert feed._client is None
    turn(feed)
    assert feed._client is not None
    assert set(broker.config) == {"bootstrap.servers", "sasl.username"}


def test_it_waits_for_another_process_and_follows_meanwhile(
    feed: SoleFeed, broker: FakeBroker
) -> None:
    broker.members = ["g.0"]
    for _ in range(3):
        turn(feed)
        assert (feed._client, feed.assignment, feed.lag()) == (None, (), {})
    broker.members = []
    turn(feed)
    assert feed._client is not None


def test_its_own_earlier_process_is_no_other_member(feed: SoleFeed, broker: FakeBroker) -> None:
    broker.members = ["g.1"]
    turn(feed)
    assert feed._client is not None


def test_of_two_that_join_at_once_the_lesser_name_stays(feed: SoleFeed, broker: FakeBroker) -> None:
    turn(feed)
    broker.members = ["g.0", "g.1"]
    with pytest.raises(FatalWorkerError, match=r"g\.0"):
        feed.settled()
    broker.members = ["g.1", "g.2"]
    assert not feed.settled()
    broker.members = ["g.1"]
    assert feed.settled()


def test_it_does_not_join_while_the_members_are_not_known(
    feed: SoleFeed, broker: FakeBroker
) -> None:
    broker.error = KafkaError(KafkaError._TIMED_OUT)
    turn(feed)
    assert feed._client is None
    broker.error = KafkaError(KafkaError.GROUP_ID_NOT_FOUND)
    turn(feed)
    assert feed._client is not None


def test_it_ends_if_it_may_not_ask_for_the_members(feed: SoleFeed, broker: FakeBroker) -> None:
    broker.error = KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)
    with pytest.raises(FatalWorkerError):
        turn(feed)
