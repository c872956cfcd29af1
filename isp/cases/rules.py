"""The rules for letters. Each method yields one sentence for each rule that a letter breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from isp.agreement.law import load_law
from isp.agreement.names import KEY_BYTES
from isp.agreement.processes import Process, load_processes
from isp.agreement.protocol import HEALTH, Party, Protocol
from isp.agreement.protocol_law import claim_findings
from isp.cases.case import Case, ConsentRecord, State
from isp.cases.letters import Advice, Consent, Decision, Ending, Letter, Request, Subject
from isp.cases.prepared import PreparedRequest, keeps_terms, terms_findings, terms_for
from isp.cases.sealing import is_usable
from isp.cases.subjects import person_of, references_of_people
from schemas.catalogue import Catalogue
from schemas.exact_base64 import decoded
from schemas.london import london_time
from schemas.record_type import RECORD_REFERENCE, Sensitivity

LONGEST_HISTORY = 50
"""Highest number of steps of one case, so that a case always fits into one message."""
DECIDABLE = frozenset({State.ASKED, State.HELD})
STANDING = frozenset({State.APPROVED, State.OPEN})


class Rules:
    """The rules for letters under one protocol. Days are days in Europe/London."""

    def __init__(self, protocol: Protocol, catalogue: Catalogue) -> None:
        self._protocol = protocol
        self._catalogue = catalogue
        self._parties = {party.id: party for party in protocol.parties}
        self.processes = load_processes().processes

    def writer(self, letter: Letter, topic_party: str) -> Iterator[str]:
        """Yield the reasons why a letter is not from its writer: each party has a topic, each post a key."""
        party = self._parties.get(letter.party)
        officer = party.officers.get(letter.post) if party else None
        if letter.party != topic_party:
            yield f"the letter was sent by {topic_party!r}, but names {letter.party!r} as its writer"
        elif officer is None:
            yield f"{letter.party!r} has no {letter.post} in the protocol"
        elif officer.key != letter.key:
            yield f"the key differs from the protocol's key of the {letter.post} of {letter.party!r}"
        elif letter.party in self._protocol.rekeyed:
            yield (
                f"the keys of {letter.party!r} were replaced without a signature of its own (rekeyed); its "
                "letters are accepted again under a protocol that it has signed itself"
            )

    def request(self, asked: Request, cases: Mapping[str, Case], now: datetime) -> Iterator[str]:
        """Yield the reasons why a request is not accepted."""
        day = london_time(now).date()
        yield from self._too_many(asked.party, cases.values(), now)
        if asked.post == "caldicott_guardian":
            yield "a Caldicott Guardian advises, and makes no requests"
        yield from self._asked(asked, self._parties[asked.party], cases, (day, day))
        yield from _onward(asked, cases)

    def prepared(
        self, asked: PreparedRequest, cases: Mapping[str, Case], now: datetime
    ) -> Iterator[str]:
        """Yield the reasons why a prepared request is not accepted: those of a request, and of its terms."""
        recipient, terms = (
            self._parties.get(asked.recipient),
            terms_for(asked.recipient, self._protocol),
        )
        if recipient is None:
            yield f"{asked.recipient!r} is not a party of the protocol"
            return
        yield from terms_findings(asked, self._protocol)
        if asked.recipient in self._protocol.rekeyed:
            yield (
                f"the keys of {asked.recipient!r} were replaced without a signature of its own (rekeyed); "
                "requests are prepared for it again under a protocol that it has signed itself"
            )
        day = london_time(now).date()
        # The clock of the agent may be ahead, and already on the next day.
        begin = max(day, london_time(asked.at).date())
        if terms is not None and asked.until > begin + timedelta(terms.days):
            last = begin + timedelta(terms.days)
            yield f"until {asked.until}: the terms of {asked.recipient!r} allow it to {last}"
        yield from self._asked(asked, recipient, cases, (day, begin))

    def is_beyond_limit(self, asked: PreparedRequest, cases: Iterable[Case]) -> bool:
        """Return True if too many requests prepared for the recipient wait for the supplier's decision."""
        between = (asked.recipient, asked.supplier)
        waiting = sum(
            case.is_prepared
            and case.state in DECIDABLE
            and (case.recipient, case.supplier) == between
            for case in cases
        )
        return waiting >= self._protocol.cases.prepared

    def _asked(
        self,
        asked: Request | PreparedRequest,
        recipient: Party,
        cases: Mapping[str, Case],
        days: tuple[date, date],
    ) -> Iterator[str]:
        """Yield the reasons against a request, of an officer or prepared.

        `days` has the present day, and the day on which the case begins.
        """
        day, begin = days
        supplier, process = self._parties.get(asked.supplier), self.processes.get(asked.process)
        yield from self._review(day)
        if asked.case in cases:
            yield f"case {asked.case} exists already; use a new id for each request"
        if recipient.group == "second":
            yield f"{asked.party!r} is in the second group, which gets no personal data (guidance 2.2.4)"
        if supplier is None or supplier.id == recipient.id:
            yield f"{asked.supplier!r} is not another party of the protocol"
            return
        if process is None:
            accepted = ", ".join(self.processes)
            yield f"process {asked.process!r} is unknown; accepted: {accepted}"
            return
        if not is_usable(decoded(asked.sealing_key, KEY_BYTES)):
            yield "the sealing key cannot be used for encryption"
        yield from self._fields(asked)
        yield from self._law(asked, recipient)
        yield from _process_findings(asked, process, recipient, supplier)
        last = begin + timedelta(process.longest_days)
        if not day <= asked.until <= last:
            yield f"until {asked.until}: a day from {day} to {last} is accepted for {asked.process}"

    def decision(
        self, made: Decision, case: Case, consents: Iterable[ConsentRecord], day: date
    ) -> Iterator[str]:
        """Yield the reasons why a decision is not accepted."""
        if made.party != case.supplier:
            yield f"the supplier {case.supplier!r} decides, not {made.party!r}"
            return
        yield from _behind(made.previous, case)
        if made.outcome == "approve":
            yield from self._review(day)
        if made.outcome != "refuse":
            yield from _too_long(case)
        yield from self._may_decide(made)
        if made.outcome == "refuse" and case.state not in DECIDABLE | STANDING:
            yield f"the case is {case.state}; it cannot be refused"
        if made.outcome == "hold" and case.state not in DECIDABLE:
            yield f"the case is {case.state}; it cannot be put on hold"
        if made.outcome == "approve":
            yield from self._approval(made, case, consents, day)

    def advice(self, given: Advice, case: Case) -> Iterator[str]:
        """Yield the reasons why advice is not accepted."""
        yield from _behind(given.previous, case)
        yield from _too_long(case)
        if (given.party, given.post) != (case.supplier, "caldicott_guardian"):
            yield f"only the Caldicott Guardian of {case.supplier!r} advises on this case"
        in_review = case.grant is not None and case.grant.review_by is not None
        if case.state not in DECIDABLE and not in_review:
            yield f"the case is {case.state}; advice is accepted before the decision or its review"

    def ending(self, ended: Ending, case: Case) -> Iterator[str]:
        """Yield the reasons why a recipient's ending of a case is not accepted."""
        yield from _behind(ended.previous, case)
        if ended.party != case.recipient:
            yield f"only the recipient {case.recipient!r} ends the case and confirms the destruction"
        if case.state is State.CLOSED and case.confirmed:
            yield "the destruction was confirmed already"
        elif case.state is State.REFUSED or (case.state is State.CLOSED and not case.destroyed):
            yield "no record was disclosed in the case"

    def consent(self, said: Consent, before: ConsentRecord | None, day: date) -> Iterator[str]:
        """Yield the reasons why a consent is not accepted."""
        process = self.processes.get(said.process)
        if process is None or not process.needs_consent:
            accepted = ", ".join(n for n, p in self.processes.items() if p.needs_consent)
            yield f"process {said.process!r} needs no consent; accepted: {accepted}"
            return
        if before is not None and said.at <= before.consent.at:
            yield "the recorded statement of this person is as new or newer; write a new letter"
        if said.subject.address is not None:
            yield "a household cannot consent; give the person's name and date of birth, or reference"
        if said.until is not None and said.until < said.on:
            yield f"until {said.until}: the day is before {said.on}"
        if said.on > day:
            yield f"on {said.on}: the day is in the future"
            return
        if said.given == "given" and process.consent == "written" and said.form != "written":
            yield f"{said.process} needs written consent (guidance 3.1.1.1)"
        last = said.on + timedelta(process.consent_days)
        if said.until is not None and said.until > last:
            yield f"until {said.until}: consent is valid for {process.consent_days} days; accepted: to {last}"

    def lacking_consent(
        self, case: Case, consents: Iterable[ConsentRecord], day: date
    ) -> tuple[Subject, ...]:
        """Return the subjects of a case whose consent is missing; none of their records is released."""
        if case.asked is None or not self.processes[case.process].needs_consent:
            return ()
        exempt = case.grant.exempt if case.grant is not None else ()
        consenting = {
            person_of(record.consent.subject)
            for record in consents
            if record.agency == case.supplier
            and record.consent.process == case.process
            and record.holds(day)
        }
        subjects = [s for s in case.asked.subjects if s not in exempt]
        return tuple(s for s in subjects if person_of(s) not in consenting)

    def _too_many(self, party: str, cases: Iterable[Case], now: datetime) -> Iterator[str]:
        """Yield a reason for each limit on requests that the party has reached."""
        limits = self._protocol.cases
        own = [c for c in cases if c.recipient == party and not c.is_prepared]
        if sum(c.state in DECIDABLE for c in own) >= limits.undecided:
            yield (
                f"{limits.undecided} requests of {party!r} wait for a decision; another is accepted when "
                "one of them is decided or withdrawn"
            )
        since = now - timedelta(days=1)
        if sum(c.history[0].at > since for c in own) >= limits.requests_a_day:
            yield f"{party!r} has made {limits.requests_a_day} requests in 24 hours; try again later"

    def _review(self, day: date) -> Iterator[str]:
        if day > self._protocol.last_day("personal"):
            yield (
                f"the review of the protocol was due on {self._protocol.review}; no personal data is "
                "disclosed until a reviewed protocol is in force"
            )

    def _fields(self, asked: Request | PreparedRequest) -> Iterator[str]:
        supplied = {s.dataset for s in self._protocol.supplies if s.agency == asked.supplier}
        for dataset, fields in asked.fields.items():
            if dataset not in supplied:
                accepted = ", ".join(sorted(supplied)) or "nothing"
                yield f"{asked.supplier!r} does not supply {dataset!r}; accepted: {accepted}"
                continue
            # The record reference identifies a record of the supply. It is never released.
            known = {f.name for f in self._catalogue.record_type(dataset).fields} - {
                RECORD_REFERENCE
            }
            for name in sorted(set(fields) - known):
                yield f"{dataset} has no field {name!r}; accepted: {', '.join(sorted(known))}"
            if not fields:
                yield f"{dataset}: no field is named; name the fields that are needed"
            by_reference = any(subject.reference is not None for subject in asked.subjects)
            if by_reference and not references_of_people(self._catalogue.record_type(dataset)):
                yield f"{dataset} has no field with a person's reference; name the person or the household"

    def _law(self, asked: Request | PreparedRequest, recipient: Party) -> Iterator[str]:
        degrees = [
            field.sensitivity
            for dataset, names in asked.fields.items()
            if dataset in self._catalogue.record_types
            for field in self._catalogue.record_type(dataset).fields
            if field.name in names
        ]
        information = max(degrees, key=lambda d: d.rank, default=Sensitivity.PERSONAL)
        # Any field becomes personal when its record is disclosed about a named person.
        information = max(information, Sensitivity.PERSONAL, key=lambda d: d.rank)
        claim = (asked.legal_basis, asked.conditions)
        for finding in claim_findings(
            recipient, claim, tuple(asked.fields), information, self._protocol, load_law()
        ):
            yield finding.message

    def _may_decide(self, made: Decision) -> Iterator[str]:
        supplier = self._parties[made.party]
        posts = set(supplier.posts)
        if made.urgent is not None and made.outcome == "approve":
            posts.add("duty_officer")
        if made.post not in posts:
            yield f"{made.post} may not make this decision; accepted: {', '.join(sorted(posts))}"
        if made.urgent is not None and not set(supplier.posts) - {made.post}:
            yield f"{made.party!r} has no other post that could review the decision afterwards"

    def _approval(
        self, made: Decision, case: Case, consents: Iterable[ConsentRecord], day: date
    ) -> Iterator[str]:
        request, process = case.asked, self.processes[case.process]
        if case.state is State.OPEN and case.grant is not None and case.grant.review_by:
            yield from _review(made, case)
            yield from self._advised(case)
            return
        if request is None or case.state not in DECIDABLE:
            yield f"the case is {case.state}; it was decided already"
            return
        if day > (made.until or request.until):
            yield f"until {made.until or request.until}: the day is in the past"
        if case.prepared is not None and not keeps_terms(case.prepared, self._protocol):
            yield f"{case.recipient!r} has other terms in the protocol now; the prepared request lapses"
        yield from _narrower(made, request, process)
        if made.urgent is None:
            yield from self._advised(case)
        if process.identification == "necessary" and not made.no_prejudice:
            yield "state that no present or future proceedings are prejudiced (guidance 2.4.1.2)"
        yield from self._exception(made, case, process, consents, day)

    def _advised(self, case: Case) -> Iterator[str]:
        if self._parties[case.supplier].kind in HEALTH and not case.advised:
            yield "health information needs the Caldicott Guardian's advice first (guidance 2.4.2.2)"

    def _exception(
        self,
        made: Decision,
        case: Case,
        process: Process,
        consents: Iterable[ConsentRecord],
        day: date,
    ) -> Iterator[str]:
        lacking = self.lacking_consent(case, consents, day)
        if made.without_consent is not None:
            if not lacking:
                yield "all needed consents are recorded; no exception is needed"
            elif made.without_consent.rule not in process.exceptions:
                accepted = ", ".join(process.exceptions) or "none"
                yield f"{made.without_consent.rule!r} is no exception of {case.process}; accepted: {accepted}"
            return
        if lacking:
            yield (
                f"{len(lacking)} of the subjects have not given the {process.consent} consent that "
                f"{case.process} needs; to share without consent, record an exception and its reason; "
                f"accepted: {', '.join(process.exceptions)}"
            )


