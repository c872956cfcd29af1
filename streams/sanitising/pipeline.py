"""The sanitising agent. A record goes through decode, the steps of `streams.decision`, and route.

Pure: no Kafka client, no Faust, no clock of its own. The worker and the benchmarks run the same code.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Any

from isp.agreement.topics import DAY_MS
from isp.audit.chain import ChainHead, Heads
from schemas.london import london_time
from schemas.state import StateKind, kind_of
from streams.audit import AuditWriter
from streams.decision import UNPROCESSABLE, Steps, unprocessable
from streams.messages import BatchResult, Handling, Intake, Tally
from streams.runtime.processor import Processor, TopicPartition
from streams.sanitising.audit_entries import AuditBatch, Origin
from streams.sanitising.counting import Counting
from streams.sanitising.rechecking import Concerned, Rechecker
from streams.state.errors import StateStoreError
from streams.state.store import StateStore
from streams.steps.decode import Decoder
from streams.steps.route import HOUR_MS, Destination, Router
from streams.steps.step import Work
from transport.errors import DependencyUnavailable
from transport.messages import MARKING_HEADER, WRITER_HEADER, Headers, Output

log = logging.getLogger(__name__)

_WRITER_BYTES = 8
_RECHECKED_RECORDS = 50


@dataclass(frozen=True, slots=True)
class DatasetFlow:
    """Turns messages of one agency's dataset into outputs, and counts them."""

    steps: Steps
    decode: Decoder
    route: Router
    count: Counting

    def process(self, intake: Intake, now: datetime, now_ms: int, tally: Tally) -> Sequence[Output]:
        """Return the outputs of one record, which is released, held, rejected or erased.

        `now` is local time in Europe/London, `now_ms` the same instant since 1970 UTC.
        """
        work, is_decided = Work(now, intake=intake, now_ms=now_ms), False
        try:
            self.decode(work)
            if not work.faults:
                self.steps.take(work)
                is_decided = True
            self.route(work)
        except (DependencyUnavailable, StateStoreError):
            raise
        except Exception as error:  # noqa: BLE001 - one record must never stop the partition
            if is_decided:
                self.steps.undo()
            where = f"{intake.topic}[{intake.partition}]@{intake.offset}"
            work.faults = (unprocessable(error, where),)
            self.route(work)
        self.count(work, tally)
        return work.outputs

    def take_back(
        self, intake: Intake, record: dict[str, Any], now: datetime, now_ms: int
    ) -> Sequence[Output]:
        """Return the outputs that take back every release of a record; the times are as of `process`."""
        work = Work(now, intake=intake._replace(erases=True), now_ms=now_ms)
        work.record = record
        self.steps.erase(work)
        self.route(work)
        return work.outputs

    def refuse(self, intake: Intake, tally: Tally, *, whole: bool) -> Sequence[Output]:
        """Return the rejection of a record whose own outputs cannot be written, with its bytes if `whole`."""
        self.count.rejected([UNPROCESSABLE], tally)
        return [self.route.rejected(intake, [UNPROCESSABLE], whole=whole)]


