"""The register: the present state of each case and consent, and the effect of each letter on it.

The register is pure: the same letters in the same order give the same register. The discloser derives its
work at the broker from the states of the cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from isp.agreement.protocol import Protocol
from isp.cases.case import Case, ConsentRecord, Flow, Grant, State
from isp.cases.letters import (
    Advice,
    Consent,
    Decision,
    Ending,
    Letter,
    LetterError,
    Request,
    Subject,
    digest,
    verify_letter,
)
from isp.cases.prepared import PreparedRequest, digest_of, keeps_terms, read_prepared
from isp.cases.rules import DECIDABLE, STANDING, Rules
from isp.cases.standing import Standing
from isp.cases.steps import Step, StepKind, code_of
from isp.cases.subjects import person_of
from schemas.actors import ALERTER, DISCLOSER, Actor
from schemas.catalogue import Catalogue
from schemas.london import london_time

CLOCKS_APART = timedelta(minutes=10)
"""Accepted difference by which an officer's clock may be ahead."""
REVIEW_TIME = timedelta(days=3)
"""Time limit for the review of an urgent decision."""
_MOST_REASONS = 20
_LONGEST_REASON = 2_000
_ENDED = frozenset({State.CLOSING, State.CLOSED})
_ADVISED = {"share": StepKind.ADVISED_TO_SHARE, "withhold": StepKind.ADVISED_TO_WITHHOLD}
_APPROVED = {
    (False, False): StepKind.APPROVED,
    (True, False): StepKind.APPROVED_URGENTLY,
    (False, True): StepKind.APPROVED_WITHOUT_CONSENT,
    (True, True): StepKind.APPROVED_URGENTLY_WITHOUT_CONSENT,
}
"""Keys: whether the approval is urgent, and whether it is without consent."""
_ASKED = {
    (False, False): StepKind.REQUESTED,
    (False, True): StepKind.REQUESTED_URGENTLY,
    (True, False): StepKind.PREPARED,
    (True, True): StepKind.PREPARED_URGENTLY,
}
"""Keys: whether the request was prepared from an alert, and whether it is urgent."""


class Taken(NamedTuple):
    """The effect of an accepted letter, or of a time limit, on one case or consent."""

    key: str
    record: Case | ConsentRecord
    actor: Actor
    outcome: str


class Refused(NamedTuple):
    """A letter that was not accepted, with the reasons. Only its `digest` is kept, for the answer.

    `is_beyond_limit` is True if it is a prepared request, and too many others wait for the same decision.
    """

    party: str
    digest: str
    case: str
    reasons: tuple[str, ...]
    is_beyond_limit: bool = False

    @property
    def answer(self) -> dict[str, Any]:
        """Return the answer to the writer: the first reasons, each of limited length."""
        told = [reason[:_LONGEST_REASON] for reason in self.reasons[:_MOST_REASONS]]
        more = len(self.reasons) - len(told)
        return {
            "digest": self.digest,
            "case": self.case,
            "reasons": [*told, f"and {more} more"] if more else told,
        }


