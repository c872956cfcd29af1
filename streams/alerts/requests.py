"""Requests for cases that are prepared from alerts, for the decision of the supplier's officer.

There is one undecided request for a recipient, a supplier, and a victim or else a household. It has the
subject as the supplier's own records name it. Until its decision the recipient does not see the subject.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from pydantic import ValidationError

from detection.domestic.facts import Fact
from isp.agreement.alerts import AlertTerms
from isp.agreement.processes import load_processes
from isp.agreement.protocol import Protocol
from isp.cases.letters import Subject
from isp.cases.open_cases import OpenCases
from isp.cases.prepared import PreparedRequest
from isp.cases.rules import DECIDABLE
from sanitiser.incidents.digests import NotOfThisRecordError, Sealed
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue
from schemas.london import london_time
from schemas.record_type import DomesticRule, RecordType
from streams.alerts.events import RowError
from streams.alerts.subjects import SubjectDigests
from streams.alerts.visibility import About

KEY_BYTES: Final = 12
_CASE_DIGITS: Final = 16
_MOST_SUBJECTS: Final = 20
MOST_EVENTS: Final = 1_000
"""The events that one request names, so that its row stays small."""

_UNANSWERED_MS: Final = 86_400_000
"""A request of which no case is known after this time was not accepted, and may be prepared again."""

_CONTACT: Final = ("number", "times", "no_voicemail", "no_letter")
_RISK: Final = ("tool", "grade", "date", "grader")


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request that was prepared: its case, the events that need it, and when it was made.

    Once it `is_decided` the next event of the subject has a request of its own.
    """

    case: str
    recipient: str
    supplier: str
    events: tuple[str, ...]
    made_ms: int
    is_decided: bool = False

    def to_bytes(self) -> bytes:
        """Return the row."""
        parties = (self.recipient, self.supplier)
        row = [self.case, *parties, self.events, self.made_ms, self.is_decided]
        return json.dumps(row).encode()

    @classmethod
    def read(cls, row: bytes) -> RequestRow:
        """Return the request of a row.

        Raises:
            RowError: the row is not one of this release.
        """
        try:
            case, recipient, supplier, events, made_ms, is_decided = json.loads(row)
            return cls(case, recipient, supplier, tuple(events), made_ms, is_decided)
        except (ValueError, TypeError):
            raise RowError("a row of a request cannot be read") from None

    def needed_by(self, event: str) -> RequestRow | None:
        """Return the request that this event needs, too; None if it names too many events already."""
        if event in self.events:
            return self
        if len(self.events) >= MOST_EVENTS:
            return None
        return replace(self, events=(*self.events, event))

    def not_needed_by(self, event: str) -> RequestRow:
        """Return the request without this event."""
        return replace(self, events=tuple(e for e in self.events if e != event))


class Named(NamedTuple):
    """A subject as a supplier's record names it, with its digest."""

    digest: bytes
    subject: Subject


class SubjectReader:
    """Decrypts the subjects of records, and computes their digests."""

    def __init__(self, cipher: Sealed, digests: SubjectDigests) -> None:
        self._cipher = cipher
        self._digests = digests

    def named(
        self, facts: Sequence[tuple[Fact, bytes]], about: About, now: datetime
    ) -> tuple[Named, ...]:
        """Return the victims of an event whom these facts name with certainty, else its household.

        A fact is given with its encrypted subjects.
        """
        today = london_time(now).date()
        found = {
            digest: subject
            for fact, encrypted in facts
            for subject in self._read(fact.record, encrypted)
            for _, digest in self._digests.of(subject, fact.source.agency, today)
        }
        victims = [Named(d, found[d]) for d in sorted(found.keys() & about.victims)]
        homes = [Named(d, found[d]) for d in sorted(found.keys() & about.households)]
        return tuple(victims or homes[:1])

    def _read(self, record: bytes, encrypted: bytes) -> Iterator[Subject]:
        try:
            listed = self._cipher.decrypt(record, encrypted)
        except (NotOfThisRecordError, ValueError):
            return
        for each in listed[:_MOST_SUBJECTS] if isinstance(listed, list) else ():
            try:
                subject = Subject.model_validate(each)
            except ValidationError:
                continue
            # A reference can be of anybody, and no officer could see whom it is about.
            if subject.reference is None:
                yield subject


