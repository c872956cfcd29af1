"""The state of a case: the request, the decision, the release of records, and the destruction at its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import AwareDatetime, ValidationError

from isp.agreement.names import Name
from isp.agreement.protocol import HEALTH, Party, Post, Protocol
from isp.cases.letters import CaseId, Consent, Digest, Request, Subject
from isp.cases.prepared import EventId, PreparedRequest
from isp.cases.steps import ADVICE, Step, StepKind, code_of
from schemas.actors import Actor
from schemas.formats import FORMAT, Format, Signed


class State(StrEnum):
    """The state of a case. Records are released only to an open case. A closed case never opens again."""

    ASKED = "asked"
    HELD = "held"
    REFUSED = "refused"
    APPROVED = "approved"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Grant(Signed):
    """The approval of a case: the fields by dataset, the last day, and the post that approved.

    `review_by` is the time limit for the review of an urgent decision, and None after the review. Records
    of the subjects `exempt` are shared without their consent, under the exception `without_consent`.
    """

    fields: Mapping[str, tuple[str, ...]]
    until: date
    post: Post
    review_by: AwareDatetime | None = None
    without_consent: str | None = None
    exempt: tuple[Subject, ...] = ()


class Flow(Signed):
    """The technical state of an open case.

    `caught_up` is False while the case still gets the records from before it was opened. `joined` is the
    offset in each intake partition from which the case gets new records as they arrive. `gone` names the
    datasets whose oldest records the broker no longer has. `key` is the case's key, encrypted to the
    recipient (base64).
    """

    key: str
    caught_up: bool = False
    joined: Mapping[str, int] = {}
    gone: tuple[str, ...] = ()


class Case(Signed):
    """One case. `head` is the digest of its last letter, which the next letter must name.

    A closed case has no `request`: the subjects are deleted, and the history of the steps remains.
    `confirmed` is True once the recipient has confirmed the destruction of its own copies; `copies` is its
    statement.

    A case that was prepared from an alert has the id of the alert as `event`, and `prepared` instead of
    `request`.
    """

    format: Format = FORMAT
    case: CaseId
    state: State
    since: AwareDatetime
    recipient: Name
    supplier: Name
    process: Name
    purpose: str
    legal_basis: str
    conditions: tuple[str, ...]
    head: Digest
    history: tuple[Step, ...]
    request: Request | None = None
    advised: bool = False
    grant: Grant | None = None
    flow: Flow | None = None
    destroyed: tuple[str, ...] = ()
    confirmed: bool = False
    copies: str = ""
    event: EventId | None = None
    prepared: PreparedRequest | None = None

    @property
    def asked(self) -> Request | PreparedRequest | None:
        """Return the request, of an officer or prepared from an alert; None once the case is closed."""
        return self.request if self.request is not None else self.prepared

    @property
    def is_prepared(self) -> bool:
        """Return True if the case was prepared from an alert."""
        return self.event is not None

    @property
    def grounds(self) -> str:
        """Return the legal basis and the conditions of the case, as one text."""
        return " ".join((self.legal_basis, *self.conditions))

    @property
    def is_advised_against(self) -> bool:
        """Return True if the newest advice of the guardian is to withhold."""
        advice = (step.kind for step in reversed(self.history) if step.kind in ADVICE)
        return next(advice, None) is StepKind.ADVISED_TO_WITHHOLD

    def after(self, state: State, at: datetime, actor: Actor, kind: StepKind, reason: str = "",
              detail: str = "", **changes: Any) -> Case:  # fmt: skip
        """Return the case with one more step in its history, in its new state."""
        step = Step(at=at, who=str(actor), what=code_of(kind, detail), reason=reason)
        since = self.since if state is self.state else at
        more = {"state": state, "since": since, "history": (*self.history, step)}
        return self.model_copy(update=more | changes)

    def forgotten(self) -> Case:
        """Return the case without personal data: without subjects, questions and reasons."""
        history = tuple(step.without_reason for step in self.history)
        gone = {"request": None, "prepared": None, "flow": None}
        return self.model_copy(update={**gone, "history": history})

    def as_seen_by(self, party: str) -> Case:
        """Return the case as `party` may see it: only the supplier sees its guardian's reasons.

        Until a prepared case is approved, and for ever if it is not, the other party sees neither the request
        nor any reason: each may say whom the case is about.
        """
        if party == self.supplier:
            return self
        if self.is_prepared and self.grant is None:
            history = tuple(step.without_reason for step in self.history)
            return self.model_copy(update={"prepared": None, "history": history})
        history = tuple(step.for_recipient for step in self.history)
        prepared = self.prepared.for_recipient if self.prepared is not None else None
        return self.model_copy(update={"history": history, "prepared": prepared})


class ConsentRecord(Signed):
    """The last statement of a person to an agency about sharing for one process."""

    format: Format = FORMAT
    agency: Name
    consent: Consent

    def holds(self, day: date) -> bool:
        """Return True if the consent allows sharing on `day` (Europe/London)."""
        consent = self.consent
        within = consent.on <= day and (consent.until is None or day <= consent.until)
        return consent.given == "given" and within


def read_stored(kind: str, document: str) -> Case | ConsentRecord | None:
    """Return a case or consent from its stored form, or None if this release cannot read it.

    A release may accept fewer values in a letter than an earlier one. It must still start, and list the other
    cases.
    """
    model = Case if kind == "case" else ConsentRecord
    try:
        return model.model_validate_json(document)
    except ValidationError:
        return None


class Waiting(NamedTuple):
    """One task that a case waits for: the party, the posts that may do it, the task, and since when.

    `by` is the last day for it, if there is one.
    """

    case: str
    party: str
    posts: tuple[Post, ...]
    what: str
    since: datetime
    by: date | None = None


def waiting(case: Case, protocol: Protocol) -> Iterator[Waiting]:
    """Yield each task that the case waits for."""
    parties = {party.id: party for party in protocol.parties}
    supplier, recipient = parties.get(case.supplier), parties.get(case.recipient)
    if supplier is None or recipient is None:
        return
    deciding = tuple(supplier.posts)
    in_review = case.state is State.OPEN and case.grant is not None and case.grant.review_by
    undecided = case.state in {State.ASKED, State.HELD}
    if (undecided or in_review) and supplier.kind in HEALTH and not case.advised:
        yield _wait(case, supplier, ("caldicott_guardian",), "advise")
    if undecided:
        urgent = case.asked is not None and case.asked.urgent is not None
        posts = (*deciding, *(p for p in supplier.officers if urgent and p == "duty_officer"))
        what = "decide, urgently" if urgent else "decide"
        by = case.asked.until if case.asked is not None else None
        yield _wait(case, supplier, posts, what)._replace(by=by)
    if case.state is State.OPEN and case.grant is not None and case.grant.review_by is not None:
        others = tuple(post for post in deciding if post != case.grant.post)
        yield _wait(case, supplier, others, "review the urgent decision")
    if case.flow is not None and case.flow.gone:
        what = f"send again the old records, now deleted, of {', '.join(case.flow.gone)}"
        yield _wait(case, supplier, deciding, what)
    if case.state is State.CLOSED and not case.confirmed and case.destroyed:
        what = "confirm the destruction of its own copies"
        yield _wait(case, recipient, tuple(recipient.posts), what)


def _wait(case: Case, party: Party, posts: tuple[Post, ...], what: str) -> Waiting:
    return Waiting(case.case, party.id, posts, what, case.since)
