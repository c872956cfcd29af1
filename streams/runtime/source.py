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
from dataclasses import dataclass, field
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
from streams.messages import BatchResult, Handling, Intake, supply_of
from streams.runtime.heads import HeadsFollower
from streams.runtime.kafka_config import WorkerClients
from streams.runtime.limit import BatchLimit
from streams.runtime.metrics import Metrics, show
from streams.state.changelog import Changelog
from transport.errors import DependencyUnavailable
from transport.messages import ERASE_HEADER, ROW_HEADER, SUPPLY_HEADER
from transport.transaction import (
    OutputsTooLarge,
    TransactionAborted,
    Transactor,
    Unmendable,
    watchdog,
)

log = logging.getLogger(__name__)

_LAG_EVERY_SECONDS = 1.0
_LAG_CALL_SECONDS = 1.0
_CALL_SECONDS = 10.0
_GRACE_SECONDS = 5.0
_STOP_SECONDS = 25.0
_ABORTS_IN_A_ROW = 5
_PATIENCE_SECONDS = 60.0
_NOT_BEGUN = frozenset(
    {
        KafkaError._STATE,  # noqa: SLF001 - librdkafka's name for it
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
    }
)
# The client cannot make messages of the bytes at a place, and would stay there.
_UNREADABLE = frozenset(
    {
        KafkaError._BAD_MSG,  # noqa: SLF001 - librdkafka's name for it
        KafkaError._BAD_COMPRESSION,  # noqa: SLF001
        KafkaError._NOT_IMPLEMENTED,  # noqa: SLF001
        KafkaError.INVALID_MSG,
    }
)
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
    """How batches are cut; `topics` has the agency and the dataset of each intake topic.

    `pausing` has, by agency and dataset, each intake topic that a reject alarm stops.
    What is written to the topic `audit` is acknowledged before all else of its transaction.
    """

    topics: Mapping[str, tuple[str, str]]
    audit: str
    pausing: Mapping[tuple[str, str], str] = field(default_factory=dict)
    batch_records: int = 2_000
    batch_supplies: int = 100
    batch_bytes: int = 4_194_304
    window_seconds: float = 0.001
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
        heads: HeadsFollower | None = None,
        **kwargs: Any,
    ) -> None:
        """Connect nothing yet: the clients are made in the Kafka thread.

        `keep` makes the changes of a committed batch last in this process. Without `heads` the worker's
        chain of the audit begins anew.
        """
        super().__init__(**kwargs)
        self._keep = keep
        self._changelog = changelog
        self._heads = heads
        self._app = app
        self._channel = channel
        self._clients = clients
        self._settings = settings
        self._metrics = metrics
        self._consuming: asyncio.Future[None] | None = None
        self._aborts = 0
        self._lag_at = 0.0
        self._hopeless: str | None = None
        self._limit = BatchLimit(settings.batch_records)
        self._is_behind = False
        self._begins: list[TopicPartition] | None = None
        self._asked_at = 0.0
        self._paused: set[str] = set()
        self._is_reassigned = False

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
        transactor = Transactor(self._clients.producer(), self._settings.audit, renews=True)
        consumer = Consumer({**self._clients.consumer(), "error_cb": self._on_error})
        try:
            if self._changelog is not None:
                # After the transactor, which ended what an earlier process had left open.
                self._changelog.restore(lambda: bool(self.should_stop))
            if self._heads is not None:
                self._heads.restore(lambda: bool(self.should_stop))
            consumer.subscribe(
                list(self._settings.topics), on_assign=self._on_assign, on_revoke=self._on_revoke
            )
            log.info(
                "reading %d intake topics as %s", len(self._settings.topics), self._clients.group
            )
            while not self.should_stop:
                self._turn(loop, consumer, transactor)
        finally:
            consumer.close()
            for follower in (self._changelog, self._heads):
                if follower is not None:
                    follower.close()

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Have the state read to its end before the next batch; reading it here could take too long."""
        self._is_behind = self._changelog is not None
        self._begins, self._asked_at = None, time.monotonic()
        self._is_reassigned = True
        self._metrics.assigned({self._settings.topics[at.topic] for at in partitions})

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Show nothing more of partitions that are another worker's, or that were lost."""
        self._metrics.revoked((at.topic, at.partition) for at in partitions)
        show(self._metrics.paused, {})

    def _turn(
        self, loop: asyncio.AbstractEventLoop, consumer: Consumer, transactor: Transactor
    ) -> None:
        if self._is_reassigned:
            self._pause_again(consumer)
        if self._is_behind:
            self._catch_up(consumer)
            return
        intakes, group = self._poll(consumer)
        if self._hopeless is not None:
            raise Unmendable(self._hopeless)
        for follower in (self._changelog, self._heads):
            if follower is not None:
                follower.follow()
        if self._is_behind or not intakes:
            # What was polled of new partitions is read again, once the state is known.
            self._measure_lag(consumer)
            return
        self._work(loop, consumer, transactor, self._cut(consumer, intakes), group)

    def _catch_up(self, consumer: Consumer) -> None:
        """Read the state for a moment; at its end go on from the committed offsets."""
        # The group is served meanwhile. What comes is read again, but an error may not come again.
        message = consumer.poll(0)
        if message is not None:
            self._taken(message)
        if self._hopeless is not None:
            raise Unmendable(self._hopeless)
        if self._changelog is None:
            return
        if self._begins is None:
            # First the offsets: they are given when no transaction is open that would move them.
            self._begins = self._committed(consumer)
            if self._begins is None:
                return
            self._changelog.aim()
        if self._changelog.advance():
            _seek(consumer, self._begins)
            self._is_behind = False

    def _committed(self, consumer: Consumer) -> list[TopicPartition] | None:
        """Return the committed offsets of what is assigned; None while they are not settled."""
        try:
            return _committed_offsets(consumer)
        except KafkaException as error:
            if time.monotonic() - self._asked_at > _PATIENCE_SECONDS:
                raise _not_readable(error) from error
            log.warning("Kafka: %s; asked again for the offsets", error.args[0].name())
            return None

    def _cut(self, consumer: Consumer, intakes: list[Intake]) -> list[Intake]:
        """Return the first records that are few enough supplies and bytes; the rest is read again."""
        settings, size = self._settings, 0
        supplies: set[tuple[str, str | None]] = set()
        for number, intake in enumerate(intakes):
            supplies.add((intake.topic, intake.supply_id))
            size += len(intake.key or b"") + len(intake.value or b"")
            too_many = len(supplies) > settings.batch_supplies or size > settings.batch_bytes
            if number and too_many:
                _seek(consumer, _first_offsets(intakes[number:]))
                return intakes[:number]
        return intakes

    def _work(
        self,
        loop: asyncio.AbstractEventLoop,
        consumer: Consumer,
        transactor: Transactor,
        intakes: list[Intake],
        group: Any,
    ) -> None:
        started = time.time()
        try:
            result = self._write(loop, transactor, intakes, group)
        except TransactionAborted as error:
            self._undo(consumer, error)
            return
        if result is None:
            return
        self._aborts = 0
        self._limit.grow()
        _seek(consumer, _offsets_after([i for i in intakes if i.unreadable is not None]))
        self._keep(result.changes)
        self._metrics.committed(intakes, result, started)
        self._heed_alarms(consumer, result)
        self._measure_lag(consumer)

    def _write(
        self,
        loop: asyncio.AbstractEventLoop,
        transactor: Transactor,
        intakes: list[Intake],
        group: Any,
    ) -> BatchResult | None:
        """Process and commit a batch. One record whose outputs are too large is rejected instead.

        Its rejection gives its bytes; where that is too large as well it gives its place alone.
        """
        refusals = (Handling.REJECT, Handling.REJECT_WITHOUT_BYTES) if len(intakes) == 1 else ()
        for handling in (Handling.PROCESS, *refusals):
            result = self._process(loop, intakes, handling)
            if result is None:
                return None
            try:
                transactor.write(result.outputs, _offsets_after(intakes), group)
            except OutputsTooLarge as error:
                self._limit.halve(len(intakes))
                if len(intakes) > 1:
                    raise
                self._metrics.aborted.inc()
                log.error(  # noqa: TRY400 - a trace would show nothing of use
                    "%s[%d]@%d: what was made of it cannot be written (%s)", *intakes[0][:3], error
                )
            else:
                return result
        raise Unmendable("the rejection of one record cannot be written")

    def _undo(self, consumer: Consumer, error: TransactionAborted) -> None:
        log.warning("transaction aborted (%s); reading again from the committed offsets", error)
        self._metrics.aborted.inc()
        if not isinstance(error, OutputsTooLarge):
            # Each of the others makes the batch smaller, so they end by themselves.
            self._aborts += 1
        if self._aborts > _ABORTS_IN_A_ROW:
            raise Unmendable(f"{self._aborts} transactions in a row were aborted") from error
        _rewind(consumer)

    def _poll(self, consumer: Consumer) -> tuple[list[Intake], Any]:
        """Records, and the group's metadata of before the last of them.

        A rebalance while the batch fills then makes the metadata stale, so that the transaction is
        refused and no partition that now is another worker's gets an offset from here.
        """
        first = consumer.poll(self._settings.idle_seconds)
        if first is None:
            return [], None
        group = consumer.consumer_group_metadata()
        more = self._limit.records - 1
        rest = consumer.consume(more, self._settings.window_seconds) if more else []
        found: dict[tuple[str, int, int], Intake] = {}
        for message in (first, *rest):
            intake = self._taken(message)
            if intake is not None:
                found.setdefault(intake[:3], intake)
        return list(found.values()), group

    def _taken(self, message: Message) -> Intake | None:
        """Return a message as an intake; None where it only tells of an error."""
        error = message.error()
        if error is None:
            return intake_of(message)
        offset = message.offset()
        if error.code() in _UNREADABLE and offset is not None and offset >= 0:
            log.error("%s: %s", _place_of(message), error.name())
            return _unreadable(message, error.name())
        self._on_error(error, message.topic())
        return None

    def _process(
        self, loop: asyncio.AbstractEventLoop, intakes: Sequence[Intake], handling: Handling
    ) -> BatchResult | None:
        """The agent's answer; the same batch is offered again while a dependency is away.

        None if the worker is stopped while it waits: nothing was written, so nothing is lost.
        """
        give_up = time.monotonic() + self._settings.dependency_seconds
        while True:
            batch = Batch(intakes, handling)
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
            source = (tally.agency, tally.dataset)
            pausing = self._settings.pausing.get(source)
            if pausing is not None:
                self._paused.add(pausing)
                self._pause_again(consumer)
                log.error("intake of %s %s is paused until the worker is started again", *source)

    def _pause_again(self, consumer: Consumer) -> None:
        """Pause what is assigned of the intake that an alarm stopped: a rebalance does not lift the pause."""
        self._is_reassigned = False
        assigned = [at for at in consumer.assignment() if at.topic in self._paused]
        if assigned:
            consumer.pause(assigned)
        show(self._metrics.paused, {self._settings.topics[at.topic]: 1 for at in assigned})

    def _measure_lag(self, consumer: Consumer) -> None:
        if time.monotonic() < self._lag_at:
            return
        self._lag_at = time.monotonic() + _LAG_EVERY_SECONDS
        lag: dict[tuple[Any, ...], float] = {}
        for at in _positions(consumer):
            low, high = consumer.get_watermark_offsets(at, cached=True)
            if high >= 0:
                lag[at.topic, at.partition] = max(0, high - max(at.offset, low, 0))
        show(self._metrics.lag, lag)


