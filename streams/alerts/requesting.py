"""The prepared requests of events: made once, settled by a decision, taken back with the event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from detection.domestic.facts import Event, Fact
from detection.domestic.levels import Fired
from isp.agreement.alerts import Level
from isp.cases.open_cases import OpenCases
from streams.alerts import rows
from streams.alerts.audit_entries import Prepared
from streams.alerts.events import EventRow
from streams.alerts.recipients import Decided, Open
from streams.alerts.requests import RequestMaker, RequestRow, SubjectReader, is_undecided
from streams.state.dated import DatedStore

_URGENT_HOURS = 24
"""A level with a shorter deadline makes the request urgent, so that the duty officer may decide."""


class Request(NamedTuple):
    """A message for the discloser; without a document the request is taken back."""

    entry: Prepared
    document: str = ""


@dataclass(slots=True)
class Requesting:
    """Keeps the prepared requests in the state, and makes the messages about them."""

    store: DatedStore
    cases: OpenCases
    maker: RequestMaker
    reader: SubjectReader
    levels: Sequence[Level]
    made: list[Request] = field(default_factory=list)

    def settle(
        self, row: EventRow, decided: Decided, alert_of: Mapping[str, str], now: datetime
    ) -> EventRow:
        """Make the requests that an event needs, take back those that it needs no more; return its row.

        `alert_of` has the id of each recipient's alert.
        """
        event = row.event
        allowed = {each.party for each in decided.open}
        asked = [key for key in row.asked if self._is_kept(key, row, allowed, now)]
        if event is not None and decided.about is not None:
            for each in decided.open:
                asked += self._asked(row, event, each, decided, alert_of[each.party], asked, now)
        row = replace(row, asked=tuple(dict.fromkeys(asked)))
        self._forget_subjects(row, now)
        return row

    def keep_subjects(self, record: bytes, encrypted: bytes | None, day: int) -> None:
        """Keep the encrypted subjects of a record until its requests are decided; None deletes them."""
        key = rows.SUBJECTS + record
        if encrypted is None:
            self.store.delete(key)
        else:
            self.store.put(key, rows.day_bytes(day) + encrypted)

    def events_of(self, case: str) -> Sequence[bytes]:
        """Return the events that need the request of a case."""
        begin = rows.OF_CASE + bytes.fromhex(case)
        found = (
            self._request(key[len(begin) :]) for key in self.store.keys(begin, rows.after(begin))
        )
        return [bytes.fromhex(event) for request in found if request for event in request.events]

    def _is_kept(self, key: bytes, row: EventRow, allowed: set[str], now: datetime) -> bool:
        """Return True if the event keeps a request. Take it back if no event needs it any more."""
        request = self._request(key)
        if request is None:
            return True
        if not is_undecided(request, self.cases, _ms(now)):
            # The answer counts for this event; the next event of the subject has a request of its own.
            self._put(key, replace(request, is_decided=True))
            return self.cases.case(request.case) is not None
        if row.event is not None and request.recipient in allowed:
            return True
        left = request.not_needed_by(row.id.hex())
        if left.events:
            self._put(key, left)
        else:
            self.store.delete(rows.REQUEST + key)
            self.made.append(
                Request(Prepared(request.supplier, request.recipient, request.case, is_made=False))
            )
        return False

    def _asked(
        self,
        row: EventRow,
        event: Event,
        each: Open,
        decided: Decided,
        alert: str,
        known: Sequence[bytes],
        now: datetime,
    ) -> Iterator[bytes]:
        """Yield the keys of the requests of one recipient, and make those that are new."""
        assert decided.about is not None
        suppliers = dict.fromkeys(f.source.agency for f in event.facts if f.kind == "event")
        for supplier in suppliers:
            if supplier == each.party or supplier in each.approved:
                continue
            facts = [f for f in event.facts if f.source.agency == supplier]
            for named in self.reader.named(list(self._with_subjects(facts)), decided.about, now):
                key = self.maker.key(each.party, supplier, named.digest)
                if key in known:
                    continue
                request = self._request(key)
                if request is not None and is_undecided(request, self.cases, _ms(now)):
                    self._put(key, request.needed_by(row.id.hex()))
                    yield key
                    continue
                case = self.maker.case(key, _ms(now))
                made = self.maker.make(
                    (each.party, supplier), case, alert, named.subject, each.terms,
                    self._urgency(decided.fired), now,
                )  # fmt: skip
                if made is not None:
                    self._put(
                        key, RequestRow(case, each.party, supplier, (row.id.hex(),), _ms(now))
                    )
                    entry = Prepared(supplier, each.party, case, is_made=True)
                    self.made.append(Request(entry, made.model_dump_json()))
                    yield key

    def _urgency(self, fired: Sequence[Fired]) -> str | None:
        level = self.levels[fired[0].index]
        return fired[0].plain if level.acknowledge_hours < _URGENT_HOURS else None

    def _with_subjects(self, facts: Sequence[Fact]) -> Iterator[tuple[Fact, bytes]]:
        for fact in facts:
            kept = self.store.get(rows.SUBJECTS + fact.record)
            if kept is not None:
                yield fact, kept[rows.DAY_BYTES :]

    def _forget_subjects(self, row: EventRow, now: datetime) -> None:
        """Delete the encrypted subjects of an event unless one of its requests is undecided."""
        requests = [request for key in row.asked if (request := self._request(key)) is not None]
        if not any(is_undecided(request, self.cases, _ms(now)) for request in requests):
            for fact in row.facts:
                self.store.delete(rows.SUBJECTS + fact.record)

    def _request(self, key: bytes) -> RequestRow | None:
        found = self.store.get(rows.REQUEST + key)
        return RequestRow.read(found) if found is not None else None

    def _put(self, key: bytes, request: RequestRow) -> None:
        self.store.put(rows.REQUEST + key, request.to_bytes())


def _ms(now: datetime) -> int:
    return int(now.timestamp() * 1_000)
