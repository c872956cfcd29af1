"""The sink takes each message once, leaves out what it cannot read, and begins where the store ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from connectors.hub.metrics import SinkMetrics
from connectors.hub.sink import Sink, starts
from connectors.hub.tables import HubTable
from schemas.wire import WireError
from tests.connectors.hub.conftest import NOW_MS, Bench, full
from transport.reader import BEGINNING


@dataclass
class Told:
    """A message, as a client returns it."""

    topic_name: str
    key_text: str
    content: bytes | None
    at: int

    def topic(self) -> str:
        return self.topic_name

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.at

    def key(self) -> bytes:
        return self.key_text.encode()

    def value(self) -> bytes | None:
        return self.content

    def timestamp(self) -> tuple[int, int]:
        return 1, NOW_MS


@dataclass
class Topics:
    """Topics whose messages come in one portion."""

    messages: list[Told] = field(default_factory=list)
    is_whole: bool = True
    _reached: dict[tuple[str, int], int] = field(default_factory=dict)

    def read(self, most: int, seconds: float) -> Sequence[Any]:
        found, self.messages = self.messages, []
        self._reached |= {(each.topic_name, 0): each.at + 1 for each in found}
        return found

    def reached(self) -> Mapping[tuple[str, int], int]:
        reached, self._reached = self._reached, {}
        return reached


class Desk:
    """A sink of one table. A record's bytes are its id and its type."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.table: HubTable = bench.table("central", "police-incident")
        self.topics = Topics()
        self.registry = CollectorRegistry()
        self.now_s = NOW_MS / 1_000
        self.does_answer = True
        self.sink = Sink(
            {self.table.topic.name: (self.table, self._decode)}, self.topics, bench.store,
            SinkMetrics(self.registry), lambda: self.does_answer, lambda: self.now_s,
        )  # fmt: skip

    def _decode(self, value: bytes) -> Mapping[str, Any]:
        record_id, _, of = value.decode().partition(" ")
        if of == "unreadable":
            raise WireError("not-decodable")
        return full(self.table, {"record_id": record_id, "incident_type": of})

    def tell(self, key: str, of: str | None, record_id: str | None = None) -> None:
        """Have a message come: a version of a record, or its tombstone."""
        content = None if of is None else f"{record_id or key} {of}".encode()
        at = len(self.topics.messages)
        self.topics.messages.append(Told(self.table.topic.name, key, content, at))

    def rows(self) -> list[tuple[Any, ...]]:
        return self.bench.rows(self.table, "record_id, incident_type")

    def count(self, name: str) -> float | None:
        return self.registry.get_sample_value(name)


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def test_the_newest_version_of_each_record_is_stored_with_the_offset_after_it(desk: Desk) -> None:
    for key, of in (("a", "one"), ("b", "one"), ("a", "two"), ("b", None)):
        desk.tell(key, of)
    desk.sink.turn()
    assert desk.rows() == [("a", "two")]
    assert desk.bench.store.offsets() == {(desk.table.topic.name, 0): 4}


@pytest.mark.parametrize(("of", "record_id"), [("unreadable", "a"), ("two", "another")])
def test_a_version_that_cannot_be_read_takes_the_record_out(
    desk: Desk, of: str, record_id: str
) -> None:
    desk.tell("a", "one")
    desk.sink.turn()
    desk.tell("a", of, record_id)
    desk.sink.turn()
    assert desk.rows() == []
    assert desk.count("ipu_hub_messages_unreadable_total") == 1


@pytest.mark.parametrize(("key", "of"), [("a", "a\0b"), ("a\0", "one"), ("a\0", None)])
def test_what_no_store_can_have_is_left_out_and_the_next_message_is_stored(
    desk: Desk, key: str, of: str | None
) -> None:
    desk.tell(key, of)
    desk.tell("next", "one")
    desk.sink.turn()
    assert desk.rows() == [("next", "one")]
    assert desk.count("ipu_hub_messages_unreadable_total") == 1
    assert desk.bench.store.offsets() == {(desk.table.topic.name, 0): 2}


def test_reading_begins_where_the_store_ended_and_at_the_beginning_elsewhere(desk: Desk) -> None:
    desk.tell("a", "one")
    desk.sink.turn()
    found = starts((desk.table,), desk.bench.store)
    other = {
        (desk.table.topic.name, part): BEGINNING for part in range(1, desk.table.topic.partitions)
    }
    assert found == {(desk.table.topic.name, 0): 1} | other


def test_a_record_whose_retention_has_passed_already_is_not_stored(desk: Desk) -> None:
    desk.now_s += desk.table.topic.retention_ms / 1_000
    desk.tell("a", "one")
    desk.sink.turn()
    assert desk.rows() == []
    assert desk.count("ipu_hub_rows_expired_total") == 0


def test_rows_go_when_their_retention_has_passed(desk: Desk) -> None:
    desk.tell("a", "one")
    desk.sink.turn()
    desk.now_s += desk.table.topic.retention_ms / 1_000
    desk.sink.turn()
    assert desk.rows() == []
    assert desk.count("ipu_hub_rows_expired_total") == 1


@pytest.mark.parametrize(("does_answer", "is_whole"), [(True, True), (False, True), (True, False)])
def test_a_store_is_current_once_it_has_all_and_while_the_broker_answers(
    desk: Desk, does_answer: bool, is_whole: bool
) -> None:
    desk.tell("a", "one")
    desk.sink.turn()
    desk.does_answer, desk.topics.is_whole = does_answer, is_whole
    silent_ms = desk.table.topic.tombstones_ms
    desk.now_s += silent_ms / 1_000
    desk.sink.turn()
    desk.bench.store.prepare(desk.bench.source, desk.bench.tables, int(desk.now_s * 1_000))
    assert desk.bench.store.count(desk.table) == (1 if does_answer and is_whole else 0)