class Pipeline(Processor):
    """Processes batches of mixed topics into outputs, receipts, audit entries and changes of state."""

    def __init__(
        self,
        flows: Mapping[str, DatasetFlow],
        receipts: Mapping[str, Destination],
        state: StateStore,
        remembered: Mapping[StateKind | None, Destination],
        audit_writer: AuditWriter,
        new_audit_batch: Callable[[], AuditBatch],
        clock: Callable[[], float],
        alarmed: Callable[[Tally], bool] = lambda _tally: False,
        pausing: Collection[str] = (),
        recheck: Rechecker | None = None,
    ) -> None:
        """Take the flow of each intake topic, and the receipts topic of each agency.

        `remembered` has the changelog topic of each kind of state. `new_audit_batch` returns an empty one for
        each batch, whose entry `audit_writer` writes. `clock` returns seconds since 1970. `alarmed` says
        whether a tally's rejects are above the limit, which pauses the topics in `pausing`. `recheck` finds
        the earlier records that a new list of protected places concerns.
        """
        self.state = state
        self.writer = token_bytes(_WRITER_BYTES)
        self._remembered = remembered
        self._audit_writer = audit_writer
        self._new_audit_batch = new_audit_batch
        self._flows = flows
        self._receipts = receipts
        self._clock = clock
        self._alarmed = alarmed
        self._pausing = frozenset(pausing)
        self._recheck = recheck

    def flow(self, topic: str) -> DatasetFlow:
        """Return the flow of one intake topic."""
        return self._flows[topic]

    @property
    def name(self) -> str:
        """Return the name of the agent."""
        return "pipeline"

    @property
    def topics(self) -> dict[str, tuple[str, str]]:
        """Return the agency and the dataset of each intake topic that is processed."""
        flows = self._flows.items()
        return {topic: (flow.steps.agency, flow.steps.record_type.dataset) for topic, flow in flows}

    @property
    def heads(self) -> Heads:
        """Return the heads of the audit's chains that this process knows."""
        return self._audit_writer.heads

    def committed(self, result: BatchResult) -> None:
        """Commit state and audit chain of the last batch, whose transaction is committed."""
        self.state.commit(result.changes)
        self._audit_writer.commit()
        for tally in result.tallies:
            if tally.reject_alarm:
                log.error(
                    "rejects of %s %s are above the protocol's limit: %s",
                    tally.agency, tally.dataset, dict(tally.faults.most_common(5)),
                )  # fmt: skip

    def restore(self, assignment: Collection[TopicPartition]) -> Iterator[BatchResult]:
        """Release again the earlier records that a new list of protected places concerns.

        Each partition is checked once by a version of the list. It is noted in the transaction of the
        partition's last record, so a worker that ends before that checks the partition again.
        """
        if self._recheck is None:
            return
        for place in sorted(assignment):
            now_ms, local = self._begin()
            since = self._recheck.due_since(place)
            if since is None:
                # An old note of the check is written again, as it was used.
                changes = self.state.changes()
                if changes:
                    yield BatchResult(
                        self._changelog(changes, now_ms - now_ms % HOUR_MS), (), changes
                    )
                continue
            flow = self._flows[place[0]]
            found = self._recheck.concerned(place, since, flow.steps, flow.decode, local)
            for at in range(0, len(found), _RECHECKED_RECORDS):
                yield self._again(found[at : at + _RECHECKED_RECORDS], flow)
            now_ms, _ = self._begin()
            self._recheck.done(place)
            changes = self.state.changes()
            yield BatchResult(self._changelog(changes, now_ms - now_ms % HOUR_MS), (), changes)

    def _again(self, found: Sequence[Concerned], flow: DatasetFlow) -> BatchResult:
        """Return a batch that releases earlier records again. Receipts and metrics do not count it.

        A record that cannot be released again is taken back, and its supplier must supply it again.
        """
        now_ms, local = self._begin()
        outputs: list[Output] = []
        tallies: dict[Origin, Tally] = {}
        audit_batch = self._new_audit_batch()
        for intake, record in found:
            origin = (intake.topic, intake.supply_id)
            counted = Tally(flow.steps.agency, flow.steps.record_type.dataset, intake.supply_id)
            tally = tallies.setdefault(origin, replace(counted))
            made = flow.process(intake, local, now_ms, counted)
            if counted.rejected:
                log.error(
                    "%s[%d]@%d: a record at a protected place cannot be released again. Its releases are "
                    "taken back; ask its supplier to supply it again", *intake[:3],
                )  # fmt: skip
                made = flow.take_back(intake, record, local, now_ms)
            tally.observed += counted.observed
            audit_batch.note(origin, made)
            outputs += made
        outputs.sort(key=lambda output: (output.topic, output.key or b""))
        outputs += self._audit_writer.write(audit_batch.entry(tallies), now_ms)
        changes = self.state.changes()
        outputs += self._changelog(changes, now_ms - now_ms % HOUR_MS)
        return BatchResult(outputs, (), changes)

    def _begin(self) -> tuple[int, datetime]:
        """Begin a batch. Return the time in milliseconds since 1970 UTC, and as local time."""
        now = self._clock()
        now_ms = int(now * 1000)
        self.state.begin(now_ms // DAY_MS)
        self._audit_writer.rollback()
        return now_ms, london_time(datetime.fromtimestamp(now, UTC))

    def process(
        self, batch: Sequence[Intake], handling: Handling = Handling.PROCESS
    ) -> BatchResult:
        """Return outputs and tallies of a batch; raise only `DependencyUnavailable` and `StateStoreError`."""
        now_ms, local = self._begin()
        tallies: dict[Origin, Tally] = {}
        outputs: list[Output] = []
        audit_batch = self._new_audit_batch()
        for intake in batch:
            flow = self._flows[intake.topic]
            origin = (intake.topic, intake.supply_id)
            tally = tallies.get(origin)
            if tally is None:
                tally = Tally(flow.steps.agency, flow.steps.record_type.dataset, intake.supply_id)
                tallies[origin] = tally
            if handling is Handling.PROCESS:
                made = flow.process(intake, local, now_ms, tally)
            else:
                made = flow.refuse(intake, tally, whole=handling is Handling.REJECT)
            audit_batch.note(origin, made)
            outputs += made
        # Releases are sorted by their digests: the order of arrival would join them to originals.
        outputs.sort(key=lambda output: (output.topic, output.key or b""))
        outputs += self._audit_writer.write(audit_batch.entry(tallies), now_ms)
        head = self._audit_writer.head(now_ms)
        alarmed = set[str]()
        for (topic, _), tally in tallies.items():
            tally.reject_alarm = self._alarmed(tally)
            outputs.append(self._receipt(tally, head))
            if tally.reject_alarm:
                alarmed.add(topic)
        changes = self.state.changes()
        outputs += self._changelog(changes, now_ms - now_ms % HOUR_MS)
        pauses = self._pausing & alarmed
        return BatchResult(outputs, tuple(tallies.values()), changes, pauses=pauses)

    def _changelog(self, changes: Mapping[bytes, bytes | None], hour_ms: int) -> list[Output]:
        return [self._change(name, value, hour_ms) for name, value in changes.items()]

    def _change(self, name: bytes, value: bytes | None, hour_ms: int) -> Output:
        topic, encode, marking = self._remembered[kind_of(name)]
        headers: Headers = [(MARKING_HEADER, marking.encode()), (WRITER_HEADER, self.writer)]
        # The time of the releases that the entry protects. Every store takes the entry's day from it.
        content = None if value is None else encode({"value": value})
        return Output(topic, name, content, headers, hour_ms)

    def _receipt(self, tally: Tally, head: ChainHead) -> Output:
        """Return the receipt of a supply. Its head of the audit lets the agency prove a later change."""
        topic, encode, _ = self._receipts[tally.agency]
        audit = {
            "audit_chain": head.chain,
            "audit_sequence": head.sequence,
            "audit_hash": head.hash,
        }
        return Output(topic, (tally.supply_id or "").encode(), encode(tally.receipt() | audit))
