"""The changelog: read from where the store has it to its high watermark, then what is written meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from isp.agreement.topics import DAY_MS
from schemas.state import RELEASED_PREFIX, RENEWAL_DAYS, SEEN_BYTES
from streams.runtime.kafka_config import WorkerClients
from streams.state.changelog import Changelog
from streams.state.dated import DatedStore
from streams.state.layout import SANITISING, alerts_layout
from streams.state.packing import packed
from streams.state.store import StateStore
from streams.state.tables import MemoryTables
from transport import follower
from transport.transaction import FatalWorkerError

OWN, OTHER = b"own-name", b"other---"
DATED = alerts_layout(lambda key, _value: [b"h" + key[1:]])
STATE, MORE, EARLIER = (
    "banes.internal.state.one",
    "banes.internal.state.two",
    "banes.internal.memory",
)


class Message:
    """A message of the changelog, or an event of the client."""

    def __init__(
        self, topic: str, offset: int, key: bytes, value: bytes | None, writer: bytes, day: int
    ) -> None:
        self.topic, self.offset = (lambda: topic), (lambda: offset)
        self.key, self.value = (lambda: key), (lambda: value)
        self.headers = lambda: [("marking", b"RESTRICTED"), ("writer", writer)]
        self.timestamp = lambda: (1, day * DAY_MS)
        self.error: Callable[[], KafkaError | None] = lambda: None


def event(code: int, topic: str, offset: int) -> Message:
    made = Message(topic, offset, b"", None, b"", 0)
    made.error = lambda: KafkaError(code)
    return made


class Broker:
    """The topics: what is committed of each, and the end behind what is not."""

    def __init__(self) -> None:
        self.logs: dict[str, list[Message]] = defaultdict(list)
        self.open: dict[str, int] = defaultdict(int)
        self.ids: dict[str, str] = defaultdict(lambda: "id")
        self.reads: list[str] = []
        self.events: list[Message] = []
        self.unanswered: list[Exception] = []

    def write(
        self, key: bytes, value: bytes, topic: str = STATE, writer: bytes = OTHER, day: int = 0
    ) -> None:
        log = self.logs[topic]
        log.append(Message(topic, len(log), key, b"head." + value, writer, day))

    def delete(self, key: bytes, topic: str = STATE) -> None:
        log = self.logs[topic]
        log.append(Message(topic, len(log), key, None, OTHER, 0))


class Client:
    """Reads what is committed, and says where that ends. Asked uncommitted it knows the high watermark."""

    def __init__(self, broker: Broker, config: dict[str, Any]) -> None:
        self.broker = broker
        self.committed = config["isolation.level"] == "read_committed"
        self.at: dict[str, int] = {}
        self.closed = False

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.at = {p.topic: p.offset for p in partitions}

    def get_watermark_offsets(self, place: TopicPartition, timeout: float) -> tuple[int, int]:
        if self.broker.unanswered:
            raise self.broker.unanswered.pop()
        beyond = 0 if self.committed else self.broker.open[place.topic]
        return 0, len(self.broker.logs[place.topic]) + beyond

    def consume(self, count: int, timeout: float) -> list[Message]:
        found, self.broker.events = self.broker.events, []
        for topic, at in self.at.items():
            new = self.broker.logs[topic][at : at + count]
            self.broker.reads += [topic] * bool(new)
            self.at[topic] += len(new)
            found += new or [event(KafkaError._PARTITION_EOF, topic, at)]
        return found[:count]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(follower, "Consumer", lambda config: Client(made, config))
    return made


@pytest.fixture
def tables() -> MemoryTables:
    return MemoryTables(SANITISING.tables)


@pytest.fixture
def store(tables: MemoryTables) -> StateStore:
    return StateStore(tables, is_followed=True)


@pytest.fixture
def log(broker: Broker, store: StateStore) -> Changelog:
    return changelog_of(broker, store)


def changelog_of(broker: Broker, store: StateStore, writer: bytes = OWN) -> Changelog:
    reader = WorkerClients({}, "banes.worker").reader()

    def decode(value: bytes) -> bytes:
        return value[5:]

    def identify(topics: Sequence[str]) -> tuple[str, dict[str, str]]:
        return "cluster", {topic: broker.ids[topic] for topic in topics}

    return Changelog(reader, [STATE, MORE], EARLIER, store, writer, decode, identify)


def test_everything_up_to_the_end_is_restored_the_last_value_counting(
    broker: Broker, log: Changelog, store: StateStore
) -> None:
    broker.write(b"a", b"1")
    broker.write(b"b", b"2", MORE)
    broker.write(b"a", b"3")
    log.open()
    log.restore()
    assert (store.get(b"a"), store.get(b"b")) == (b"3", b"2")


def test_what_stood_in_the_topic_of_all_kinds_is_read_first_and_counts_less(
    broker: Broker, log: Changelog, store: StateStore
) -> None:
    broker.write(b"a", b"new")
    broker.write(b"a", b"old", EARLIER)
    broker.write(b"b", b"older", EARLIER)
    broker.write(b"b", b"old", EARLIER)
    log.open()
    log.restore()
    assert (store.get(b"a"), store.get(b"b")) == (b"new", b"old")
    assert broker.reads[0] == EARLIER


def test_the_end_lies_behind_the_transaction_that_is_open(
    broker: Broker, log: Changelog, store: StateStore
) -> None:
    """The committed messages end before the transaction; once it has ended, its messages are read."""
    log.open()
    log.restore()
    broker.open[STATE] = 1
    log.aim()
    assert not any(log.advance() for _ in range(20))
    broker.open[STATE] = 0
    broker.write(b"a", b"1")
    assert any(log.advance() for _ in range(3))
    assert store.get(b"a") == b"1"


def test_the_end_lies_behind_the_markers_of_transactions(broker: Broker, log: Changelog) -> None:
    log.open()
    log.restore()
    broker.open[STATE] = 1
    log.aim()
    assert not log.advance()
    broker.events = [event(KafkaError._PARTITION_EOF, STATE, 1)]
    assert log.advance()


def test_an_end_that_is_reached_already_is_not_waited_for(broker: Broker, log: Changelog) -> None:
    broker.write(b"a", b"1")
    log.open()
    log.restore()
    log.aim()
    broker.reads.clear()
    assert log.advance()
    assert broker.reads == []


def test_what_others_write_is_followed_and_never_overwrites_what_was_committed_behind_it(
    broker: Broker, log: Changelog, store: StateStore
) -> None:
    log.open()
    log.restore()
    for value in (b"1", b"2"):
        store.commit({b"a": value})
    broker.write(b"a", b"0")
    broker.write(b"a", b"1", writer=OWN)
    broker.write(b"b", b"2")
    log.follow()
    assert (store.get(b"a"), store.get(b"b")) == (b"2", b"2")
    broker.write(b"a", b"2", writer=OWN)
    broker.write(b"a", b"3")
    log.follow()
    assert store.get(b"a") == b"3"


def test_a_restart_reads_only_what_was_written_since(
    broker: Broker, tables: MemoryTables, log: Changelog, store: StateStore
) -> None:
    """Its own last batch too, which the worker before had committed and not read back."""
    broker.write(b"a", b"1")
    broker.write(b"b", b"1", MORE)
    log.open()
    log.restore()
    store.commit({b"a": b"2"})
    broker.write(b"a", b"2", writer=OWN)
    broker.reads.clear()
    again = StateStore(tables, is_followed=True)
    log = changelog_of(broker, again, b"new-name")
    log.open()
    log.restore()
    assert (again.get(b"a"), again.get(b"b"), broker.reads) == (b"2", b"1", [STATE])


@pytest.mark.parametrize("change", ["created again", "shorter"])
def test_a_topic_that_the_store_does_not_fit_has_the_store_built_again(
    broker: Broker,
    tables: MemoryTables,
    log: Changelog,
    change: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for number in range(3):
        broker.write(b"a%d" % number, b"1")
        broker.write(b"b%d" % number, b"1", MORE)
    log.open()
    log.restore()
    if change == "created again":
        broker.ids[STATE] = "another"
    broker.logs[STATE].pop()
    broker.reads.clear()
    again = StateStore(tables, is_followed=True)
    log = changelog_of(broker, again)
    log.open()
    log.restore()
    assert "built again from the changelog" in caplog.text
    assert (again.get(b"a1"), again.get(b"a2"), again.get(b"b2")) == (b"1", None, b"1")
    assert MORE in broker.reads


def test_following_keeps_up_however_much_others_have_written(
    broker: Broker, log: Changelog, store: StateStore
) -> None:
    log.open()
    log.restore()
    for number in range(23_000):
        broker.write(b"b%d" % number, b"1")
    log.follow()
    assert store.count("dates-ages") == 23_000


def test_an_entry_has_the_day_on_which_the_broker_has_it(
    broker: Broker, log: Changelog, store: StateStore
) -> None:
    """So it is written again before the broker forgets it."""
    broker.write(b"b1", b"old", day=1_000)
    broker.write(b"b2", b"young", day=1_001)
    log.open()
    log.restore()
    store.begin(1_000 + RENEWAL_DAYS)
    assert (store.get(b"b1"), store.get(b"b2")) == (b"old", b"young")
    assert store.changes() == {b"b1": b"old"}


def test_digests_that_an_earlier_version_wrote_are_still_known(
    broker: Broker, log: Changelog, store: StateStore
) -> None:
    first, second = bytes([1] * SEEN_BYTES), bytes([2] * SEEN_BYTES)
    broker.write(b"n1", first + second, MORE, day=1_000)
    log.open()
    log.restore()
    assert store.has_any_seen
    assert store.has_seen(first)
    assert store.has_seen(second)


def test_the_later_value_of_a_key_counts_whatever_day_its_writer_had(
    broker: Broker, log: Changelog, store: StateStore
) -> None:
    """Two workers' clocks can be apart around midnight."""
    broker.write(b"a", b"1", day=1_000)
    broker.write(b"b", b"1", day=1_001)
    broker.write(b"b", b"2", day=1_000)
    log.open()
    log.restore()
    assert (store.get(b"a"), store.get(b"b")) == (b"1", b"2")