class Register:
    """Cases by id, and consents by agency, process and person, under one protocol."""

    def __init__(self, protocol: Protocol, catalogue: Catalogue) -> None:
        self._rules = Rules(protocol, catalogue)
        self._protocol = protocol
        self._parties = {party.id for party in protocol.parties}
        self._rekeyed = frozenset(protocol.rekeyed)
        self.cases: dict[str, Case] = {}
        self.consents: dict[str, ConsentRecord] = {}
        self.unreadable_cases: dict[str, datetime] = {}
        self.unreadable_consents: dict[str, datetime] = {}

    def restore(self, standing: Standing) -> None:
        """Load all stored cases and consents.

        For an unreadable one no record is released, and no older letter replaces it.
        """
        self.cases = dict(standing.cases)
        self.consents = dict(standing.consents)
        self.unreadable_cases = dict(standing.unreadable_cases)
        self.unreadable_consents = dict(standing.unreadable_consents)

    def keep(self, key: str, record: Case | ConsentRecord) -> None:
        """Store the new state of one case or consent."""
        if isinstance(record, Case):
            self.cases[key] = record
        else:
            self.unreadable_consents.pop(key, None)
            self.consents[key] = record

    @property
    def standing(self) -> Iterator[Case]:
        """Return the cases that are open or approved."""
        return (case for case in self.cases.values() if case.state in STANDING)

    def is_held(self, case: Case) -> bool:
        """Return True if a party of the case was rekeyed: then no record is released to the case."""
        return bool({case.recipient, case.supplier} & self._rekeyed)

    def lacking_consent(self, case: Case, now: datetime) -> tuple[Subject, ...]:
        """Return the subjects of a case whose consent is missing now: none of their records is released."""
        day = london_time(now).date()
        return self._rules.lacking_consent(case, self.consents.values(), day)

    def take(self, party: str, message: Mapping[str, Any], now: datetime) -> Taken | Refused:
        """Return the effect of a letter, or its refusal; the register changes only when `keep` is called."""
        unread = sha256(str(message["document"]).encode()).hexdigest()
        try:
            letter = verify_letter(message)
        except LetterError as error:
            return Refused(party, unread, "", (str(error),))
        name = digest(letter)
        if letter.at > now + CLOCKS_APART:
            return Refused(
                party, name, letter.case, ("the letter's time is in the future; set the clock",)
            )
        reasons = list(self._rules.writer(letter, party))
        reasons = (
            reasons or list(self._behind_unreadable(letter)) or list(self._reasons(letter, now))
        )
        if reasons:
            return Refused(party, name, letter.case, tuple(reasons))
        return self._taken(letter, name, now)

    def prepare(self, message: Mapping[str, Any], now: datetime) -> Taken | Refused | None:
        """Return the effect of a message of the alerts agent, or its refusal; None if it has no effect.

        The register changes only when `keep` is called.
        """
        if message["kind"] == "take_back":
            return self._alert_withdrawn(str(message["case"]), now)
        text = str(message["document"])
        try:
            asked = read_prepared(text)
        except LetterError as error:
            unread = sha256(text.encode(errors="surrogatepass")).hexdigest()
            return Refused(ALERTER.party, unread, "", (str(error),))
        name = digest_of(asked)
        reasons = list(self._against(asked, str(message["case"]), now))
        if reasons:
            return Refused(ALERTER.party, name, asked.case, tuple(reasons))
        if self._rules.is_beyond_limit(asked, self.cases.values()):
            limit = self._protocol.cases.prepared
            reason = (
                f"{limit} requests prepared for {asked.recipient!r} wait for a decision of "
                f"{asked.supplier!r}; another is accepted when one of them is decided"
            )
            return Refused(ALERTER.party, name, asked.case, (reason,), is_beyond_limit=True)
        case = _asked(asked, name, ALERTER, now, event=asked.event, prepared=asked)
        return Taken(asked.case, case, ALERTER, case.history[-1].what)

    def _against(self, asked: PreparedRequest, case: str, now: datetime) -> Iterator[str]:
        """Yield the reasons why a prepared request is not accepted, except the limit."""
        if asked.case != case:
            yield "the message and the prepared request in it name different cases"
        if asked.at > now + CLOCKS_APART:
            yield "the prepared request's time is in the future; set the clock"
        if asked.case in self.unreadable_cases:
            yield f"case {asked.case} exists already; this release cannot read it"
        yield from self._rules.prepared(asked, self.cases, now)

    def _alert_withdrawn(self, case_id: str, now: datetime) -> Taken | Refused | None:
        case = self.cases.get(case_id)
        if case is None or (case.is_prepared and case.state not in DECIDABLE):
            # It was refused, or decided meanwhile: a decision is the supplier's alone.
            return None
        if not case.is_prepared:
            reason = "the case was not prepared from an alert; its recipient takes it back"
            return Refused(ALERTER.party, "", case_id, (reason,))
        ended = case.after(State.CLOSED, now, ALERTER, StepKind.ALERT_WITHDRAWN).forgotten()
        return Taken(case_id, ended, ALERTER, StepKind.ALERT_WITHDRAWN)

    def due(self, now: datetime) -> Iterator[Taken]:
        """Yield the cases that end by themselves: a time limit has passed, or a party has left the protocol.

        An approved or open case closes; an undecided case lapses.
        """
        day = london_time(now).date()
        for case in list(self.standing):
            why = self._over(case, day.toordinal(), now)
            if why:
                closing = case.after(State.CLOSING, now, DISCLOSER, why)
                yield Taken(case.case, closing, DISCLOSER, why)
        for case in [c for c in self.cases.values() if c.state in DECIDABLE]:
            if self._has_lapsed(case, day):
                lapsed = case.after(State.REFUSED, now, DISCLOSER, StepKind.LAPSED).forgotten()
                yield Taken(case.case, lapsed, DISCLOSER, StepKind.LAPSED)

    def _has_lapsed(self, case: Case, day: date) -> bool:
        """Return True if an undecided case is over, or was prepared under terms that hold no longer."""
        if case.asked is None or day > case.asked.until or not self._has_parties(case):
            return True
        return case.prepared is not None and not keeps_terms(case.prepared, self._protocol)

    def _has_parties(self, case: Case) -> bool:
        return {case.recipient, case.supplier} <= self._parties

    def _over(self, case: Case, day: int, now: datetime) -> StepKind | None:
        assert case.grant is not None
        if not self._has_parties(case):
            return StepKind.PARTY_LEFT
        if day > case.grant.until.toordinal():
            return StepKind.EXPIRED
        if day > self._protocol.last_day("central").toordinal():
            return StepKind.REVIEW_OVERDUE
        if case.grant.review_by is not None and now > case.grant.review_by:
            return StepKind.NOT_REVIEWED
        return None

    def _behind_unreadable(self, letter: Letter) -> Iterator[str]:
        """Yield the reason why a letter may not replace an unreadable case or consent: it may be older."""
        if isinstance(letter, Request) and letter.case in self.unreadable_cases:
            yield f"case {letter.case} exists already; this release cannot read it"
        if isinstance(letter, Consent):
            key = consent_key(ConsentRecord(agency=letter.party, consent=letter))
            kept = self.unreadable_consents.get(key)
            # The time in a letter may be later than the time at which the letter was stored.
            if kept is not None and letter.at <= kept + CLOCKS_APART:
                yield "the recorded consent of this person cannot be read; write a new letter later"

    def _reasons(self, letter: Letter, now: datetime) -> Iterable[str]:
        day = london_time(now).date()
        if isinstance(letter, Request):
            return self._rules.request(letter, self.cases, now)
        if isinstance(letter, Consent):
            record = ConsentRecord(agency=letter.party, consent=letter)
            return self._rules.consent(letter, self.consents.get(consent_key(record)), day)
        case = self.cases.get(letter.case)
        if case is None or letter.party not in {case.supplier, case.recipient}:
            # The same words for both: a party without part in a case must not learn that the case exists.
            return [f"{letter.party!r} has no case {letter.case}"]
        if isinstance(letter, Decision):
            return self._rules.decision(letter, case, self.consents.values(), day)
        if isinstance(letter, Advice):
            return self._rules.advice(letter, case)
        return self._rules.ending(letter, case)

    def _taken(self, letter: Letter, name: str, now: datetime) -> Taken:
        actor = Actor(letter.party, letter.post)
        if isinstance(letter, Consent):
            record = ConsentRecord(agency=letter.party, consent=letter)
            return Taken(consent_key(record), record, actor, f"consent-{letter.given}")
        if isinstance(letter, Request):
            case = _asked(letter, name, actor, now, request=letter)
            return Taken(letter.case, case, actor, "requested")
        case = self.cases[letter.case]
        if isinstance(letter, Decision):
            lacking = self.lacking_consent(case, now)
            after = _decided(case, letter, actor, now, lacking)
        elif isinstance(letter, Advice):
            after = case.after(case.state, now, actor, _ADVISED[letter.advice], letter.reason,
                               advised=True)  # fmt: skip
        else:
            after = _ended(case, letter, actor, now)
        after = after.model_copy(update={"head": name})
        return Taken(case.case, after, actor, after.history[-1].what)