def _behind(previous: str, case: Case) -> Iterator[str]:
    if previous != case.head:
        yield "the letter does not follow the last letter of the case; read the case, then write a new one"


def _too_long(case: Case) -> Iterator[str]:
    if len(case.history) >= LONGEST_HISTORY:
        yield f"the case has {LONGEST_HISTORY} letters already; end or refuse it, then make a new request"


def _review(made: Decision, case: Case) -> Iterator[str]:
    assert case.grant is not None
    if made.post in {case.grant.post, "duty_officer"}:
        yield f"another officer must review the urgent decision of {case.grant.post}"
    if made.fields is not None or made.until is not None:
        yield "a review confirms or refuses the decision; it cannot change `fields` or `until`"


def _narrower(
    made: Decision, request: Request | PreparedRequest, process: Process
) -> Iterator[str]:
    for dataset, fields in (made.fields or {}).items():
        beyond = set(fields) - set(request.fields.get(dataset, ()))
        if beyond:
            yield f"{dataset}: these fields were not requested: {', '.join(sorted(beyond))}"
    if made.fields is not None and not (made.fields and all(made.fields.values())):
        yield "the approval names no fields; refuse the request instead"
    if made.fields is not None:
        yield from _alone(tuple(made.fields), request.process, process)
    if made.until is not None and made.until > request.until:
        yield f"until {made.until}: it was requested until {request.until}"


