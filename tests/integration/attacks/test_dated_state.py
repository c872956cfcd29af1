"""Dated state on a real broker: its store kept, lost or damaged, and a changelog of which a part is gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from isp.agreement.topics import DAY_MS, MAXIMUM_MESSAGE_BYTES, Topic
from isp.broker.topics import apply_topics
from ops.embedded.broker_config import ADMIN
from ops.embedded.stack import Stack
from schemas.catalogue import load_catalogue
from schemas.wire import bytes_decoder, encoder
from streams.runtime.kafka_config import WorkerClients
from streams.state.changelog import Changelog
from streams.state.dated import DatedStore
from streams.state.disk import DiskTables
from streams.state.layout import alerts_layout
from transport.identity import identify
from transport.messages import WRITER_HEADER

pytestmark = pytest.mark.broker

SCHEMA = load_catalogue().system["memory"]
KEPT = 100
TODAY = 10_000
EVENTS = 200
_SECONDS = 30.0


def derive(key: bytes, value: bytes) -> Iterable[bytes]:
    return [b"h%c" % letter + key[1:] for letter in value]


LAYOUT = alerts_layout(derive)


@dataclass(frozen=True)
class Place:
    """A topic of dated state, and the folder of a store."""

    connection: Mapping[str, Any]
    topic: str
    folder: Path

    @contextmanager
    def agent(self) -> Iterator[Agent]:
        """A process of the agent, until it dies without a word."""
        tables = DiskTables(self.folder, LAYOUT.every_table)
        store = DatedStore(LAYOUT, tables, {"incidents": KEPT}, is_followed=True)
        changelog = Changelog(
            WorkerClients(self.connection, "datedstate.alerter").reader(), [self.topic], None,
            store, b"own-name", bytes_decoder(SCHEMA, "value"), partial(identify, self.connection),
        )  # fmt: skip
        changelog.open()
        changelog.restore()
        try:
            yield Agent(self, store, changelog)
        finally:
            changelog.close()


@dataclass(frozen=True)
class Agent:
    """Writes the changes of each batch in a transaction."""

    place: Place
    store: DatedStore
    changelog: Changelog

    def batch(self, change: Callable[[DatedStore], object], *, commits: bool = True) -> None:
        topic, encode = self.place.topic, encoder(SCHEMA, 1)
        self.changelog.follow()
        self.store.begin(TODAY)
        change(self.store)
        changes = self.store.changes()
        producer = Producer({**self.place.connection, "transactional.id": topic})
        producer.init_transactions(_SECONDS)
        producer.begin_transaction()
        for key, value in changes.items():
            content = None if value is None else encode({"value": value})
            producer.produce(topic, content, key, headers=[(WRITER_HEADER, b"own-name")])
        if commits:
            producer.commit_transaction(_SECONDS)
            self.store.commit(changes)
        else:
            producer.flush(_SECONDS)
            producer.abort_transaction(_SECONDS)

    def read_to_the_end(self) -> None:
        self.changelog.aim()
        while not self.changelog.advance():
            pass

    def state(self) -> tuple[dict[bytes, bytes | None], list[bytes]]:
        """The value of every event, and all derived keys."""
        self.read_to_the_end()
        self.store.begin(TODAY)
        events = [event(number) for number in range(EVENTS)]
        return {key: self.store.get(key) for key in events}, list(self.store.keys(b"h", b"i"))


def event(number: int) -> bytes:
    return b"e%04d" % number


def put_all(store: DatedStore) -> None:
    for number in range(EVENTS):
        store.put(event(number), b"ab", TODAY - number % KEPT)


def correct_some(store: DatedStore) -> None:
    for number in range(0, EVENTS, 3):
        store.delete(event(number))
    for number in range(1, EVENTS, 3):
        store.put(event(number), b"bc", TODAY)


def truncate(folder: Path) -> None:
    """Cut every file in half."""
    for file in folder.iterdir():
        with file.open("r+b") as stream:
            stream.truncate(file.stat().st_size // 2)


def leave(_folder: Path) -> None:
    """Leave the store as it is."""


@pytest.fixture
def place(stack: Stack, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    connection = dict(stack.secrets.client_config(stack.inside, ADMIN))
    name = f"datedstate.{request.node.name}.internal.state.incidents"
    topic = Topic(
        name, "internal", "alerter", "", KEPT * 365 * DAY_MS, 1, MAXIMUM_MESSAGE_BYTES, SCHEMA,
        deletes=True,
    )  # fmt: skip
    apply_topics(AdminClient({**connection}), [topic])
    return Place(connection, name, tmp_path / "state" / "a.0")


def test_a_store_that_is_kept_lost_or_cut_in_half_has_the_same_rows_and_derived_keys(
    place: Place,
) -> None:
    with place.agent() as agent:
        agent.batch(put_all)
        agent.batch(lambda store: store.delete(event(1)), commits=False)
        agent.batch(correct_some)
        expected = agent.state()
    values, keys = expected
    assert keys == sorted(k for key, value in values.items() if value for k in derive(key, value))
    assert list(values.values()).count(None) == len(range(0, EVENTS, 3))
    for become in (leave, shutil.rmtree, truncate, leave):
        become(place.folder)
        with place.agent() as agent:
            assert agent.state() == expected
            agent.batch(lambda store: store.put(event(1), b"cd", TODAY))
            agent.batch(lambda store: store.put(event(1), b"bc", TODAY))
            assert agent.state() == expected


def test_a_store_behind_a_changelog_of_which_a_part_is_gone_has_what_is_left(place: Place) -> None:
    """It would have missed deletions and corrections in between."""
    with place.agent() as agent:
        agent.batch(put_all)
        agent.batch(correct_some)
    with Place(place.connection, place.topic, place.folder.with_name("other")).agent() as agent:
        agent.batch(lambda store: store.delete(event(1)))
        agent.read_to_the_end()
        cut = TopicPartition(place.topic, 0, agent.changelog._at[place.topic])
        agent.batch(lambda store: store.put(event(2), b"d", TODAY))
    admin = AdminClient({**place.connection})
    for future in admin.delete_records([cut]).values():
        future.result(_SECONDS)
    with place.agent() as agent:
        values, keys = agent.state()
    with Place(place.connection, place.topic, place.folder.with_name("new")).agent() as agent:
        assert (values, keys) == agent.state()
    assert keys == sorted(k for key, value in values.items() if value for k in derive(key, value))
    assert {key: value for key, value in values.items() if value} == {event(2): b"d"}
