"""The prepared requests of events: made once, settled by a decision, taken back with the event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from detection.domestic.facts import Event, Fact
from detection.domestic.levels import Fired
from isp.agreement.alerts import Level
from isp.cases.open_cases import OpenCases
from streams.alerts import rows
from streams.alerts.audit_entries import Prepared
from streams.alerts.events import EventRow, RowError
from streams.alerts.recipients import Decided, Open
from streams.alerts.requests import RequestMaker, RequestRow, SubjectReader, is_undecided
from streams.alerts.visibility import About
from streams.state.dated import DatedStore

_URGENT_HOURS = 24
"""A level with a shorter deadline makes the request urgent, so that the duty officer may decide."""

_URGENT = "the protocol wants a fast response to this event"
"""The reason for the urgency. That of the level may be another agency's history of the named person."""


class PreparedMessage(NamedTuple):
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
    made: list[PreparedMessage] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    """The cases whose requests are decided, so that their messages can be deleted."""

    def forget_messages(self) -> None:
        """Forget the messages of the batch before."""
        self.made.clear()
        self.answered.clear()

    def settle(
        self, row: EventRow, decided: Decided, alert_of: Mapping[str, str], now: datetime
    ) -> EventRow:
        """Make the requests that an event needs, take back those that it needs no more; return its row.

        `alert_of` has the id of each recipient's alert.
        """
        event = row.event
        allowed = {each.party for each in decided.open}
        needed = self._needed(event, decided.about, allowed)
        asked = [key for key in row.asked if self._is_kept(key, row, needed, now)]
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

    def _needed(
        self, event: Event | None, about: About | None, recipients: set[str]
    ) -> Callable[[bytes, RequestRow], bool]:
        """Return a function that returns True for a request that the event, as it is now, needs.

        It is to a supplier of the event, for one of these recipients, and about a victim or the household.
        The home of many families is no household, so its address is asked for no more.
        """
        if event is None or about is None:
            return lambda _key, _request: False
        suppliers = {fact.source.agency for fact in event.facts if fact.kind == "event"}
        digests = about.victims | about.households

        def needs(key: bytes, request: RequestRow) -> bool:
            recipient, supplier = request.recipient, request.supplier
            if recipient not in recipients or supplier not in suppliers:
                return False
            return any(key == self.maker.key(recipient, supplier, digest) for digest in digests)

        return needs

    def _is_kept(
        self,
        key: bytes,
        row: EventRow,
        needed: Callable[[bytes, RequestRow], bool],
        now: datetime,
    ) -> bool:
        """Return True if the event keeps a request. Take it back if no event needs it any more."""
        request = self._request(key)
        if request is None:
            return True
        if not is_undecided(request, self.cases, _ms(now)):
            # The answer counts for this event; the next event of the subject has a request of its own.
            is_answered = self.cases.case(request.case) is not None
            if is_answered and not request.is_decided:
                self.answered.append(request.case)
            self._put(key, replace(request, is_decided=True))
            return is_answered
        if needed(key, request):
            return True
        left = request.not_needed_by(row.id.hex())
        if left.events:
            self._put(key, left)
        else:
            self.store.delete(rows.REQUEST + key)
            self._take_back(request)
        return False

    def _take_back(self, request: RequestRow) -> None:
        entry = Prepared(request.supplier, request.recipient, request.case, is_made=False)
        self.made.append(PreparedMessage(entry))

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
                    shared = request.needed_by(row.id.hex())
                    if shared is not None:
                        self._put(key, shared)
                        yield key
                    continue
                case = self.maker.case(key, _ms(now))
                made = self.maker.make(
                    (each.party, supplier), case, alert, named.subject, each.terms,
                    self._urgency(decided.fired), now,
                )  # fmt: skip
                if made is not None:
                    if request is not None and self.cases.case(request.case) is None:
                        # The discloser may only be late: of the two requests one may be taken.
                        self._take_back(request)
                    self._put(
                        key, RequestRow(case, each.party, supplier, (row.id.hex(),), _ms(now))
                    )
                    entry = Prepared(supplier, each.party, case, is_made=True)
                    self.made.append(PreparedMessage(entry, made.model_dump_json()))
                    yield key

    def _urgency(self, fired: Sequence[Fired]) -> str | None:
        level = self.levels[fired[0].index]
        return _URGENT if level.acknowledge_hours < _URGENT_HOURS else None

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
        """Return a request; None if there is none, or if another version wrote its row."""
        found = self.store.get(rows.REQUEST + key)
        try:
            return RequestRow.read(found) if found is not None else None
        except RowError:
            return None

    def _put(self, key: bytes, request: RequestRow) -> None:
        self.store.put(rows.REQUEST + key, request.to_bytes())


def _ms(now: datetime) -> int:
    return int(now.timestamp() * 1_000)
