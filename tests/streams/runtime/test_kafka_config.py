"""The clients of every agent have the same settings, apart from their names."""

from __future__ import annotations

from typing import Any

import pytest

from isp.broker import in_force
from schemas.catalogue import load_catalogue
from streams.disclosure import reading
from streams.disclosure.clients import DiscloserClients
from streams.runtime.kafka_config import AgentClients, WorkerClients
from transport import reader
from transport.reader import committed_reader, following_reader

CLIENT = {"bootstrap.servers": "127.0.0.1:1", "sasl.username": "banes.worker"}
AGENTS: list[AgentClients] = [
    WorkerClients(CLIENT, "banes.worker"),
    DiscloserClients(CLIENT, "banes.discloser"),
]
NAMES = {"group.id", "group.instance.id", "transactional.id"}


class Made(Exception):
    """The settings with which a client was made."""


def refuse(settings: dict[str, Any]) -> None:
    raise Made(settings)


def without_names(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in NAMES}


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.principal)
def test_every_agent_writes_and_reads_with_the_settings_of_the_worker(agent: AgentClients) -> None:
    worker = AGENTS[0]
    assert without_names(agent.producer()) == without_names(worker.producer())
    assert without_names(agent.reader()) == without_names(worker.reader())


def test_each_agent_has_its_own_names() -> None:
    assert len({agent.transaction for agent in AGENTS}) == len(AGENTS)
    assert len({agent.reader()["group.id"] for agent in AGENTS}) == len(AGENTS)


def of_cases() -> None:
    reading.consumer_of(CLIENT, "banes.discloser.follow")


def of_the_protocol_in_force() -> None:
    in_force.await_another(CLIENT, "banes", load_catalogue(), "0" * 64)


def made_by(make: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(reading, "Consumer", refuse)
    monkeypatch.setattr(reader, "Consumer", refuse)
    with pytest.raises(Made) as made:
        make()
    settings: dict[str, Any] = made.value.args[0]
    return settings


READERS = [
    lambda _: AGENTS[0].reader(),
    lambda _: committed_reader(CLIENT),
    lambda _: following_reader(CLIENT),
    lambda monkeypatch: made_by(of_cases, monkeypatch),
    lambda monkeypatch: made_by(of_the_protocol_in_force, monkeypatch),
]


@pytest.mark.parametrize("settings_of", READERS)
def test_every_reader_without_a_group_reads_committed_messages_and_skips_none_that_is_left(
    settings_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(monkeypatch)
    shared = {
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "auto.offset.reset": "earliest",
        "reconnect.backoff.max.ms": 1_000,
    }
    assert {name: settings.get(name) for name in shared} == shared
