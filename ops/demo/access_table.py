"""What the broker lets each partner read, asked of the broker itself by each partner's principal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer

from ops.reader import Denied, read_all
from ops.system import System
from schemas.london import london_today
from schemas.openings import closed_datasets
from schemas.topics import Names, Topic, topics

_AT_ONCE = 8


class Answer(NamedTuple):
    """How many records a party read from a topic; None where the broker denied it."""

    party: str
    topic: Topic
    records: int | None


def ask_the_broker(system: System) -> list[Answer]:
    """Try every partner on every topic."""
    parties = [p.id for p in system.protocol.parties]
    asked = [(p, t) for t in topics(system.protocol, system.catalogue) for p in parties]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda pair: _ask(system, *pair), asked))


def _ask(system: System, party: str, topic: Topic) -> Answer:
    try:
        records = sum(1 for _ in read_all(system.client(party), topic.name, topic.partitions))
    except Denied:
        return Answer(party, topic, None)
    return Answer(party, topic, records)


def refused_acts(system: System) -> list[tuple[str, str]]:
    """Acts that the protocol does not allow, each tried for real, with the broker's answer."""
    names, supply = Names(system.protocol.prefix), system.protocol.supplies[0]
    intake = names.intake(supply.agency, supply.dataset)
    stranger = next(p.id for p in system.protocol.parties if p.id != supply.agency)
    closed = closed_datasets(system.protocol, system.catalogue, london_today())
    unopened = [s for s in system.protocol.supplies if s.dataset in closed]
    return [
        (f"{stranger} writes to {intake}", _write(system.client(stranger), intake)),
        (f"{supply.agency} reads back {intake}", _read(system.client(supply.agency), intake)),
        (
            f"{supply.agency} with a wrong password",
            _write({**system.client(supply.agency), "sasl.password": "not-the-password"}, intake),
        ),
        *(
            (
                f"{s.agency} supplies {s.dataset}, which no requirement opens",
                _write(system.client(s.agency), names.intake(s.agency, s.dataset)),
            )
            for s in unopened
        ),
    ]


def _read(client: dict[str, str], topic: str) -> str:
    try:
        records = sum(1 for _ in read_all(client, topic, 1))
    except Denied as denied:
        return denied.reason
    return f"allowed ({records} records)"


def _write(client: dict[str, str], topic: str) -> str:
    answers: list[str] = []

    def heard(error: KafkaError) -> None:
        if error.code() == KafkaError._AUTHENTICATION:  # noqa: SLF001 - librdkafka's name
            answers.append("authentication failed")

    settings = {**client, "message.timeout.ms": 3_000, "log_level": 0, "error_cb": heard}
    producer = Producer(settings)
    try:
        producer.produce(
            topic,
            b"",
            on_delivery=lambda error, _: answers.append(error.name() if error else "allowed"),
        )
        producer.flush(5.0)
    except KafkaException as error:
        answers.append(error.args[0].name())
    return answers[0] if answers else "no answer"