def consent_key(record: ConsentRecord) -> str:
    """Return the key of a person's consent to one agency for one process; a later statement replaces it."""
    consent = record.consent
    words = "\n".join((record.agency, consent.process, *person_of(consent.subject)))
    return f"consent:{sha256(words.encode()).hexdigest()[:32]}"


def opened(case: Case, flow: Flow, now: datetime) -> Case:
    """Return the case as open, after its topic was created."""
    return case.after(State.OPEN, now, DISCLOSER, StepKind.OPENED, flow=flow)


def closed(case: Case, destroyed: tuple[str, ...], now: datetime) -> Case:
    """Return the case as closed, after its resources were destroyed; without its subjects."""
    kind = StepKind.DESTROYED if destroyed else StepKind.CLOSED
    return case.after(State.CLOSED, now, DISCLOSER, kind, destroyed=destroyed).forgotten()


def _asked(
    asked: Request | PreparedRequest, name: str, actor: Actor, now: datetime, **more: Any
) -> Case:
    """Return the new case of a request; `name` is its digest."""
    kind = _ASKED[isinstance(asked, PreparedRequest), asked.urgent is not None]
    return Case(
        case=asked.case,
        state=State.ASKED,
        since=now,
        recipient=asked.party,
        supplier=asked.supplier,
        process=asked.process,
        purpose=asked.purpose,
        legal_basis=asked.legal_basis,
        conditions=asked.conditions,
        head=name,
        history=(Step(at=now, who=str(actor), what=code_of(kind), reason=asked.urgent or ""),),
        **more,
    )


