"""Ask the broker what each partner may read, with the partner's own principal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from isp.agreement.openings import closed_datasets
from isp.agreement.topics import Names, Topic, topics
from ops.system import System
from schemas.london import london_today
from transport.reader import Denied, read_all
from transport.refusals import Kind, NoAnswer
from transport.sender import refusal_to_write

_AT_ONCE = 8


class Answer(NamedTuple):
    """The number of records that a party read from a topic; None if the broker denied it."""

    party: str
    topic: Topic
    records: int | None


def ask_the_broker(system: System) -> list[Answer]:
    """Try every topic as every partner."""
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
    """Return acts that the protocol does not allow, each tried, with the broker's answer."""
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
    try:
        refusal = refusal_to_write(client, topic)
    except NoAnswer:
        return "no answer"
    if refusal is None:
        return "allowed"
    return "authentication failed" if refusal.kind is Kind.LOGIN else refusal.name
