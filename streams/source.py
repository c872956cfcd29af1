"""The batch source: one Kafka thread that polls, hands to the agent, and commits, in turn.

Faust's own consumer is not used: it acks an event whose agent raised, and its exactly-once mode has
open faults (docs/adr/0002).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from mode import Service

from streams.batch import Batch
from streams.changelog import Changelog
from streams.kafka_config import WorkerClients
from streams.messages import ERASE_HEADER, SUPPLY_HEADER, BatchResult, Intake
from streams.metrics import Metrics
from streams.pipeline import DependencyUnavailable
from streams.transaction import TransactionAborted, Transactor, Unmendable, watchdog

log = logging.getLogger(__name__)

_LAG_EVERY_SECONDS = 1.0
_LAG_CALL_SECONDS = 1.0
_CALL_SECONDS = 10.0
_GRACE_SECONDS = 5.0
_STOP_SECONDS = 25.0
_ABORTS_IN_A_ROW = 5
# Without one of these rights nothing would ever arrive, and nothing would say so.
_HOPELESS = frozenset(
    {
        KafkaError._AUTHENTICATION,  # noqa: SLF001 - librdkafka's name for it
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError._FATAL,  # noqa: SLF001
        KafkaError.FENCED_INSTANCE_ID,
    }
)


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How batches are cut; `pausing` names intake topics that a reject alarm stops."""

    topics: tuple[str, ...]
    pausing: frozenset[str] = frozenset()
    batch_records: int = 2_000
    window_seconds: float = 0.005
    idle_seconds: float = 0.25
    result_seconds: float = 60.0
    dependency_seconds: float = 60.0


class BatchSource(Service):
    """Feeds a Faust channel with batches and commits their results exactly once."""

    def __init__(
        self,
        app: Any,
        channel: Any,
        clients: WorkerClients,
        settings: SourceSettings,
        metrics: Metrics,
        keep: Callable[[Mapping[bytes, bytes]], None],
        changelog: Changelog | None = None,
        **kwargs: Any,
    ) -> None:
        """Connect nothing yet: the clients are made in the Kafka thread.

        `keep` makes the changes of a committed batch last in this process.
        """
        super().__init__(**kwargs)
        self._keep = keep
        self._changelog = changelog
        self._app = app
        self._channel = channel
        self._clients = clients
        self._settings = settings
        self._metrics = metrics
        self._consuming: asyncio.Future[None] | None = None
        self._aborts = 0
        self._lag_at = 0.0
        self._hopeless: str | None = None

    @Service.task
    async def _run(self) -> None:
        # With Faust's Kafka off nothing else opens the channels, which begin suspended.
        self._app.flow_control.resume()
        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(1, thread_name_prefix="kafka")
        self._consuming = loop.run_in_executor(thread, self._consume, loop)
        await self._consuming

    async def on_stop(self) -> None:
        """Let the Kafka thread finish its batch while the agent is still there to answer it."""
        if self._consuming is not None:
            await asyncio.wait([self._consuming], timeout=_STOP_SECONDS)

    def _consume(self, loop: asyncio.AbstractEventLoop) -> None:
        transactor = Transactor(self._clients.producer())
        consumer = Consumer({**self._clients.consumer(), "error_cb": self._on_error})
        try:
            if self._changelog is not None:
                # After the transactor, which ended what an earlier process had left open.
                self._changelog.restore()
            consumer.subscribe(list(self._settings.topics))
            log.info(
                "reading %d intake topics as %s", len(self._settings.topics), self._clients.group
            )
            while not self.should_stop:
                self._turn(loop, consumer, transactor)
        finally:
            consumer.close()
            if self._changelog is not None:
                self._changelog.close()

    def _turn(
        self, loop: asyncio.AbstractEventLoop, consumer: Consumer, transactor: Transactor
    ) -> None:
        messages, group = self._poll(consumer)
        if self._hopeless is not None:
            raise Unmendable(self._hopeless)
        if not messages:
            self._measure_lag(consumer)
            return
        if self._changelog is not None:
            self._changelog.follow()
        started = time.time()
        intakes = [intake_of(message) for message in messages]
        result = self._process(loop, intakes)
        if result is None:
            return
        try:
            transactor.write(result.outputs, _offsets_after(intakes), group)
        except TransactionAborted as error:
            log.warning("transaction aborted (%s); reading again from the committed offsets", error)
            self._metrics.aborted.inc()
            self._aborts += 1
            if self._aborts > _ABORTS_IN_A_ROW:
                raise Unmendable(f"{self._aborts} transactions in a row were aborted") from error
            _rewind(consumer)
            return
        self._aborts = 0
        self._keep(result.changes)
        self._metrics.committed(intakes, result, started)
        self._heed_alarms(consumer, result)
        self._measure_lag(consumer)

    def _poll(self, consumer: Consumer) -> tuple[list[Message], Any]:
        """Messages, and the group's metadata of before the last of them.

        A rebalance while the batch fills then makes the metadata stale, so that the transaction is
        refused and no partition that now is another worker's gets an offset from here.
        """
        first = consumer.poll(self._settings.idle_seconds)
        if first is None:
            return [], None
        group = consumer.consumer_group_metadata()
        rest = consumer.consume(self._settings.batch_records - 1, self._settings.window_seconds)
        usable = []
        for message in (first, *rest):
            error = message.error()
            if error is None:
                usable.append(message)
            else:
                self._on_error(error, message.topic())
        return usable, group

    def _process(
        self, loop: asyncio.AbstractEventLoop, intakes: Sequence[Intake]
    ) -> BatchResult | None:
        """The agent's answer; the same batch is offered again while a dependency is away.

        None if the worker is stopped while it waits: nothing was written, so nothing is lost.
        """
        give_up = time.monotonic() + self._settings.dependency_seconds
        while True:
            batch = Batch(intakes)
            asyncio.run_coroutine_threadsafe(self._channel.put(batch), loop)
            try:
                return self._await(batch.result)
            except DependencyUnavailable as error:
                if self.should_stop:
                    return None
                if time.monotonic() > give_up:
                    raise
                log.warning("%s; the batch waits and is tried again", error)
                time.sleep(1.0)

    def _await(self, result: Future[BatchResult]) -> BatchResult:
        seconds = self._settings.result_seconds
        try:
            # An agent that hangs holds the event loop too, so only the watchdog could end the process.
            with watchdog(seconds + _GRACE_SECONDS):
                return result.result(seconds)
        except TimeoutError:
            raise Unmendable("the agent gave no answer in time") from None

    def _on_error(self, error: KafkaError, topic: str | None = None) -> None:
        if error.code() in _HOPELESS or error.fatal():
            about = f"topic {topic}" if topic else f"group {self._clients.group}"
            self._hopeless = f"{error.name()}: {error.str()} ({about})"
            log.error("Kafka: %s", self._hopeless)
        else:
            log.warning("Kafka: %s", error.name())

    def _heed_alarms(self, consumer: Consumer, result: BatchResult) -> None:
        for tally in result.tallies:
            if not tally.reject_alarm:
                continue
            log.error(
                "rejects of %s %s stand above the protocol's limit: %s",
                tally.agency, tally.dataset, dict(tally.faults.most_common(5)),
            )  # fmt: skip
            suffix = f".intake.{tally.agency}.{tally.dataset}"
            paused = [t for t in consumer.assignment() if t.topic.endswith(suffix)]
            if paused and paused[0].topic in self._settings.pausing:
                consumer.pause(paused)
                self._metrics.paused.labels(tally.agency, tally.dataset).set(1)
                log.error(
                    "intake of %s %s is paused until the worker is started again",
                    tally.agency,
                    tally.dataset,
                )

    def _measure_lag(self, consumer: Consumer) -> None:
        if time.monotonic() < self._lag_at:
            return
        self._lag_at = time.monotonic() + _LAG_EVERY_SECONDS
        for at in _positions(consumer):
            low, high = consumer.get_watermark_offsets(at, cached=True)
            if high >= 0:
                behind = high - max(at.offset, low, 0)
                self._metrics.lag.labels(at.topic, at.partition).set(max(0, behind))