def test_where_a_record_is_released_is_read_back_as_the_last_of_its_batches_has_it(
    broker: Broker, log: Changelog, store: StateStore
) -> None:
    """A batch can write the very bytes that an earlier one wrote, with others in between."""
    moved, still = RELEASED_PREFIX + bytes(12), RELEASED_PREFIX + bytes([1] * 12)
    for value in (b"here", b"there", b"here"):
        for name, content in packed({moved: value, still: b"here"}).items():
            broker.write(name, content)
    log.open()
    log.restore()
    assert (store.get(moved), store.get(still)) == (b"here", b"here")


def test_a_topic_that_may_not_be_read_ends_the_worker_and_is_named(
    broker: Broker, log: Changelog
) -> None:
    broker.write(b"a", b"1", EARLIER)
    broker.events = [event(KafkaError.TOPIC_AUTHORIZATION_FAILED, EARLIER, 0)]
    with pytest.raises(FatalWorkerError, match=r"banes\.internal\.memory"):
        log.open()
        log.restore()


def test_a_topic_whose_end_may_not_be_asked_for_ends_the_worker_and_is_named(
    broker: Broker, log: Changelog
) -> None:
    broker.unanswered = [KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))]
    with pytest.raises(
        FatalWorkerError, match=r"TOPIC_AUTHORIZATION_FAILED.*banes\.internal\.memory"
    ):
        log.open()
        log.restore()