def _process_findings(
    asked: Request | PreparedRequest, process: Process, recipient: Party, supplier: Party
) -> Iterator[str]:
    only = process.only
    if only is not None:
        fits = supplier.kind in only.suppliers and recipient.kind in only.recipients
        if not fits or set(asked.fields) != {only.dataset}:
            yield (
                f"{asked.process} is about {only.dataset}, from {' or '.join(only.suppliers)} to "
                f"{' or '.join(only.recipients)}"
            )
    yield from _alone(tuple(asked.fields), asked.process, process)
    if process.needs_consent and any(s.address is not None for s in asked.subjects):
        yield f"a household cannot consent, and {asked.process} needs consent; name the people"
    if process.never_alone and asked.concern is None:
        yield f"{asked.process} needs a specific public protection concern (guidance 3.1.1.1)"
    if process.identification == "necessary" and asked.necessary is None:
        yield "state why people must be identifiable (guidance 2.4.1.2)"


def _alone(datasets: tuple[str, ...], name: str, process: Process) -> Iterator[str]:
    if process.never_alone and set(datasets) <= set(process.never_alone):
        yield f"{', '.join(datasets)} may not be used alone to select people for {name} (guidance 3.1.1.1)"


def _onward(asked: Request, cases: Mapping[str, Case]) -> Iterator[str]:
    if asked.onward_from is None:
        return
    before = cases.get(asked.onward_from)
    if before is None or before.flow is None or before.supplier != asked.supplier:
        # The same words for each: a party without part in a case must not learn whose case it is.
        yield (
            f"no open case {asked.onward_from} has the supplier {asked.supplier!r}; ask the agency that "
            "supplied the records (onward disclosure)"
        )