class RequestMaker:
    """Makes prepared requests under the terms that the protocol has for a recipient."""

    def __init__(self, protocol: Protocol, catalogue: Catalogue, key: ReferenceKey) -> None:
        """Take the key of the ids of cases; nobody can guess an id without it."""
        self._protocol = protocol
        self._catalogue = catalogue
        self._keys = key.for_purpose("incidents", "request")
        self._cases = key.for_purpose("incidents", "case")
        self._salts = key.for_purpose("incidents", "salt")
        domestic = protocol.alerts.domestic
        self._datasets = domestic.datasets if domestic is not None else ()

    def key(self, recipient: str, supplier: str, digest: bytes) -> bytes:
        """Return the key of the request of a recipient to a supplier about a subject."""
        return bytes.fromhex(self._keys.digest(recipient, supplier, digest.hex()))[:KEY_BYTES]

    def case(self, key: bytes, now_ms: int) -> str:
        """Return the id of the case of a request that is made now."""
        return self._cases.digest(key.hex(), str(now_ms))[:_CASE_DIGITS]

    def make(
        self,
        parties: tuple[str, str],
        case: str,
        alert: str,
        subject: Subject,
        terms: AlertTerms,
        urgent: str | None,
        now: datetime,
    ) -> PreparedRequest | None:
        """Return a request of a recipient to a supplier (`parties`); None if it cannot be made."""
        recipient, supplier = parties
        fields = self._fields(supplier)
        process = load_processes().processes.get(terms.process)
        if not fields or process is None:
            return None
        days = min(terms.days, process.longest_days)
        try:
            return PreparedRequest(
                case=case, recipient=recipient, supplier=supplier, process=terms.process,
                purpose=terms.purpose, questions=terms.questions, legal_basis=terms.legal_basis,
                conditions=terms.conditions, subjects=(subject,), fields=fields,
                until=london_time(now).date() + timedelta(days=days), sealing_key=terms.sealing_key,
                urgent=urgent, event=alert, salt=self._salts.digest(case), at=now,
            )  # fmt: skip
        except ValidationError:
            return None

    def _fields(self, supplier: str) -> dict[str, tuple[str, ...]]:
        """Return the fields to ask for, by dataset: those that an alert tells, and those that identify."""
        supplied = {s.dataset for s in self._protocol.supplies if s.agency == supplier}
        types = [self._catalogue.record_type(d) for d in self._datasets if d in supplied]
        return {t.dataset: told_fields(t) for t in types if t.domestic is not None}


def told_fields(record_type: RecordType) -> tuple[str, ...]:
    """Return the fields of a record type that personal alerts tell, with its reference."""
    rule = record_type.domestic
    if rule is None:
        return ()
    times = (name for event in record_type.events for name in (event.date, event.time, event.until))
    wanted = {*_of(rule), *(name for name in times if name)}
    return tuple(field.name for field in record_type.fields if field.name in wanted)


def _of(rule: DomesticRule) -> Iterator[str]:
    names = (rule.join, rule.incident, rule.day, rule.weapon, rule.order, rule.children)
    yield from (name for name in (*names, rule.children_count) if name)
    if rule.risk is not None:
        yield from (f"{rule.risk}{part}" for part in _RISK)
    if rule.contact is not None:
        yield from (f"{rule.contact}{part}" for part in _CONTACT)


def is_undecided(request: RequestRow, cases: OpenCases, now_ms: int) -> bool:
    """Return True if the supplier's officer can still decide on a request."""
    case = cases.case(request.case)
    if case is None:
        return not request.is_decided and now_ms - request.made_ms < _UNANSWERED_MS
    return case.state in DECIDABLE
