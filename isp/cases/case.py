"""How a case stands: what was asked, what was decided, what flows, and what was destroyed at its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import AwareDatetime, ValidationError

from isp.agreement.protocol import HEALTH, Name, Party, Post, Protocol
from isp.cases.letters import CaseId, Consent, Digest, Request, Subject
from isp.cases.steps import ADVICE, Step, StepKind, code_of
from schemas.actors import Actor
from schemas.formats import FORMAT, Format, Signed


class State(StrEnum):
    """Where a case is on its way. Only what is open flows; what is closed never opens again."""

    ASKED = "asked"
    HELD = "held"
    REFUSED = "refused"
    APPROVED = "approved"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Grant(Signed):
    """What was approved: fields by dataset, until the last day, by which post.

    `review_by` stands until what was decided in urgency is reviewed; of the subjects `exempt` it is shared
    without their consent, by the exception named.
    """

    fields: Mapping[str, tuple[str, ...]]
    until: date
    post: Post
    review_by: AwareDatetime | None = None
    without_consent: str | None = None
    exempt: tuple[Subject, ...] = ()


class Flow(Signed):
    """The technical side of an open case.

    While it is not `caught_up` it is given what came before it was opened, from the beginning on;
    `joined` is the offset of each intake partition from which on it then gets records as they come.
    Of the datasets `gone` the broker no longer has the beginning. `key` is the case's key,
    encrypted to the recipient (base64).
    """

    key: str
    caught_up: bool = False
    joined: Mapping[str, int] = {}
    gone: tuple[str, ...] = ()


class Case(Signed):
    """One case. `head` is the digest of its last letter, which the next one names.

    Once closed it holds no `request` any more: who was asked about is forgotten, what was done is not.
    `copies` is what the recipient said of its own when it `confirmed` their end.
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

    @property
    def grounds(self) -> str:
        """The legal basis and conditions relied on."""
        return " ".join((self.legal_basis, *self.conditions))

    @property
    def is_advised_against(self) -> bool:
        """Return True if the newest advice of the guardian is to withhold."""
        advice = (step.kind for step in reversed(self.history) if step.kind in ADVICE)
        return next(advice, None) is StepKind.ADVISED_TO_WITHHOLD

    def after(self, state: State, at: datetime, actor: Actor, kind: StepKind, reason: str = "",
              detail: str = "", **changes: Any) -> Case:  # fmt: skip
        """Return the case after one more step, in its new state."""
        step = Step(at=at, who=str(actor), what=code_of(kind, detail), reason=reason)
        since = self.since if state is self.state else at
        more = {"state": state, "since": since, "history": (*self.history, step)}
        return self.model_copy(update=more | changes)

    def forgotten(self) -> Case:
        """The case without what tells of people: subjects, questions and reasons."""
        history = tuple(step.without_reason for step in self.history)
        return self.model_copy(update={"request": None, "flow": None, "history": history})

    def as_seen_by(self, party: str) -> Case:
        """Return the case without what is between the supplier and its guardian, unless to the supplier."""
        if party == self.supplier:
            return self
        history = tuple(step.for_recipient for step in self.history)
        return self.model_copy(update={"history": history})


class ConsentRecord(Signed):
    """What a person has said last to an agency about one process."""

    format: Format = FORMAT
    agency: Name
    consent: Consent

    def holds(self, day: date) -> bool:
        """Whether it allows sharing on `day` (Europe/London)."""
        consent = self.consent
        within = consent.on <= day and (consent.until is None or day <= consent.until)
        return consent.given == "given" and within


def read_stored(kind: str, document: str) -> Case | ConsentRecord | None:
    """Return a case or consent as it is kept; None if this release cannot read it.

    A release that accepts less in a letter than an earlier one must still start, and list the others.
    """
    model = Case if kind == "case" else ConsentRecord
    try:
        return model.model_validate_json(document)
    except ValidationError:
        return None


class Waiting(NamedTuple):
    """Who is to do what next, since when."""

    case: str
    party: str
    posts: tuple[Post, ...]
    what: str
    since: datetime


def waiting(case: Case, protocol: Protocol) -> Iterator[Waiting]:
    """Everything that the case waits for."""
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
        urgent = case.request is not None and case.request.urgent is not None
        posts = (*deciding, *(p for p in supplier.officers if urgent and p == "duty_officer"))
        yield _wait(case, supplier, posts, "decide, urgently" if urgent else "decide")
    if case.state is State.OPEN and case.grant is not None and case.grant.review_by is not None:
        others = tuple(post for post in deciding if post != case.grant.post)
        yield _wait(case, supplier, others, "review what was decided in urgency")
    if case.flow is not None and case.flow.gone:
        what = f"send again what is no longer held: {', '.join(case.flow.gone)}"
        yield _wait(case, supplier, deciding, what)
    if case.state is State.CLOSED and not case.confirmed and case.destroyed:
        what = "confirm that its own copies are destroyed"
        yield _wait(case, recipient, tuple(recipient.posts), what)


def _wait(case: Case, party: Party, posts: tuple[Post, ...], what: str) -> Waiting:
    return Waiting(case.case, party.id, posts, what, case.since)