def test_a_broker_that_is_away_for_a_moment_is_asked_again(
    broker: Broker, log: Changelog, store: StateStore
) -> None:
    broker.write(b"a", b"1")
    broker.unanswered = [KafkaException(KafkaError(KafkaError._TIMED_OUT)) for _ in range(2)]
    log.open()
    log.restore()
    assert store.get(b"a") == b"1"


def test_a_topic_without_an_end_is_given_up(
    broker: Broker, log: Changelog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "_PATIENCE_SECONDS", -1.0)
    broker.open[STATE] = 1
    with pytest.raises(FatalWorkerError, match=r"state\.one.*end"):
        log.open()
        log.restore()


def test_a_worker_that_is_stopped_meanwhile_waits_for_no_end(
    broker: Broker, log: Changelog
) -> None:
    broker.open[EARLIER] = 1
    log.restore(lambda: True)
    assert not log.advance()


def dated(broker: Broker, tables: MemoryTables) -> tuple[DatedStore, Changelog]:
    store = DatedStore(DATED, tables, is_followed=True)
    reader = WorkerClients({}, "banes.alerter").reader()

    def identify(_topics: Sequence[str]) -> tuple[str, dict[str, str]]:
        return "cluster", {STATE: "id"}

    return store, Changelog(reader, [STATE], None, store, OWN, lambda value: value[5:], identify)


def test_a_message_without_a_value_deletes_the_entry_of_dated_state(broker: Broker) -> None:
    """The earlier topic is the worker's alone, and is not read."""
    broker.write(b"e1", b"\0\0\0\1a")
    broker.write(b"e2", b"\0\0\0\1b")
    broker.delete(b"e1")
    store, log = dated(broker, MemoryTables(DATED.every_table))
    log.open()
    log.restore()
    assert (store.get(b"e1"), store.get(b"e2")) == (None, b"b")
    assert list(store.keys(b"h", b"i")) == [b"h2"]
    broker.delete(b"e2")
    log.follow()
    assert list(store.keys(b"h", b"i")) == []
    assert set(broker.reads) == {STATE}


def test_a_message_without_a_value_changes_nothing_of_the_workers_state(
    broker: Broker, log: Changelog, store: StateStore
) -> None:
    broker.write(b"b1", b"1")
    broker.delete(b"b1")
    log.open()
    log.restore()
    assert store.get(b"b1") == b"1"


def test_a_dated_store_whose_restore_was_stopped_is_filled_again(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    tables = MemoryTables(DATED.every_table)
    broker.write(b"e1", b"\0\0\0\1a")
    broker.open[STATE] = 1
    _, log = dated(broker, tables)
    log.open()
    log.restore(stopped=lambda: True)
    log.close()
    broker.open[STATE] = 0
    store, log = dated(broker, tables)
    log.open()
    log.restore()
    assert "it was not filled to the end" in caplog.text
    assert list(store.keys(b"h", b"i")) == [b"h1"]