def intake_of(message: Any) -> Intake:
    """A message of an intake topic as the steps take it."""
    headers = _headers(message)
    supply = headers.get(SUPPLY_HEADER)
    return Intake(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        None if supply is None else supply.decode("ascii", "replace")[:64],
        message.timestamp()[1],
        ERASE_HEADER in headers,
    )


def _headers(message: Any) -> dict[str, bytes]:
    """The headers of a message, the first of each name; none where a name is no text."""
    try:
        headers = message.headers() or ()
    except UnicodeDecodeError:
        return {}
    return {name: value for name, value in reversed(headers) if value is not None}


def _offsets_after(intakes: Sequence[Intake]) -> list[TopicPartition]:
    last = {(intake.topic, intake.partition): intake.offset for intake in intakes}
    return [
        TopicPartition(topic, partition, offset + 1) for (topic, partition), offset in last.items()
    ]


def _positions(consumer: Consumer) -> list[TopicPartition]:
    """What is read next of each assigned partition: where nothing was read yet, what is committed."""
    positions = consumer.position(consumer.assignment())
    unread = [at for at in positions if at.offset < 0]
    if not unread:
        return positions
    try:
        committed = consumer.committed(unread, timeout=_LAG_CALL_SECONDS)
    except KafkaException:
        committed = []
    return [at for at in positions if at.offset >= 0] + committed


def _committed_offset(at: TopicPartition) -> int:
    if at.error is not None:
        raise KafkaException(at.error)
    return at.offset if at.offset >= 0 else OFFSET_BEGINNING


def _rewind(consumer: Consumer) -> None:
    """Put every partition back to its committed offset: what was polled since counts as unread."""
    try:
        for at in consumer.committed(consumer.assignment(), timeout=_CALL_SECONDS):
            consumer.seek(TopicPartition(at.topic, at.partition, _committed_offset(at)))
    except KafkaException as error:
        raise Unmendable(f"the committed offsets cannot be read: {error.args[0].name()}") from error
