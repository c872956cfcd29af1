"""A feed survives a broker that goes away, and reads schemas that are registered later."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import KafkaError

from connectors import topic_feed as feed
from connectors.account import Account
from connectors.errors import AccessDeniedError
from connectors.topic_feed import Decoder, LinkWatch, TopicFeed
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Names, topics
from isp.audit.kept_heads import HeadKeeper, HeadsDiffer
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue
from schemas.known_schemas import KnownSchemas
from schemas.wire import WireError, encoder
from tests.connectors.alerts.messages import NOW, ONE, TWO, message
from tests.isp.agreement.alerting import with_alerts
from transport import reader

CATALOGUE = load_catalogue()
PROTOCOL = with_alerts(load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", CATALOGUE))
TOPIC = next(
    t for t in topics(PROTOCOL, CATALOGUE) if t.name == Names(PROTOCOL.prefix).alerts("council")
)
ENCODE = encoder(TOPIC.schema, 7)
ACCOUNT = Account(PROTOCOL.prefix, "council", {"sasl.username": "banes.council"}, patience_s=1.0)


def decode(value: bytes) -> Any:
    return known(7).decode(value, TOPIC.schema)


class Polled:
    """A message, the end of the partition, or an error, as the client gives it."""

    def __init__(
        self, at: int, key: str = ONE, value: bytes | None = None, code: int | None = None
    ) -> None:
        self.at, self._key, self._value, self._code = at, key, value, code

    def error(self) -> KafkaError | None:
        return None if self._code is None else KafkaError(self._code)

    def topic(self) -> str:
        return TOPIC.name

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.at

    def key(self) -> bytes:
        return self._key.encode()

    def value(self) -> bytes | None:
        return self._value

    def timestamp(self) -> tuple[int, int]:
        return 1, int(NOW.timestamp() * 1000)


class Consumer:
    """A double of the Kafka client: it gives the prepared answers, then none."""

    def __init__(self, polled: list[Polled]) -> None:
        self.polled = polled
        self.closed = False

    def assign(self, _places: Any) -> None:
        return

    def poll(self, _seconds: float) -> Polled | None:
        return self.polled.pop(0) if self.polled else None

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Callable[..., TopicFeed]:
    """Return a function that begins a feed with what the client gives."""
    monkeypatch.setattr(feed, "check_access", lambda *_: None)

    def begun(*polled: Polled, keeper: HeadKeeper | None = None) -> TopicFeed:
        monkeypatch.setattr(reader, "Consumer", lambda _settings: Consumer(list(polled)))
        return TopicFeed(ACCOUNT, TOPIC, decode, keeper)

    return begun


def end(at: int) -> Polled:
    return Polled(at, code=KafkaError._PARTITION_EOF)


def sent(at: int, name: str = ONE, **changes: Any) -> Polled:
    return Polled(at, name, ENCODE(message(name, **changes)))


def read(begun: TopicFeed, calls: int) -> list[str]:
    return [one.key for _ in range(calls) for one in begun.advance(0.0)]


def test_alerts_arrive_after_the_broker_was_away_without_a_loss_or_a_repetition(
    begin: Callable[..., TopicFeed],
) -> None:
    away = Polled(0, code=KafkaError._ALL_BROKERS_DOWN)
    refused = Polled(0, code=KafkaError._TRANSPORT)
    begun = begin(sent(0), end(1), away, refused, away, sent(1, TWO), end(2))
    assert read(begun, 1) == [ONE]
    assert begun.is_whole
    assert read(begun, 6) == [TWO]


def test_the_feed_is_whole_at_the_end_of_the_topic_and_not_before(
    begin: Callable[..., TopicFeed],
) -> None:
    begun = begin(sent(0), sent(1, TWO), end(2))
    assert not begun.is_whole
    read(begun, 1)
    assert begun.is_whole


def test_a_right_that_is_taken_away_ends_the_feed_with_the_reason(
    begin: Callable[..., TopicFeed],
) -> None:
    begun = begin(sent(0), end(1), Polled(1, code=KafkaError.TOPIC_AUTHORIZATION_FAILED))
    read(begun, 1)
    with pytest.raises(AccessDeniedError, match=r"banes\.council.*alerts\.domestic\.council"):
        read(begun, 1)


def test_bytes_that_are_no_alert_do_not_stop_the_feed(begin: Callable[..., TopicFeed]) -> None:
    begun = begin(Polled(0, ONE, b"\x00\x00\x00\x00\x09x"), sent(1, TWO), end(2))
    found = begun.advance(0.0)
    assert [(one.key, one.is_readable) for one in found] == [(ONE, False), (TWO, True)]


def test_the_heads_in_alerts_are_compared_with_those_seen_before(
    begin: Callable[..., TopicFeed], tmp_path: Any
) -> None:
    keeper = HeadKeeper(tmp_path / "heads" / "banes.council.json")
    head: dict[str, Any] = {"audit_chain": "banes.alerter.decide.0", "audit_sequence": 5}
    read(begin(sent(0, **head, audit_hash="aa"), end(1), keeper=keeper), 1)
    with pytest.raises(HeadsDiffer, match="another hash"):
        read(begin(sent(0, **head, audit_hash="bb"), end(1), keeper=keeper), 1)


def known(*ids: int) -> KnownSchemas:
    return KnownSchemas({each: json.dumps(TOPIC.schema) for each in ids})


def test_a_schema_that_is_registered_later_is_looked_up_but_not_at_each_message() -> None:
    seconds, looks = [0.0], [known(1), known(1), known(1, 7)]

    def look() -> KnownSchemas:
        return looks.pop(0)

    decoder = Decoder(TOPIC.schema, look, lambda: seconds[0])
    value = ENCODE(message())
    for now, left in ((1.0, 2), (6.0, 1), (7.0, 1)):
        seconds[0] = now
        with pytest.raises(WireError):
            decoder(value)
        assert len(looks) == left
    seconds[0] = 12.0
    assert decoder(value)["alert"] == ONE


def test_the_link_says_since_when_the_broker_does_not_answer() -> None:
    answers, times = iter([True, False, False, True]), iter(range(10))

    def now() -> datetime:
        return datetime(2026, 11, 29, tzinfo=UTC) + timedelta(minutes=next(times))

    watch = LinkWatch(lambda: next(answers), now)
    links = [watch.look() for _ in range(4)]
    assert [link.is_up for link in links] == [True, False, False, True]
    assert [link.since.minute for link in links] == [0, 1, 1, 2]