def intake_of(message: Any) -> Intake:
    """A message of an intake topic as the steps take it."""
    headers = _headers(message)
    return Intake(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        supply_of(headers.get(SUPPLY_HEADER)),
        message.timestamp()[1],
        ERASE_HEADER in headers,
        row=headers.get(ROW_HEADER),
    )


def _headers(message: Any) -> dict[str, bytes]:
    """The headers of a message, the first of each name; none where a name is no text."""
    try:
        headers = message.headers() or ()
    except UnicodeDecodeError:
        return {}
    return {name: value for name, value in reversed(headers) if value is not None}


def _unreadable(message: Message, reason: str) -> Intake:
    """Return a place whose bytes the client cannot read, for its rejection."""
    topic, partition, offset = _place_of(message)
    return Intake(topic, partition, offset, None, None, None, 0, unreadable=reason)


def _place_of(message: Message) -> tuple[str, int, int]:
    return str(message.topic()), message.partition() or 0, message.offset() or 0


def _first_offsets(intakes: Sequence[Intake]) -> list[TopicPartition]:
    first = {(intake.topic, intake.partition): intake.offset for intake in reversed(intakes)}
    return [TopicPartition(*place, offset) for place, offset in first.items()]


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


def _committed_offsets(consumer: Consumer) -> list[TopicPartition]:
    """Return where each assigned partition is to be read from; raise `KafkaException` if one is not known."""
    assigned = consumer.assignment()
    found = consumer.committed(assigned, timeout=_CALL_SECONDS) if assigned else []
    for at in found:
        if at.error is not None:
            raise KafkaException(at.error)
    return [
        TopicPartition(at.topic, at.partition, at.offset if at.offset >= 0 else OFFSET_BEGINNING)
        for at in found
    ]


def _rewind(consumer: Consumer) -> None:
    """Put every partition back to its committed offset: what was polled since counts as unread."""
    try:
        begins = _committed_offsets(consumer)
    except KafkaException as error:
        raise _not_readable(error) from error
    _seek(consumer, begins)


def _seek(consumer: Consumer, places: Sequence[TopicPartition]) -> None:
    """Go on from these offsets. A partition that is not read yet begins at its committed offset anyway."""
    for place in places:
        try:
            consumer.seek(place)
        except KafkaException as error:
            if error.args[0].code() not in _NOT_BEGUN:
                raise _not_readable(error) from error


def _not_readable(error: KafkaException) -> Unmendable:
    return Unmendable(f"the committed offsets cannot be read: {error.args[0].name()}")