def _decided(
    case: Case, made: Decision, actor: Actor, now: datetime, lacking: tuple[Subject, ...]
) -> Case:
    if made.outcome == "hold":
        return case.after(State.HELD, now, actor, StepKind.HELD, made.reason)
    if made.outcome == "refuse" and case.state in STANDING:
        return case.after(State.CLOSING, now, actor, StepKind.APPROVAL_WITHDRAWN, made.reason)
    if made.outcome == "refuse":
        return case.after(State.REFUSED, now, actor, StepKind.REFUSED, made.reason).forgotten()
    if case.grant is not None:
        reviewed = case.grant.model_copy(update={"review_by": None})
        return case.after(case.state, now, actor, StepKind.REVIEWED, made.reason, grant=reviewed)
    return _approved(case, made, actor, now, lacking)


def _approved(
    case: Case, made: Decision, actor: Actor, now: datetime, lacking: tuple[Subject, ...]
) -> Case:
    assert case.asked is not None
    exception = made.without_consent
    grant = Grant(
        fields=made.fields or case.asked.fields,
        until=made.until or case.asked.until,
        post=made.post,
        review_by=now + REVIEW_TIME if made.urgent else None,
        without_consent=exception.rule if exception else None,
        exempt=lacking if exception else (),
    )
    kind = _APPROVED[made.urgent is not None, exception is not None]
    detail = exception.rule if exception else ""
    reasons = (made.reason, made.urgent, exception.reason if exception else None)
    reason = " | ".join(dict.fromkeys(filter(None, reasons)))
    return case.after(State.APPROVED, now, actor, kind, reason, detail, grant=grant)


def _ended(case: Case, ended: Ending, actor: Actor, now: datetime) -> Case:
    """Return the case after its recipient's ending, which confirms the destruction of its own copies.

    An approved or open case begins to close. An undecided case is closed.
    """
    said: dict[str, Any] = {"confirmed": True, "copies": ended.destroyed}
    if case.state in _ENDED:
        return case.after(case.state, now, actor, StepKind.COPIES_DESTROYED, **said)
    if case.state in STANDING:
        return case.after(State.CLOSING, now, actor, StepKind.ENDED, **said)
    return case.after(State.CLOSED, now, actor, StepKind.TAKEN_BACK).forgotten()
