"""The outputs of a batch: alerts, requests, audit entries and changes of the state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.alerts.audit_entries import batch_entry, staff_entry
from streams.alerts.parts import Parts
from streams.alerts.raising import HOUR_MS, AlertChange
from streams.alerts.results import AlertResult, Batch
from streams.audit import AuditWriter
from streams.state.dated import DatedStore
from transport.messages import MARKING_HEADER, WRITER_HEADER, Headers, Output


class Writing:
    """Makes the outputs of a batch. `writer` is in each change of the state."""

    def __init__(
        self, parts: Parts, store: DatedStore, audit_writer: AuditWriter, writer: bytes
    ) -> None:
        self._parts = parts
        self._store = store
        self._audit_writer = audit_writer
        self._writer = writer

    def result(self, told: Sequence[AlertChange], batch: Batch) -> AlertResult:
        """Return the result of a batch with the alerts that are told."""
        outputs = self._audited(told, batch)
        head = self._audit_writer.head(batch.now_ms)
        # Sorted by their ids: the order of arrival would join them to originals.
        alerts = [self._parts.messages.output(change, head, batch.now_ms) for change in told]
        outputs += sorted(alerts, key=lambda output: (output.topic, output.key or b""))
        outputs += self._requests(batch)
        changes = self._store.changes()
        outputs += [self._change(key, value, batch.now_ms) for key, value in changes.items()]
        counts, figures = dict(batch.counts), tuple(batch.figures)
        return AlertResult(outputs, changes=changes, counts=counts, figures=figures)

    def _audited(self, told: Sequence[AlertChange], batch: Batch) -> list[Output]:
        """Return the audit entries of what is told and asked for, of orders and of changed staff lists."""
        entries, made = list(batch.orders), self._parts.requesting.made
        for (party, is_staff), number in sorted(batch.staff.items()):
            entries.append(staff_entry(self._parts.principal_of(party), number, is_staff=is_staff))
        if told or made:
            cases = {s.content.case for s in told if s.content is not None and s.content.case}
            found = {case: self._parts.visibility.cases.case(case) for case in cases}
            suppliers = {case: each.supplier for case, each in found.items() if each is not None}
            prepared = [request.entry for request in made]
            topic = self._parts.prepared.topic
            entries.append(batch_entry(self._parts.principal, told, suppliers, prepared, topic))
        outputs = list[Output]()
        for entry in entries:
            outputs += self._audit_writer.write(entry, batch.now_ms)
        return outputs

    def _requests(self, batch: Batch) -> Iterator[Output]:
        to = self._parts.prepared
        headers: Headers = [(MARKING_HEADER, to.marking.encode())]
        for request in self._parts.requesting.made:
            case, is_made = request.entry.case, request.entry.is_made
            batch.counts["requests" if is_made else "taken_back"] += 1
            kind = "request" if is_made else "take_back"
            value = to.encode({"case": case, "kind": kind, "document": request.document})
            yield Output(to.topic, case.encode(), value, headers)
        for case in self._parts.requesting.answered:
            # The request has names and addresses, and nobody needs it any more.
            yield Output(to.topic, case.encode(), None, headers)

    def _change(self, key: bytes, value: bytes | None, now_ms: int) -> Output:
        topic, encode, marking = self._parts.state
        headers: Headers = [(MARKING_HEADER, marking.encode()), (WRITER_HEADER, self._writer)]
        written = None if value is None else encode({"value": value})
        return Output(topic, key, written, headers, now_ms - now_ms % HOUR_MS)
