"""Letters wait at the broker until their turn, and none is lost, doubled or taken out of order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, Producer, TopicPartition

from streams.disclosure import reading
from streams.disclosure.reading import Ahead, Backlog, Positions
from streams.runtime import intake
from tests.streams.clients import Message
from tests.streams.partnership import raw_intake
from transport.reader import ReadError, begin_offset, read_all
from transport.transaction import FatalWorkerError

FLOODED, QUIET, INTAKE = "letters.fire", "letters.police", "intake.police.police-incident"
FLOOD, HELD, TURN = 330, 100, 60


def put(broker: str, topic: str, numbers: range) -> None:
    producer = Producer({"bootstrap.servers": broker, "log_level": 0, "linger.ms": 0})
    for number in numbers:
        producer.produce(topic, str(number).encode(), partition=0)
    assert producer.flush(60) == 0


def test_a_flood_waits_at_the_broker_and_comes_whole_and_in_order(broker: str) -> None:
    put(broker, FLOODED, range(FLOOD))
    put(broker, QUIET, range(3))
    put(broker, INTAKE, range(5))
    client = {"bootstrap.servers": broker, "log_level": 0}
    positions = Positions(client, "discloser", [FLOODED, QUIET])
    positions.follow({(topic, 0): 0 for topic in (FLOODED, QUIET, INTAKE)})
    taken: dict[str, list[int]] = {FLOODED: [], QUIET: [], INTAKE: []}
    for _ in range(400):
        taken[INTAKE] += [int(m.value or b"") for m in positions.poll(0.05)]
        assert len(positions._waiting[FLOODED, 0]) <= HELD
        for topic in (FLOODED, QUIET):
            taken[topic] += [int(m.value or b"") for m in positions.take(topic, TURN)]
        if len(taken[INTAKE]) == 5 and (INTAKE, 0) in positions.at:
            positions.leave({(INTAKE, 0)})  # what waits is read again
        if sum(map(len, taken.values())) >= FLOOD + 3 + 5:
            break
    assert taken[FLOODED] == list(range(FLOOD))
    assert taken[QUIET] == list(range(3))
    assert taken[INTAKE] == list(range(5))
    assert positions.at == {(FLOODED, 0): FLOOD, (QUIET, 0): 3}
    positions.consumer.close()


NOBODY = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0, "sasl.username": "banes.discloser"}
PLACE = (INTAKE, 0)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Positions(NOBODY, "discloser").begin([PLACE]),
        lambda: Positions(NOBODY, "discloser").watermarks(PLACE),
        lambda: Positions(NOBODY, "discloser").partitions(INTAKE),
        lambda: Backlog(NOBODY, "case", [PLACE]),
    ],
    ids=["begin", "watermarks", "partitions", "backlog"],
)
def test_a_broker_that_does_not_answer_ends_the_process_with_the_reason(
    ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_CALL_SECONDS", 0.05)
    with pytest.raises(FatalWorkerError, match=r"^_"):
        ask()


@pytest.mark.parametrize(
    "ask",
    [lambda: list(read_all(NOBODY, INTAKE, 1)), lambda: begin_offset(NOBODY, INTAKE)],
    ids=["read_all", "begin_offset"],
)
def test_a_topic_of_a_broker_that_does_not_answer_cannot_be_read(
    ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transport.reader._METADATA_SECONDS", 0.05)
    with pytest.raises(ReadError, match=INTAKE):
        ask()


def test_what_is_read_ahead_moves_no_position_and_is_read_again_when_cases_go_on(
    broker: str,
) -> None:
    put(broker, INTAKE, range(5))
    client = {"bootstrap.servers": broker, "log_level": 0}
    positions = Positions(client, "discloser")
    positions.follow({PLACE: 2})
    positions.wait({PLACE})
    ahead = Ahead(client, "discloser", positions.kept)
    found: list[int] = []
    for _ in range(400):
        assert positions.poll(0) == []
        found += [int(m.value or b"") for m in ahead.poll(0.05)]
        if ahead.has_met_the_end:
            break
    ahead.close()
    assert found == [2, 3, 4]
    assert [(p.topic, p.offset) for p in positions.offsets] == [(INTAKE, 2)]
    positions.go_on()
    again: list[int] = []
    for _ in range(400):
        again += [int(m.value or b"") for m in positions.poll(0.05)]
        if len(again) == 3:
            break
    assert again == [2, 3, 4]
    assert positions.at == {PLACE: 5}
    positions.consumer.close()


def test_intake_that_nobody_needs_any_more_is_not_gone_on_with() -> None:
    positions = Positions(NOBODY, "discloser")
    positions.follow({PLACE: 2})
    positions.wait({PLACE})
    positions.leave({PLACE})
    positions.go_on()
    assert (positions.at, positions.kept, positions.offsets) == ({}, {}, [])
    positions.consumer.close()


def test_a_place_that_the_client_cannot_read_is_passed_over_and_the_next_is_read() -> None:
    sought: list[tuple[str, int, int]] = []

    class Seeking:
        def seek(self, at: TopicPartition) -> None:
            sought.append((at.topic, at.partition, at.offset))

    broken = KafkaError(KafkaError._BAD_COMPRESSION)
    messages = [Message(raw_intake(INTAKE, b"x", 6)), Message(raw_intake(INTAKE, None, 7), broken)]
    first, second = reading._intakes(cast(Any, Seeking()), cast(Any, messages))
    assert (first.value, first.unreadable) == (b"x", None)
    assert (second.offset, second.unreadable) == (7, "_BAD_COMPRESSION")
    assert sought == [(INTAKE, 3, 8)]


def test_a_record_whose_headers_cannot_be_read_has_no_content_to_disclose() -> None:
    messages = [Message(raw_intake(INTAKE, b"x", at), has_names=at != 6) for at in (6, 7)]
    first, second = reading._intakes(cast(Any, None), cast(Any, messages))
    assert (first.offset, first.value, first.unreadable) == (6, None, intake.HEADER_NAME)
    assert (second.value, second.unreadable) == (b"x", None)


def test_a_topic_that_may_not_be_read_ends_the_process() -> None:
    denied = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(FatalWorkerError, match=INTAKE):
        list(
            reading._intakes(
                cast(Any, None), cast(Any, [Message(raw_intake(INTAKE, None, 7), denied)])
            )
        )
