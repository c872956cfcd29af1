"""The detector: takes released records, and publishes emerging problems to their recipients.

A batch is taken into the state first. Then the neighbourhoods of its records are looked at, and the problems
of each recipient change. Evaluations run in the background, and what they find is published later. So neither
delays a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from isp.agreement.topics import DAY_MS
from isp.audit.chain import Heads
from streams.audit import AuditWriter
from streams.emerging.background import Background
from streams.emerging.calibrating import Calibrating
from streams.emerging.evolving import Evolving
from streams.emerging.inputs import Inputs, refuse
from streams.emerging.memory import StateMemory
from streams.emerging.publishing import Publishing
from streams.emerging.results import Batch
from streams.emerging.supplied import Supplied
from streams.emerging.taking import Taking
from streams.emerging.time_found import Step, TimeFound
from streams.messages import BatchResult, Handling, Intake
from streams.runtime.processor import Processor, TopicPartition
from streams.state.dated import DatedStore

WRITER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that a detector is made of."""

    inputs: Inputs
    memory: StateMemory
    supplied: Supplied
    evolving: Evolving
    taking: Taking
    found: TimeFound
    calibrating: Calibrating
    publishing: Publishing
    background: Background


class Detector(Processor):
    """Detects the emerging problems of one partnership. One process is active; the others follow its state.

    Supplies and receipts are learned from their topics (`learn`): they are no part of a batch.
    """

    def __init__(
        self,
        parts: Parts,
        store: DatedStore,
        audit_writer: AuditWriter,
        clock: Callable[[], float],
    ) -> None:
        """Take its parts. `clock` returns seconds since 1970."""
        self.store = store
        self._parts = parts
        self._memory = parts.memory
        self._audit_writer = audit_writer
        self._clock = clock
        self._is_active = False

    def _begin(self) -> Batch:
        """Begin a batch with the committed state."""
        batch = Batch(datetime.fromtimestamp(self._clock(), UTC))
        self.store.begin(batch.now_ms // DAY_MS)
        self._memory.rollback()
        self._memory.engine.advance(batch.today)
        self._audit_writer.rollback()
        return batch

    # The processor

    @property
    def name(self) -> str:
        """Return the name of the agent."""
        return "detector"

    @property
    def topics(self) -> Collection[str]:
        """Return the topics of the released streams."""
        return tuple(self._parts.inputs.streams)

    @property
    def followed(self) -> tuple[str, ...]:
        """Return the topics to be read to their ends at the start, and followed, into `learn`."""
        return tuple(self._parts.inputs.learned)

    @property
    def writer(self) -> bytes:
        """Return the name under which this process writes its state."""
        return self._parts.publishing.writer

    @property
    def heads(self) -> Heads:
        """Return the heads of the audit's chains that this process knows."""
        return self._audit_writer.heads

    @property
    def open_problems(self) -> int:
        """Return the number of problems that are not closed."""
        rows = list(self._memory.problems.values())
        return sum(row.problem.status != "closed" for row in rows)

    @property
    def evaluations_waiting(self) -> int:
        """Return the number of series whose evaluation runs or waits."""
        return self._parts.found.jobs

    @property
    def failures(self) -> int:
        """Return the number of computations in the background that have failed."""
        return self._parts.background.failures

    def learn(self, topic: str, value: bytes | None, at_ms: int) -> None:
        """Take a message about a supply, which the broker has from `at_ms`."""
        self._parts.supplied.learn(topic, value, at_ms)

    def restore(self, assignment: Collection[TopicPartition]) -> Iterable[BatchResult]:
        """Become active if the streams are assigned to this process; otherwise only follow."""
        self._is_active = bool(assignment)
        self._parts.found.restart()
        self._parts.calibrating.restart()
        if self._is_active or not self._memory.is_built:
            today = Batch(datetime.fromtimestamp(self._clock(), UTC)).today
            self._memory.restore(today)
        self._begin()
        return ()

    def committed(self, result: BatchResult) -> None:
        """Keep the state and the audit chain of the last batch."""
        self.store.commit(result.changes)
        self._memory.commit(result.changes)
        self._audit_writer.commit()

    def process(
        self, batch: Sequence[Intake], handling: Handling = Handling.PROCESS
    ) -> BatchResult:
        """Return the findings that a batch changes; raise only `DependencyUnavailable`."""
        begun = self._begin()
        for intake in batch:
            if handling is Handling.PROCESS:
                self._parts.taking.take(intake, begun)
            else:
                refuse(intake, "its outputs are too large", begun.counts)
        memory = self._memory
        memory.note_waiting(memory.engine.touched, begun.today)
        found = memory.engine.looks(memory.look_nulls, self._parts.supplied.held)
        self._parts.evolving.looked(found, memory.engine.today, begun)
        return self._parts.publishing.result(begun)

    def due(self) -> Iterator[BatchResult]:
        """Publish what settled sources, finished evaluations and time change; submit new evaluations."""
        if not self._is_active:
            return
        for step in self._parts.found.steps:
            yield from self._repeat(step)
        yield from self._repeat(self._parts.calibrating.answer)
        batch = self._begin()
        self._parts.found.submit(batch)
        is_idle = not self._parts.found.jobs and not self._memory.held
        self._parts.calibrating.turn(batch, is_idle=is_idle)

    def _repeat(self, step: Step) -> Iterator[BatchResult]:
        """Repeat a step, each time in a transaction, until nothing is due."""
        while True:
            batch = self._begin()
            if not step(batch):
                return
            result = self._parts.publishing.result(batch)
            if result.outputs or any(result.counts.values()):
                yield result
