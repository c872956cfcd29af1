"""The alerts agent: takes the facts of incidents, and raises, updates and withdraws alerts.

Each batch is taken into the state first. Then each event that it concerns is decided once, from all that is
known. So an alert always equals what the facts give, whatever is processed again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from secrets import token_bytes

from detection.domestic.times import when
from isp.agreement.topics import DAY_MS
from isp.audit.chain import Heads
from streams.alerts.events import EventRow
from streams.alerts.inputs import (
    CASES,
    ORDERS,
    STAFF,
    refuse,
)
from streams.alerts.memory import StateMemory
from streams.alerts.parts import Parts
from streams.alerts.raising import AlertChange
from streams.alerts.results import AlertResult, Batch, Figure
from streams.alerts.taking import Taking
from streams.alerts.time_found import AT_ONCE, Find, TimeFound
from streams.alerts.writing import Writing
from streams.audit import AuditWriter
from streams.messages import BatchResult, Handling, Intake
from streams.runtime.processor import Processor, TopicPartition
from streams.state.dated import DatedStore

_MINUTE_MS = 60_000
_WRITER_BYTES = 8
_MILLISECONDS = 1_000


class Alerter(Processor):
    """Raises the domestic alerts of one partnership. One process is active; the others follow its state.

    Cases, staff lists and orders about homes are learned from lasting topics (`learn`), and the same messages
    in a batch say which events are to be decided again.
    """

    def __init__(
        self,
        parts: Parts,
        store: DatedStore,
        audit_writer: AuditWriter,
        clock: Callable[[], float],
    ) -> None:
        """Take its parts. `clock` returns seconds since 1970."""
        self._parts = parts
        self.store = store
        self.writer = token_bytes(_WRITER_BYTES)
        self._audit_writer = audit_writer
        self._clock = clock
        self._memory = StateMemory(store, parts.places)
        self._taking = Taking(parts, store, self._memory)
        self._found = TimeFound(parts, store, self._memory)
        self._writing = Writing(parts, store, audit_writer, self.writer)
        self._is_active = False

    def _begin(self) -> Batch:
        """Begin a batch with the committed state."""
        batch = Batch(datetime.fromtimestamp(self._clock(), UTC))
        self.store.begin(batch.now_ms // DAY_MS)
        self._memory.begin()
        self._audit_writer.rollback()
        self._parts.requesting.forget_messages()
        return batch

    @property
    def unacknowledged(self) -> int:
        """Return the number of alerts that wait for an acknowledgement."""
        return self._found.unacknowledged

    @property
    def waiting(self) -> int:
        """Return the number of prepared requests that wait for a decision."""
        return self._found.waiting

    # The processor

    @property
    def name(self) -> str:
        """Return the name of the agent."""
        return "alerter"

    @property
    def topics(self) -> Collection[str]:
        """Return the topics of incidents, cases, orders, acknowledgements and staff."""
        return tuple(self._parts.inputs.topics)

    @property
    def lasting(self) -> tuple[str, ...]:
        """Return the topics to be read to their ends at the start, and followed, into `learn`."""
        return tuple(t for what in (CASES, ORDERS, STAFF) for t in self._parts.inputs.of(what))

    @property
    def heads(self) -> Heads:
        """Return the heads of the audit's chains that this process knows."""
        return self._audit_writer.heads

    def learn(self, topic: str, key: bytes, value: bytes | None) -> None:
        """Take the newest message of a lasting topic. Events are decided again when it is in a batch."""
        self._taking.learn(topic, key, value)

    def restore(self, assignment: Collection[TopicPartition]) -> Iterable[BatchResult]:
        """Become active if the incidents are assigned to this process; otherwise only follow."""
        self._is_active = any(topic == self._parts.incident_topic for topic, _ in assignment)
        self._found.restart()
        self._begin()
        return ()

    def committed(self, result: BatchResult) -> None:
        """Keep the state and the audit chain of the last batch."""
        self.store.commit(result.changes)
        self._audit_writer.commit()

    def process(
        self, batch: Sequence[Intake], handling: Handling = Handling.PROCESS
    ) -> BatchResult:
        """Return the alerts and requests that a batch changes; raise only `DependencyUnavailable`.

        Of a message whose outputs are too large nothing is told.
        """
        begun = self._begin()
        for intake in batch:
            if handling is Handling.PROCESS:
                self._taking.take(intake, begun)
            else:
                refuse(intake, "its outputs are too large", begun.counts)
        self._taking.note_cases(begun)
        return self._result(begun)

    def due(self) -> Iterator[BatchResult]:
        """Decide again what time has changed: deadlines, cases that have ended, events that wait."""
        if not self._is_active:
            return
        for find in self._found.finders:
            yield from self._repeat(find)

    def _repeat(self, find: Find) -> Iterator[BatchResult]:
        """Decide the events that are found, a page in each transaction, until nothing is found or changes."""
        self._found.begin()
        while True:
            batch = self._begin()
            found = find(batch)
            batch.first = dict.fromkeys(found)
            result = self._result(batch)
            if result.outputs:
                yield result
            elif not found:
                return
            self._found.pass_over(found)

    # The result

    def _result(self, batch: Batch) -> AlertResult:
        """Decide the events of the batch, those that changed first; mark the others to be decided later."""
        touched = [*batch.first, *(e for e in batch.later if e not in batch.first)]
        most = max(AT_ONCE, len(batch.first))
        told = [change for event in touched[:most] for change in self._decide(event, batch)]
        for event_id in touched[most:]:
            self._memory.mark_stale(event_id)
        return self._writing.result(told, batch)

    def _decide(self, event_id: bytes, batch: Batch) -> list[AlertChange]:
        """Decide one event, and return the changes of its alerts that are told."""
        row = self._memory.row(event_id)
        if row is None:
            return []
        # A changed staff list has waited for the full hour already.
        has_waited = event_id in batch.at_full_hour
        changes = self._parts.deciding.decide(
            row, self._memory, batch.now, batch.now_ms, has_waited=has_waited
        )
        told = [change for change in changes if not change.is_silent]
        for change in told:
            _observe(change, row, batch)
        return told


def _observe(change: AlertChange, row: EventRow, batch: Batch) -> None:
    """Count a change of an alert."""
    state = change.state
    if change.content is None:
        batch.counts["withdrawn"] += 1
        return
    batch.counts["alerts"] += 1
    batch.counts["late"] += change.is_first and change.content.late
    if not change.is_first:
        batch.figures.append(Figure("updated", state.level, state.kind))
        return
    facts = [fact for fact in row.facts if fact.kind == "event"]
    minute, supplied_ms = when(facts).minute, min(fact.supplied_ms for fact in facts)
    occurred = None if minute is None else (batch.now_ms - minute * _MINUTE_MS) / _MILLISECONDS
    supplied = (batch.now_ms - supplied_ms) / _MILLISECONDS
    batch.figures.append(Figure("raised", state.level, state.kind, occurred, supplied))
