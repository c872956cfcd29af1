"""The source: one thread that polls messages, has a processor process them, and commits the result.

Faust's own consumer is not used: it acks an event whose agent raised, and its exactly-once mode has
open faults (docs/adr/0002).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from streams.messages import BatchResult, Handling, Intake
from streams.runtime.batch import Batch, answer
from streams.runtime.feed import Feed, Portion
from streams.runtime.heads import HeadsFollower
from streams.runtime.limit import BatchLimit
from streams.runtime.metrics import StreamMetrics, show
from streams.runtime.processor import Processor
from streams.state.changelog import Changelog
from transport.errors import DependencyUnavailable
from transport.follower import Follower
from transport.transaction import (
    FatalWorkerError,
    OutputsTooLarge,
    TransactionAborted,
    Transactor,
    watchdog,
)

log = logging.getLogger(__name__)

_LAG_EVERY_SECONDS = 1.0
_GRACE_SECONDS = 5.0
_ABORTS_IN_A_ROW = 5

HandOver = Callable[[Batch], object]
"""Has a batch processed elsewhere, which sets the batch's result."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """The transactions of a source, and how long it waits.

    The broker acknowledges messages to the topic `audit` before the rest of their transaction is produced.
    """

    producer: Mapping[str, Any]
    audit: str
    batch_records: int = 2_000
    first_records: int = 1
    result_seconds: float = 60.0
    dependency_seconds: float = 60.0
    due_seconds: float = 300.0


class Source:
    """Drives one processor: reads its messages from a feed, and commits its results exactly once.

    All calls come from one thread, and so do all Kafka calls of feed, followers and transactions.
    """

    def __init__(
        self,
        processor: Processor,
        feed: Feed,
        settings: SourceSettings,
        metrics: StreamMetrics,
        state: Changelog | None = None,
        heads: HeadsFollower | None = None,
        others: Sequence[Follower] = (),
    ) -> None:
        """Connect nothing yet.

        Without `state` the processor's state is lost when the process ends. Without `heads` the processor
        starts a new chain of the audit. `others` are read to their ends at the start, and then followed.
        """
        self.processor = processor
        self.feed = feed
        self.hand_over: HandOver = lambda batch: answer(batch, processor)
        self._settings = settings
        self._metrics = metrics
        self._state = state
        self._heads = heads
        self._followers = [f for f in (state, heads, *others) if f is not None]
        self._transactor: Transactor | None = None
        self._stopped: Callable[[], bool] = lambda: False
        self._limit = BatchLimit(settings.batch_records, settings.first_records)
        self._aborts = 0
        self._lag_at = 0.0
        self._aimed: int | None = None
        self._restored: int | None = None

    def run(self, stopped: Callable[[], bool]) -> None:
        """Take turn after turn until `stopped`.

        Raises:
            FatalWorkerError: the process cannot continue; the next one continues from what is committed.
        """
        self._stopped = stopped
        try:
            self.begin()
            while not stopped():
                self.turn()
        finally:
            self.close()

    def begin(self) -> None:
        """Fence an earlier process, restore the committed state, and start to read."""
        if self._state is not None:
            # First: a second process of this slot that cannot open the store must not fence this one.
            self._state.open()
        config = dict(self._settings.producer)
        self._transactor = Transactor(config, self._settings.audit, renews=self.feed.is_member)
        # After the transactor, which ended any transaction that an earlier process had left open.
        for follower in self._followers:
            follower.restore(self._stopped)
        self.feed.begin()

    def close(self) -> None:
        """Disconnect from the broker. What is not committed is read again by the next process."""
        self.feed.close()
        for follower in self._followers:
            follower.close()

    def turn(self) -> None:
        """Restore if partitions were assigned; otherwise write what is due and process new messages."""
        if self.feed.is_behind:
            self._catch_up()
            return
        if self._has_restored() and self._write_all(self.processor.due()):
            self._read()
            self._measure_lag()

    def _read(self) -> None:
        portions = self.feed.poll(self._limit.records)
        first = next(portions, None)
        for follower in self._followers:
            follower.follow()
        while first is not None and self._work(first):
            first = next(portions, None)

    def _catch_up(self) -> None:
        """Read a part of the state; once its end is reached, read from the committed offsets."""
        # The offsets first: the broker gives them when no transaction that would change them is open.
        if not self.feed.settled():
            return
        if self._state is not None and self._aimed != self.feed.assignments:
            self._state.aim()
            self._aimed = self.feed.assignments
        if self._state is None or self._state.advance():
            self.feed.go_on()

    def _has_restored(self) -> bool:
        """Restore the processor after an assignment or an abort; return True once that is done."""
        assignments = self.feed.assignments
        if self._restored != assignments:
            if not self._write_all(self.processor.restore(self.feed.assignment), is_due=False):
                return False
            self._restored = assignments
        return True

    def _write_all(self, results: Iterable[BatchResult], *, is_due: bool = True) -> bool:
        """Commit results that no message caused; return False if one was aborted.

        A restore may take any time. Its commits do not reset the count of aborts in a row, because a restore
        follows each abort.
        """
        found = iter(results)
        while True:
            result = self._next(found) if is_due else next(found, None)
            if result is None:
                return True
            standing = self.feed.standing
            try:
                self._commit(result, standing)
            except TransactionAborted as error:
                # No smaller batch would help.
                self._undo(error, is_cut=False)
                return False
            if is_due:
                self._aborts = 0
            self._settle(result, standing, time.time())

    def _next(self, results: Iterator[BatchResult]) -> BatchResult | None:
        with watchdog(self._settings.due_seconds):
            return next(results, None)

    def _work(self, portion: Portion) -> bool:
        """Process and commit a portion; return False if it is to be read again."""
        started = time.time()
        try:
            if not portion.intakes:
                # Only its offsets are committed again.
                self._commit(BatchResult(()), portion)
                return True
            result = self._write(portion)
        except TransactionAborted as error:
            self._undo(error)
            return False
        if result is None:
            return False
        self._limit.grow()
        self._aborts = 0
        self._settle(result, portion, started)
        return True

    def _settle(self, result: BatchResult, portion: Portion, started: float) -> None:
        """Pass a committed result on to feed, processor and metrics."""
        self.feed.committed(portion)
        self.processor.committed(result)
        self._metrics.committed(portion.intakes, result, started)
        self._pause(result)

    def _pause(self, result: BatchResult) -> None:
        if result.pauses:
            self.feed.pause(result.pauses)
            for topic in sorted(result.pauses):
                log.error("%s is paused until the process is restarted", topic)

    def _commit(self, result: BatchResult, portion: Portion) -> None:
        assert self._transactor is not None, "begin first"
        if result.outputs or portion.moves:
            self._transactor.write(result.outputs, list(portion.offsets), portion.group)

    def _write(self, portion: Portion) -> BatchResult | None:
        """Process and commit a batch. A single record whose outputs are too large is rejected instead.

        The rejection has the record's bytes, or only its offset if that is too large as well.
        """
        intakes = portion.intakes
        refusals = (Handling.REJECT, Handling.REJECT_WITHOUT_BYTES) if len(intakes) == 1 else ()
        for handling in (Handling.PROCESS, *refusals):
            result = self._process(intakes, handling)
            if result is None:
                return None
            try:
                self._commit(result, portion)
            except OutputsTooLarge as error:
                self._limit.halve(len(intakes))
                if len(intakes) > 1:
                    raise
                self._metrics.aborted.inc()
                log.error(  # noqa: TRY400 - a trace would show nothing of use
                    "%s[%d]@%d: its outputs cannot be written (%s)", *intakes[0][:3], error
                )
            else:
                return result
        raise FatalWorkerError("the rejection of one record cannot be written")

    def _undo(self, error: TransactionAborted, *, is_cut: bool = True) -> None:
        log.warning("transaction aborted (%s); reading again from the committed offsets", error)
        self._metrics.aborted.inc()
        if not (is_cut and isinstance(error, OutputsTooLarge)):
            # An abort for size halves the batch, so such aborts end by themselves.
            self._aborts += 1
        if self._aborts > _ABORTS_IN_A_ROW:
            raise FatalWorkerError(f"{self._aborts} transactions in a row were aborted") from error
        self.feed.rewind()
        self._restored = None

    def _process(self, intakes: Sequence[Intake], handling: Handling) -> BatchResult | None:
        """Return the processor's result. Offer the same batch again while a dependency is unavailable.

        Return None if the process is stopped while it waits: nothing was written, so nothing is lost.
        """
        give_up = time.monotonic() + self._settings.dependency_seconds
        while True:
            batch = Batch(intakes, handling)
            try:
                return self._answer_to(batch)
            except DependencyUnavailable as error:
                if self._stopped():
                    return None
                if time.monotonic() > give_up:
                    raise
                log.warning("%s; retrying the batch", error)
                time.sleep(1.0)

    def _answer_to(self, batch: Batch) -> BatchResult:
        seconds = self._settings.result_seconds
        result: Future[BatchResult] = batch.result
        try:
            # A processor that hangs also blocks the event loop, so only the watchdog can end the process.
            with watchdog(seconds + _GRACE_SECONDS):
                self.hand_over(batch)
                return result.result(seconds)
        except TimeoutError:
            raise FatalWorkerError("the agent did not answer in time") from None

    def _measure_lag(self) -> None:
        if time.monotonic() >= self._lag_at:
            self._lag_at = time.monotonic() + _LAG_EVERY_SECONDS
            show(self._metrics.lag, self.feed.lag())
