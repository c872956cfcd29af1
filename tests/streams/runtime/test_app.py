"""The whole application between two Kafka clients: read, process, write, commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from isp.agreement.protocol import Protocol, RejectLimit
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from streams.runtime import feed, source
from streams.runtime.app import build_app
from streams.runtime.batching import BatchBounds
from streams.runtime.feed import GroupFeed
from streams.runtime.kafka_config import WorkerClients
from streams.runtime.source import Source, SourceSettings
from streams.sanitising.metrics import Metrics
from streams.state.changelog import Changelog
from tests.streams.clients import Consumer, Log, Producer
from tests.streams.partnership import Partnership, incident, offence, raw_intake
from transport import transaction
from transport.messages import Output

INCIDENTS = "banes.intake.police.police-incident"
PATIENCE = 60.0

Talk = Callable[[Any, CollectorRegistry], Awaitable[None]]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    made = Log()
    monkeypatch.setattr(feed, "Consumer", lambda config: Consumer(made, config))
    monkeypatch.setattr(transaction, "Producer", lambda config: Producer(made, config))
    return made


def work(
    partnership: Partnership,
    talk: Talk,
    changelog: Changelog | None = None,
) -> None:
    """Run the application, talk to it, stop it."""

    async def main() -> None:
        registry = CollectorRegistry()
        app = build_app("banes.worker", source_of(partnership, registry, changelog))
        app.finalize()
        await app.start()
        try:
            await talk(app, registry)
        finally:
            await app.stop()

    asyncio.run(main())


def source_of(
    partnership: Partnership, registry: CollectorRegistry, changelog: Changelog | None = None
) -> Source:
    pipeline = partnership.pipeline
    clients = WorkerClients({"bootstrap.servers": "127.0.0.1:1"}, "banes.worker")
    metrics = Metrics(registry, pipeline.topics)
    bounds = BatchBounds(idle_seconds=0.01)
    group = GroupFeed(clients.consumer(), pipeline.topics, metrics, bounds)
    settings = SourceSettings(clients.producer(), "banes.audit")
    return Source(pipeline, group, settings, metrics, changelog)


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not done():
            await asyncio.sleep(0.005)


def test_building_the_application_opens_no_client(partnership: Partnership, log: Log) -> None:
    app = build_app("banes.worker", source_of(partnership, CollectorRegistry()))
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
    supply = "0123456789abcdef" * 2
    log.waiting = [partnership.intake("police-incident", incident(), supply=supply)]

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.transactions == 1)

    work(partnership, talk)
    receipts = [key for topic, key, _ in log.written if topic == "banes.receipts.police"]
    assert receipts == [supply.encode()]


@pytest.mark.parametrize(
    "header",
    ["", "supply-7", "A" * 32, "a" * 31, "a" * 33, "a" * 32 + "\n", "\u0661" * 32, "\xff" * 64],
)
def test_what_is_no_supply_id_counts_as_none(
    partnership: Partnership, log: Log, header: str
) -> None:
    log.waiting = [partnership.intake("police-incident", incident(), supply=header)]

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.transactions == 1)

    work(partnership, talk)
    receipts = [key for topic, key, _ in log.written if topic == "banes.receipts.police"]
    assert receipts == [b""]


def test_records_of_very_many_supplies_are_written_in_parts(
    partnership: Partnership, log: Log
) -> None:
    log.waiting = [
        partnership.intake("police-incident", incident(), at, supply=f"{at:032x}")
        for at in range(1_000)
    ]

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.committed.get((INCIDENTS, 3)) == 1_000)

    work(partnership, talk)
    receipts = [key for topic, key, _ in log.written if topic == "banes.receipts.police"]
    assert receipts == [f"{at:032x}".encode() for at in range(1_000)]
    assert log.transactions >= 10


def test_very_large_records_are_written_in_parts(partnership: Partnership, log: Log) -> None:
    log.waiting = [raw_intake(INCIDENTS, b"?" * 1_000_000, at) for at in range(60)]

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.committed.get((INCIDENTS, 3)) == 60)

    work(partnership, talk)
    rejected = [topic for topic, _, _ in log.written if ".rejected." in topic]
    assert (len(rejected), log.transactions) == (60, 17)


def test_one_record_whose_outputs_are_too_large_is_rejected_and_the_others_come_out(
    partnership: Partnership, log: Log
) -> None:
    """Its bytes are given back where they fit, otherwise its place."""
    log.waiting = [
        partnership.intake("police-incident", incident(incident_reference=f"I-{at}"), at)
        for at in range(40)
    ]
    log.waiting[30] = raw_intake(INCIDENTS, b"x" * 9_000, 30)
    log.largest = 5_000

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.committed.get((INCIDENTS, 3)) == 40)
        assert not app.crashed

    work(partnership, talk)
    written = [topic for topic, _, _ in log.written]
    assert written.count("banes.depersonalised.central.police-incident") == 39
    (rejected,) = [
        v for topic, _, v in log.written if topic == "banes.rejected.police.police-incident"
    ]
    read = partnership.schemas.read(Output("banes.rejected.police.police-incident", None, rejected))
    assert (read["offset"], read["original"], read["omitted"]) == (30, None, True)
    assert [fault["reason"] for fault in read["faults"]] == ["unprocessable"]


def test_a_place_that_the_client_cannot_read_is_rejected_and_passed(
    partnership: Partnership, log: Log
) -> None:
    log.waiting = [
        partnership.intake("police-incident", incident(incident_reference=f"I-{at}"), at)
        for at in range(12)
    ]
    log.unreadable = {0, 5, 6}

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.committed.get((INCIDENTS, 3)) == 12)
        assert not app.crashed

    work(partnership, talk)
    topic = "banes.rejected.police.police-incident"
    rejected = [partnership.schemas.read(Output(t, k, v)) for t, k, v in log.written if t == topic]
    assert sorted(r["offset"] for r in rejected) == [0, 5, 6]
    assert {f["reason"] for r in rejected for f in r["faults"]} == {"unreadable"}
    written = [topic for topic, _, _ in log.written]
    assert written.count("banes.depersonalised.central.police-incident") == 9


def test_a_record_whose_headers_cannot_be_read_is_rejected_and_those_behind_it_released_once(
    partnership: Partnership, log: Log
) -> None:
    log.waiting = [
        partnership.intake("police-incident", incident(incident_reference=f"I-{at}"), at)
        for at in range(12)
    ]
    log.nameless = {0, 5}

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.committed.get((INCIDENTS, 3)) == 12)
        assert not app.crashed

    work(partnership, talk)
    topic = "banes.rejected.police.police-incident"
    rejected = [partnership.schemas.read(Output(t, k, v)) for t, k, v in log.written if t == topic]
    faults = {r["offset"]: [fault["reason"] for fault in r["faults"]] for r in rejected}
    assert faults == {0: ["unreadable"], 5: ["unreadable"]}
    written = [topic for topic, _, _ in log.written]
    assert written.count("banes.depersonalised.central.police-incident") == 10


def test_the_lag_is_told_for_each_partition(
    partnership: Partnership, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_LAG_EVERY_SECONDS", 0.0)
    log.waiting = [partnership.intake("police-incident", incident(), at) for at in range(3)]
    labels = {"topic": INCIDENTS, "partition": "3"}

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.committed.get((INCIDENTS, 3)) == 3)
        await until(lambda: registry.get_sample_value("ipu_consumer_lag_records", labels) == 0)

    work(partnership, talk)


def told_of(registry: CollectorRegistry, name: str) -> set[tuple[str, ...]]:
    """The labels of the series of a gauge."""
    found = (family for family in registry.collect() if family.name == name)
    return {tuple(sample.labels.values()) for family in found for sample in family.samples}


def test_of_partitions_that_another_worker_has_taken_the_metrics_tell_nothing(
    partnership: Partnership, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_LAG_EVERY_SECONDS", 0.0)
    offences = "banes.intake.police.police-crime-offence"
    log.waiting = [
        partnership.intake("police-incident", incident()),
        partnership.intake("police-crime-offence", offence()),
    ]
    both = {("police", "police-incident"), ("police", "police-crime-offence")}

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: told_of(registry, "ipu_consumer_lag_records") == lag)
        await until(lambda: told_of(registry, "ipu_reject_alarm") == both)
        log.elsewhere.add(offences)
        log.rebalances = True
        await until(lambda: not log.rebalances)
        for name in ("ipu_reject_alarm", "ipu_last_record_timestamp_seconds"):
            await until(lambda: told_of(registry, name) == {("police", "police-incident")})  # noqa: B023 - awaited here
        await until(lambda: told_of(registry, "ipu_consumer_lag_records") == {(INCIDENTS, "3")})
        received = registry.get_sample_value(
            "ipu_records_received_total", {"agency": "police", "dataset": "police-crime-offence"}
        )
        assert received == 1

    lag = {(INCIDENTS, "3"), (offences, "3")}
    work(partnership, talk)


def test_a_worker_that_has_left_tells_of_no_lag(
    partnership: Partnership, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_LAG_EVERY_SECONDS", 0.0)
    log.waiting = [partnership.intake("police-incident", incident())]
    registries: list[CollectorRegistry] = []

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        registries.append(registry)
        await until(lambda: told_of(registry, "ipu_consumer_lag_records") != set())

    work(partnership, talk)
    assert told_of(registries[0], "ipu_consumer_lag_records") == set()


class State(Changelog):
    """A changelog at the edge: of each thing that is asked of it, when; its end is reached in steps."""

    def __init__(self, log: Log, steps: int = 3) -> None:
        self.log = log
        self.steps = self.left = steps
        self.asked: list[tuple[str, int]] = []

    def _note(self, what: str) -> None:
        self.asked.append((what, self.log.transactions))

    def open(self) -> None:
        self._note("open")

    def restore(self, stopped: Callable[[], bool] = lambda: False) -> None:
        self._note("restore")

    def aim(self) -> None:
        self._note("aim")
        self.left = self.steps

    def advance(self) -> bool:
        self._note("advance")
        self.left -= 1
        return self.left <= 0

    def follow(self) -> None:
        self._note("follow")

    def close(self) -> None:
        self._note("close")


def test_the_state_is_read_to_its_end_before_the_first_batch_after_each_assignment(
    partnership: Partnership, log: Log
) -> None:
    state = State(log)

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        for round_ in range(2):
            # Before the record, which could otherwise be read without an assignment.
            log.rebalances = True
            log.waiting.append(partnership.intake("police-incident", incident(), round_))
            await until(lambda: log.committed.get((INCIDENTS, 3)) == len(log.waiting))

    work(partnership, talk, changelog=state)
    steps = ["aim", "advance", "advance", "advance"]
    told = [what for what, transactions in state.asked if what in {"aim", "advance"}]
    assert told[:8] == [*steps, *steps]
    written = [topic for topic, _, _ in log.written]
    assert written.count("banes.depersonalised.central.police-incident") == 2
    first = [what for what, transactions in state.asked if transactions == 0]
    assert first[:2] == ["open", "restore"]
    assert "advance" in first


def test_the_end_of_the_state_is_asked_for_when_no_transaction_can_move_the_offsets_any_more(
    partnership: Partnership, log: Log
) -> None:
    """The worker before may have a transaction open whose state is not written yet."""
    state = State(log)
    log.waiting = [partnership.intake("police-incident", incident())]
    log.unsettled = 3

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.transactions == 1)

    def aim() -> None:
        assert log.unsettled == 0
        asked()

    asked, state.aim = state.aim, aim  # type: ignore[method-assign]
    work(partnership, talk, changelog=state)
    assert [what for what, _ in state.asked].count("aim") == 1


def test_what_other_workers_write_is_followed_while_nothing_is_to_be_done(
    partnership: Partnership, log: Log
) -> None:
    state = State(log)

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: [what for what, _ in state.asked].count("follow") > 5)

    work(partnership, talk, changelog=state)
    assert log.transactions == 0


@pytest.mark.parametrize("pause", [True, False])
def test_a_reject_alarm_pauses_the_intake_where_the_protocol_says_so(
    protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex, log: Log, *, pause: bool
) -> None:
    limit = RejectLimit(share=0.5, window=20, pause=pause)
    supplies = tuple(s.model_copy(update={"reject_limit": limit}) for s in protocol.supplies)
    partnership = Partnership.of(
        protocol.model_copy(update={"supplies": supplies}), catalogue, index
    )
    other = "banes.intake.police.police-crime-offence"
    log.waiting = [raw_intake(INCIDENTS, b"?", at) for at in range(20)]
    log.waiting.append(partnership.intake("police-crime-offence", offence(), 0))

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.committed == {(INCIDENTS, 3): 20, (other, 3): 1})
        await asyncio.sleep(0.05)
        labels = {"agency": "police", "dataset": "police-incident"}
        assert registry.get_sample_value("ipu_reject_alarm", labels) == 1
        paused = registry.get_sample_value("ipu_intake_paused", labels)
        assert paused == (1 if pause else None)

    work(partnership, talk)
    assert log.paused == ([INCIDENTS] if pause else [])


def test_a_paused_intake_stays_paused_wherever_the_worker_has_it_again(
    protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex, log: Log
) -> None:
    limit = RejectLimit(share=0.5, window=20, pause=True)
    supplies = tuple(s.model_copy(update={"reject_limit": limit}) for s in protocol.supplies)
    partnership = Partnership.of(
        protocol.model_copy(update={"supplies": supplies}), catalogue, index
    )
    log.waiting = [raw_intake(INCIDENTS, b"?", at) for at in range(20)]
    paused = ("police", "police-incident")

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: told_of(registry, "ipu_intake_paused") == {paused})
        log.elsewhere.add(INCIDENTS)
        log.rebalances = True
        await until(lambda: told_of(registry, "ipu_intake_paused") == set())
        log.elsewhere.clear()
        log.rebalances = True
        await until(lambda: told_of(registry, "ipu_intake_paused") == {paused})

    work(partnership, talk)
    assert log.paused[1:]
    assert set(log.paused) == {INCIDENTS}


@pytest.mark.parametrize("busy", [True, False])
def test_the_worker_stops_busy_or_idle(partnership: Partnership, log: Log, *, busy: bool) -> None:
    if busy:
        log.endless = partnership.intake("police-incident", incident())

    async def talk(app: Any, registry: CollectorRegistry) -> None:
        await until(lambda: log.transactions > 20 or not busy)

    work(partnership, talk)
    assert log.closed
