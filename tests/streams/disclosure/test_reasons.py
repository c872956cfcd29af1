"""A guardian's reason for its own agency never reaches the recipient, in any message."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from isp.agreement.access import rules
from isp.agreement.protocol import Post, Protocol
from isp.agreement.topics import Names, Topic
from isp.audit.chain import Heads
from isp.broker.case_resources import WHAT
from isp.cases.case import Case, Flow, State
from isp.cases.letters import Advice, Letter
from isp.cases.register import REVIEW_TIME, Taken, closed, opened
from isp.cases.steps import REASON_FOR, Readers, Step, StepKind, code_of
from schemas.actors import DISCLOSER
from schemas.wire import Encode
from streams.disclosure.case_writer import CaseWriter
from tests.isp.cases.prepared import AGREED, document_message, take_back
from tests.isp.cases.table import CASE, CATALOGUE, NOW, PROTOCOL, Table, request, written
from transport.messages import Output

SUPPLIER, RECIPIENT = "daat", "council"
ADVICE = "what the guardian alone has heard"
"""The guardian's reason, in every case of these tests."""
NAMES = Names(PROTOCOL.prefix)
FLOW = Flow(key="AA==")
RISK = "threat to life"
EXCEPTION = {"rule": "prejudice-to-crime", "reason": "an offence is being planned"}
TREATMENT: dict[str, Any] = {
    "process": "treatment-group",
    "supplier": SUPPLIER,
    "fields": {"drug-treatment-adult": ["name", "treatment_type"]},
}
PREPARED: dict[str, Any] = {"supplier": SUPPLIER, "fields": {"drug-treatment-adult": ["name"]}}
"""What is prepared from an alert."""
TO_RECIPIENT = {
    rule.name
    for rule in rules(PROTOCOL)
    if (rule.principal, rule.operation) == (NAMES.principal(RECIPIENT), "read")
} | {NAMES.disclosed(CASE)}
"""Topics that the recipient may read."""


def encoder(_: Topic) -> Encode:
    return lambda record: json.dumps(record, default=str).encode()


def ledger() -> CaseWriter:
    return CaseWriter(PROTOCOL, CATALOGUE, encoder, Heads(), "banes.discloser.cases")


class Office(Table):
    """A register whose every step is written as the discloser writes it."""

    def __init__(self, protocol: Protocol = AGREED) -> None:
        super().__init__(protocol)
        self.ledger = ledger()
        self.outputs: list[Output] = []
        self.steps: set[StepKind | None] = set()

    def send(self, letter: Letter, topic_party: str | None = None) -> Taken:
        taken = super().send(letter, topic_party)
        assert isinstance(taken, Taken), taken
        self.write(taken)
        return taken

    def write(self, taken: Taken) -> None:
        """Keep and write what was taken."""
        self.register.keep(taken.key, taken.record)
        self.outputs += self.ledger.taken(taken, self.now)
        if isinstance(taken.record, Case):
            self.steps |= {step.kind for step in taken.record.history}

    def stands(self, case: Case) -> None:
        """Write a case as the discloser itself has left it."""
        self.write(Taken(CASE, case, DISCLOSER, case.history[-1].what))

    def ask(self, **changes: Any) -> None:
        self.send(request(RECIPIENT, **TREATMENT, **changes))

    def advise(self, advice: str, party: str = SUPPLIER) -> Taken:
        about = {"case": CASE, "previous": self.case.head, "advice": advice, "reason": ADVICE}
        return self.send(Advice.model_validate(written(party, "caldicott_guardian") | about))

    def decided(self, outcome: str, post: Post = "approver", **changes: Any) -> None:
        self.decide(outcome, SUPPLIER, post, **changes)

    def approved(self) -> None:
        """Ask, advise, and approve with everybody's consent."""
        self.consent()
        self.ask()
        self.advise("share")
        self.decided("approve")

    def running(self) -> None:
        self.approved()
        self.stands(opened(self.case, FLOW, NOW))

    def destroyed(self) -> None:
        self.stands(closed(self.case, WHAT, NOW))

    def due(self, now: datetime) -> None:
        """Write what the passing of time does; the audit has one more entry for each."""
        for taken in self.register.due(now):
            self.write(taken)


def given_and_ended(office: Office) -> None:
    office.consent()
    office.ask()
    office.advise("withhold")
    office.decided("hold")
    office.advise("share")
    office.decided("approve")
    office.stands(opened(office.case, FLOW, NOW))
    office.end()
    office.destroyed()


