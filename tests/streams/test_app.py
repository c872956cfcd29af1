"""The whole application between two Kafka clients: read, process, write, commit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from sanitiser.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from schemas.protocol import Protocol, RejectLimit
from streams import source, transaction
from streams.app import build_app
from streams.kafka_config import WorkerClients
from streams.metrics import Metrics
from streams.source import SourceSettings
from tests.streams.clients import Consumer, Log, Producer
from tests.streams.partnership import Partnership, incident, offence, raw_intake

INCIDENTS = "banes.intake.police.police-incident"
PATIENCE = 5.0

Talk = Callable[[Any, CollectorRegistry], Awaitable[None]]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    made = Log()
    monkeypatch.setattr(source, "Consumer", lambda config: Consumer(made, config))
    monkeypatch.setattr(transaction, "Producer", lambda config: Producer(made, config))
    return made


def work(partnership: Partnership, talk: Talk, pausing: frozenset[str] = frozenset()) -> float:
    """Run the application, talk to it, stop it; gives the seconds that stopping took."""

    async def main() -> float:
        registry = CollectorRegistry()
        settings = SourceSettings(partnership.pipeline.topics, pausing, idle_seconds=0.01)
        clients = WorkerClients({"bootstrap.servers": "127.0.0.1:1"}, "banes.worker")
        app = build_app(clients, partnership.pipeline, settings, Metrics(registry))
        app.finalize()
        await app.start()
        began = time.monotonic()
        try:
            await talk(app, registry)
        finally:
            began = time.monotonic()
            await app.stop()
        return time.monotonic() - began

    return asyncio.run(main())


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not done():
            await asyncio.sleep(0.005)


def test_building_the_application_opens_no_client(partnership: Partnership, log: Log) -> None:
    app = build_app(
        WorkerClients({}, "banes.worker"), partnership.pipeline, SourceSettings(()),
        Metrics(CollectorRegistry()),
    )  # fmt: skip
    assert list(app.agents) == ["pipeline"]
    assert app.boot_strategy.enable_kafka is False
    assert not log.closed


def test_every_record_is_written_and_its_offset_committed_behind_it(
    partnership: Partnership, log: Log
) -> None:
    log.waiting = [
        partnership.intake("police-incident", incident(incident_reference=f"I-{at}"), at)
        for at in range(20)
    ] + [
        partnership.intake("police-crime-offence", offence(), 0),
        raw_intake("banes.intake.police.police-crime-offence", b"?", 1),
    ]

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: sum(log.committed.values()) == 22)
        assert not app.crashed

    work(partnership, talk)
    written = [topic for topic, _, _ in log.written]
    assert written.count("banes.depersonalised.central.police-incident") == 20
    assert written.count("banes.depersonalised.central.police-crime-offence") == 1
    assert written.count("banes.rejected.police.police-crime-offence") == 1
    assert log.committed == {
        (INCIDENTS, 3): 20,
        ("banes.intake.police.police-crime-offence", 3): 2,
    }
    assert log.closed


def test_an_aborted_batch_is_read_again_and_written_once(
    partnership: Partnership, log: Log
) -> None:
    log.aborts_to_come = 2
    log.waiting = [partnership.intake("police-incident", incident(), at) for at in range(5)]

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.committed.get((INCIDENTS, 3)) == 5)
        assert registry.get_sample_value("ipu_transactions_aborted_total") == 2

    work(partnership, talk)
    written = [topic for topic, _, _ in log.written]
    assert written.count("banes.depersonalised.central.police-incident") == 5


def test_a_worker_whose_every_transaction_is_aborted_gives_up(
    partnership: Partnership, log: Log
) -> None:
    log.aborts_to_come = 1_000
    log.waiting = [partnership.intake("police-incident", incident())]

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: app.crashed)

    work(partnership, talk)
    assert (log.committed, log.written) == ({}, [])


def test_aborts_with_a_commit_between_them_are_not_in_a_row(
    partnership: Partnership, log: Log
) -> None:
    async def talk(app: Any, registry: CollectorRegistry) -> None:
        for round_ in range(4):
            log.aborts_to_come = 3
            log.waiting.append(partnership.intake("police-incident", incident(), round_))
            await until(lambda: log.committed.get((INCIDENTS, 3)) == len(log.waiting))
        assert not app.crashed
        assert registry.get_sample_value("ipu_transactions_aborted_total") == 12

    work(partnership, talk)


def test_a_batch_waits_while_the_registry_is_away(partnership: Partnership, log: Log) -> None:
    partnership.schemas.away = True
    log.waiting = [partnership.intake("police-incident", incident())]

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await asyncio.sleep(0.3)
        assert (log.transactions, log.written, app.crashed) == (0, [], False)
        partnership.schemas.away = False
        await until(lambda: log.transactions == 1)

    work(partnership, talk)
    assert not any(".rejected." in topic for topic, _, _ in log.written)


def test_a_fault_in_the_batch_crashes_the_worker_and_commits_nothing(
    partnership: Partnership, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def receipt(tally: object) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(partnership.pipeline, "_receipt", receipt)
    log.waiting = [partnership.intake("police-incident", incident())]

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: app.crashed)

    work(partnership, talk)
    assert (log.transactions, log.committed) == (0, {})


def test_the_supply_of_a_record_is_read_from_its_header(partnership: Partnership, log: Log) -> None:
    log.waiting = [partnership.intake("police-incident", incident(), supply="supply-7")]

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.transactions == 1)

    work(partnership, talk)
    receipts = [key for topic, key, _ in log.written if topic == "banes.receipts.police"]
    assert receipts == [b"supply-7"]


def test_the_lag_is_told_for_each_partition(partnership: Partnership, log: Log) -> None:
    log.waiting = [partnership.intake("police-incident", incident(), at) for at in range(3)]
    labels = {"topic": INCIDENTS, "partition": "3"}

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(
            lambda: registry.get_sample_value("ipu_consumer_lag_records", labels) is not None
        )
        assert registry.get_sample_value("ipu_consumer_lag_records", labels) == 0

    work(partnership, talk)


@pytest.mark.parametrize("pause", [True, False])
def test_a_reject_alarm_pauses_the_intake_where_the_protocol_says_so(
    protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex, log: Log, *, pause: bool
) -> None:
    limit = RejectLimit(share=0.5, window=20, pause=pause)
    supplies = tuple(s.model_copy(update={"reject_limit": limit}) for s in protocol.supplies)
    partnership = Partnership.of(
        protocol.model_copy(update={"supplies": supplies}), catalogue, index
    )
    log.waiting = [raw_intake(INCIDENTS, b"?", at) for at in range(20)]

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.committed.get((INCIDENTS, 3)) == 20)
        await asyncio.sleep(0.05)
        labels = {"agency": "police", "dataset": "police-incident"}
        assert registry.get_sample_value("ipu_reject_alarm", labels) == 1
        paused = registry.get_sample_value("ipu_intake_paused", labels)
        assert paused == (1 if pause else None)

    work(partnership, talk, frozenset({INCIDENTS}) if pause else frozenset())
    assert log.paused == ([INCIDENTS] if pause else [])


@pytest.mark.parametrize("busy", [True, False])
def test_the_worker_stops_within_seconds_busy_or_idle(
    partnership: Partnership, log: Log, *, busy: bool
) -> None:
    if busy:
        log.endless = partnership.intake("police-incident", incident())

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.transactions > 20 or not busy)

    assert work(partnership, talk) < 3.0
    assert log.closed
