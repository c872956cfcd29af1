"""The outputs of a batch: findings, audit entries and changes of the state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from isp.audit.chain import ChainHead
from streams.audit import AuditWriter
from streams.emerging.audit_entries import Told, batch_entry
from streams.emerging.documents import Documents
from streams.emerging.memory import StateMemory
from streams.emerging.results import Batch, Change, DetectorResult
from streams.emerging.rows import ProblemRow
from streams.state.dated import DatedStore
from streams.steps.route import HOUR_MS, Destination
from transport.messages import MARKING_HEADER, WRITER_HEADER, Headers, Output

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Publishing:
    """Makes the outputs of a batch. `writer` is in each change of the state.

    `findings` has the topic of each recipient, `state` is that of the state. `keep_days` is how long a closed
    problem is kept, so that an erasure takes its record out of the finding, too.
    """

    memory: StateMemory
    documents: Documents
    store: DatedStore
    audit_writer: AuditWriter
    findings: Mapping[str, Destination]
    state: Destination
    principal: str
    writer: bytes

    def result(self, batch: Batch) -> DetectorResult:
        """Return the result of a batch."""
        published = [change for change in batch.changes.values() if change.is_published]
        published = [change for change in published if change.problem.recipient in self.findings]
        outputs = self._audited(published, batch) if published else []
        head = self.audit_writer.head(batch.now_ms)
        kept, gone = self._rows(batch)
        findings = [
            self._finding(c, kept[c.problem.id], head, batch)
            if c.problem.id in kept
            else self._taken_back(c, batch)
            for c in published
        ]
        # Sorted by their ids: the order of arrival would join them to originals.
        outputs += sorted(findings, key=lambda output: (output.topic, output.key or b""))
        for row in kept.values():
            self.memory.put_problem(row)
        for row in gone:
            self.memory.forget_problem(row)
        changes = self.store.changes()
        outputs += [self._change(key, value, batch.now_ms) for key, value in changes.items()]
        statuses = Counter[tuple[str, str]](
            (c.problem.detection.kind, c.problem.status) for c in published
        )
        batch.counts["findings"] += len(published)
        return DetectorResult(
            outputs, changes=changes, counts=dict(batch.counts), statuses=dict(statuses)
        )

    def _rows(self, batch: Batch) -> tuple[dict[bytes, ProblemRow], list[ProblemRow]]:
        """Return the rows to be kept, by problem, and those to be forgotten, which are taken back."""
        rows = [self._row(change, batch) for change in batch.changes.values()]
        is_readable = self.documents.evolving.is_readable
        return (
            {row.problem.id: row for row in rows if is_readable(row.problem)},
            [row for row in rows if not is_readable(row.problem)],
        )

    def _taken_back(self, change: Change, batch: Batch) -> Output:
        topic, _, marking = self.findings[change.problem.recipient]
        return _version(topic, change, None, marking, _to_the_minute(batch.now_ms))

    def _row(self, change: Change, batch: Batch) -> ProblemRow:
        known = self.memory.problems.get(change.problem.id)
        is_closed = change.problem.status == "closed"
        if known is None or (known.closed_day is not None and not is_closed):
            # A problem of the same cases may be opened again on the day on which it was closed.
            return ProblemRow(change.problem, batch.now_ms, batch.today if is_closed else None)
        already = batch.today if known.closed_day is None else known.closed_day
        return ProblemRow(change.problem, known.opened_ms, already if is_closed else None)

    def _audited(self, published: list[Change], batch: Batch) -> list[Output]:
        told = [
            Told(self.findings[c.problem.recipient].topic, c.problem.recipient, c.problem.id)
            for c in published
        ]
        return self.audit_writer.write(batch_entry(self.principal, told), batch.now_ms)

    def _finding(self, change: Change, row: ProblemRow, head: ChainHead, batch: Batch) -> Output:
        topic, encode, marking = self.findings[change.problem.recipient]
        made_ms, opened_ms = _to_the_minute(batch.now_ms), _to_the_minute(row.opened_ms)
        message = self.documents.message(change, opened_ms, made_ms, batch.today)
        audit = {
            "audit_chain": head.chain,
            "audit_sequence": head.sequence,
            "audit_hash": head.hash,
        }
        return _version(topic, change, encode(message | audit), marking, made_ms)

    def _change(self, key: bytes, value: bytes | None, now_ms: int) -> Output:
        topic, encode, marking = self.state
        headers: Headers = [(MARKING_HEADER, marking.encode()), (WRITER_HEADER, self.writer)]
        written = None if value is None else encode({"value": value})
        return Output(topic, key, written, headers, now_ms - now_ms % HOUR_MS)


def _version(topic: str, change: Change, value: bytes | None, marking: str, at_ms: int) -> Output:
    """Return a version of a finding, or without a value the tombstone that takes it back."""
    headers: Headers = [(MARKING_HEADER, marking.encode())]
    return Output(topic, change.problem.id.hex().encode(), value, headers, at_ms)


def _to_the_minute(at_ms: int) -> int:
    """Return an instant as it is published: an exact one would identify the original of a record."""
    return at_ms - at_ms % _MINUTE_MS