def refused(office: Office) -> None:
    office.ask()
    office.advise("withhold")
    office.decided("refuse")


def taken_back(office: Office) -> None:
    office.ask()
    office.advise("withhold")
    office.end()


def urgent_and_withdrawn(office: Office) -> None:
    office.consent()
    office.ask(urgent=RISK)
    office.decided("approve", "duty_officer", urgent=RISK)
    office.stands(opened(office.case, FLOW, NOW))
    office.advise("share")
    office.decided("approve")
    office.decided("refuse")


def urgent_and_never_reviewed(office: Office) -> None:
    office.ask(urgent=RISK)
    office.advise("withhold")
    office.decided("approve", "duty_officer", urgent=RISK, without_consent=EXCEPTION)
    office.due(NOW + 2 * REVIEW_TIME)


def without_consent_and_never_opened(office: Office) -> None:
    office.ask()
    office.advise("share")
    office.decided("approve", without_consent=EXCEPTION)
    office.decided("refuse")
    office.stands(closed(office.case, (), NOW))


def expired_and_confirmed(office: Office) -> None:
    office.running()
    office.due(NOW + timedelta(60))
    office.destroyed()
    office.end()


def lapsed(office: Office) -> None:
    office.ask()
    office.advise("share")
    office.due(NOW + timedelta(60))


def lost(office: Office) -> None:
    office.running()
    office.stands(office.case.after(State.CLOSING, NOW, DISCLOSER, StepKind.LOST))


def under_another_protocol(office: Office, protocol: Protocol) -> None:
    """Go on with a running case as a discloser that was started with another protocol does."""
    office.running()
    after = Office(protocol)
    after.write(Taken(CASE, office.case, DISCLOSER, "opened"))
    after.due(NOW)
    office.outputs += after.outputs
    office.steps |= after.steps


def a_party_has_left(office: Office) -> None:
    parties = tuple(p for p in PROTOCOL.parties if p.id != SUPPLIER)
    under_another_protocol(office, PROTOCOL.model_copy(update={"parties": parties}))


def review_overdue(office: Office) -> None:
    overdue = PROTOCOL.model_copy(update={"review": date(2025, 1, 1)})
    under_another_protocol(office, overdue)


def prepared(office: Office, **changes: Any) -> None:
    taken = office.register.prepare(document_message(**PREPARED, **changes), office.now)
    assert isinstance(taken, Taken), taken
    office.write(taken)


def prepared_and_given(office: Office) -> None:
    prepared(office)
    office.advise("withhold")
    office.advise("share")
    office.decided("approve")
    office.stands(opened(office.case, FLOW, NOW))
    office.end()
    office.destroyed()


def prepared_urgently_and_withdrawn(office: Office) -> None:
    prepared(office, urgent=RISK)
    office.advise("withhold")
    taken = office.register.prepare(take_back(), office.now)
    assert isinstance(taken, Taken), taken
    office.write(taken)


COURSES = (
    given_and_ended, refused, taken_back, urgent_and_withdrawn, urgent_and_never_reviewed,
    without_consent_and_never_opened, expired_and_confirmed, lapsed, lost, a_party_has_left,
    review_overdue, prepared_and_given, prepared_urgently_and_withdrawn,
)  # fmt: skip
"""Every way that a case can go, each with the guardian's advice in it."""


@pytest.mark.parametrize("course", COURSES)
def test_the_guardians_reason_is_in_no_message_that_the_recipient_may_read(
    course: Callable[[Office], None],
) -> None:
    office = Office()
    course(office)
    to_recipient = [output for output in office.outputs if output.topic in TO_RECIPIENT]
    is_told = any(output.topic == NAMES.inbox(RECIPIENT) for output in to_recipient)
    assert is_told == (course is not prepared_urgently_and_withdrawn)
    assert not [output for output in to_recipient if ADVICE.encode() in (output.value or b"")]
    to_supplier = (o.value or b"" for o in office.outputs if o.topic == NAMES.inbox(SUPPLIER))
    assert any(ADVICE.encode() in value for value in to_supplier), "its own agency reads it"


def test_these_courses_have_every_kind_of_step() -> None:
    """A new kind comes into one of them, so that what it tells the recipient is seen."""
    found: set[StepKind | None] = set()
    for course in COURSES:
        office = Office()
        course(office)
        found |= office.steps
    assert found == set(StepKind)


def test_every_kind_of_step_says_who_may_see_its_reason() -> None:
    assert set(REASON_FOR) == set(StepKind)


def case_with(what: str) -> Case:
    """A case that was asked for, with one more step."""
    office = Office()
    office.ask()
    step = Step(at=NOW, who="daat.approver", what=what, reason=ADVICE)
    return office.case.model_copy(update={"history": (*office.case.history, step)})


def seen(party: str, case: Case) -> Iterator[Step]:
    """The history as it stands in the inbox of a party."""
    topic = NAMES.inbox(party)
    (output,) = (o for o in ledger().stands(CASE, case, NOW) if o.topic == topic)
    document = json.loads(output.value or b"")["document"]
    yield from Case.model_validate_json(document).history


def shown(party: str, whats: Iterable[str]) -> set[str]:
    """Those of the steps whose reason the party sees."""
    return {what for what in whats if list(seen(party, case_with(what)))[-1].reason}


def test_the_recipient_sees_the_reason_of_those_kinds_alone_that_say_so() -> None:
    codes = {code_of(kind): readers for kind, readers in REASON_FOR.items()}
    both = {code for code, readers in codes.items() if readers is Readers.BOTH_PARTIES}
    assert shown(SUPPLIER, codes) == set(codes)
    assert shown(RECIPIENT, codes) == both
    assert not {"advised to share", "advised to withhold", "prepared from an alert"} & both


@pytest.mark.parametrize(
    "what",
    [
        "guardian's advice: withhold",
        "Advised to withhold",
        "counselled",
        "advised to share (with conditions)",
        "approved (a) (b)",
        "approved, with a kind of its own",
        "",
    ],
)
def test_a_step_that_an_earlier_or_later_release_wrote_and_this_one_does_not_know_shows_no_reason(
    what: str,
) -> None:
    (_, step) = seen(RECIPIENT, case_with(what))
    assert (step.what, step.who, step.reason) == (what, "daat.approver", "")
    assert shown(SUPPLIER, [what]) == {what}


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("requested", StepKind.REQUESTED),
        ("requested, urgently", StepKind.REQUESTED_URGENTLY),
        ("advised to share", StepKind.ADVISED_TO_SHARE),
        ("advised to withhold", StepKind.ADVISED_TO_WITHHOLD),
        ("held", StepKind.HELD),
        ("refused", StepKind.REFUSED),
        ("approved", StepKind.APPROVED),
        ("approved, urgently", StepKind.APPROVED_URGENTLY),
        ("approved, without consent (vital-interests)", StepKind.APPROVED_WITHOUT_CONSENT),
        (
            "approved, urgently, without consent (prejudice-to-crime)",
            StepKind.APPROVED_URGENTLY_WITHOUT_CONSENT,
        ),
        ("reviewed", StepKind.REVIEWED),
        ("approval withdrawn", StepKind.APPROVAL_WITHDRAWN),
        ("opened", StepKind.OPENED),
        ("ended by its recipient", StepKind.ENDED),
        ("request taken back", StepKind.TAKEN_BACK),
        ("own copies confirmed destroyed", StepKind.COPIES_DESTROYED),
        ("lapsed", StepKind.LAPSED),
        ("expired", StepKind.EXPIRED),
        ("a party left the protocol", StepKind.PARTY_LEFT),
        ("the protocol's review is overdue", StepKind.REVIEW_OVERDUE),
        ("not reviewed in time", StepKind.NOT_REVIEWED),
        ("its key or topic was lost", StepKind.LOST),
        ("destroyed access, topic, key", StepKind.DESTROYED),
        ("closed", StepKind.CLOSED),
        ("prepared from an alert", StepKind.PREPARED),
        ("prepared from an alert, urgently", StepKind.PREPARED_URGENTLY),
        ("the alert was withdrawn", StepKind.ALERT_WITHDRAWN),
    ],
)
def test_what_stands_in_the_topics_already_keeps_its_kind(what: str, kind: StepKind) -> None:
    """Inboxes and cases hold these codes for years: a code is never changed."""
    assert Step(at=NOW, who="daat.approver", what=what).kind is kind


def test_a_step_is_written_as_earlier_releases_read_it() -> None:
    """They refuse a case with a field that they do not know, and then release nothing for it."""
    (first, *_) = json.loads(case_with("held").model_dump_json())["history"]
    assert set(first) == {"at", "who", "what", "reason"}
