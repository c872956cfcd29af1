"""A request prepared from an alert: its terms are the protocol's, and one signed approval opens it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from isp.agreement.protocol import CaseLimits
from isp.cases.case import Case, Flow, State, waiting
from isp.cases.letters import Subject
from isp.cases.prepared import digest_of
from isp.cases.register import REVIEW_TIME, Refused, Taken, opened
from isp.cases.sealing import public_half
from isp.cases.steps import StepKind
from tests.isp.cases.prepared import (
    AGREED,
    EVENT,
    WITHOUT,
    Desk,
    document_message,
    prepared,
    take_back,
    with_terms,
)
from tests.isp.cases.table import CASE, JANE, NOW, TODAY, reasons, request

HOME = Subject(address="7 Acacia Avenue", postcode="BA2 2QH")
RISK = "the third event of this victim since 3 March"
HEALTH: dict[str, Any] = {"supplier": "daat", "fields": {"drug-treatment-adult": ["name"]}}


def refused(desk: Desk, **changes: Any) -> str:
    answer = desk.prepare(**changes)
    assert isinstance(answer, Refused), answer
    assert desk.register.cases == {}
    return reasons(answer)


def seen(desk: Desk, party: str = "council") -> str:
    return desk.case.as_seen_by(party).model_dump_json()


def test_a_prepared_request_is_a_case_for_the_suppliers_decision_made_by_the_alerts_agent() -> None:
    desk = Desk()
    taken = desk.prepare()
    assert isinstance(taken, Taken)
    assert (str(taken.actor), taken.outcome) == ("alerter", "prepared from an alert")
    case = desk.case
    assert (case.state, case.recipient, case.supplier) == (State.ASKED, "council", "police")
    assert (case.event, case.head) == (EVENT, digest_of(prepared()))
    assert case.request is None
    assert [(w.party, w.what) for w in waiting(case, AGREED)] == [("police", "decide")]


def test_one_approval_opens_it_with_what_was_prepared() -> None:
    desk = Desk()
    desk.prepare()
    desk.decide("approve")
    assert desk.case.state is State.APPROVED
    assert desk.case.grant is not None
    assert desk.case.grant.fields == prepared().fields
    assert desk.case.grant.until == prepared().until


def test_an_approval_may_give_less_and_never_more() -> None:
    desk = Desk()
    desk.prepare()
    more = desk.decide("approve", fields={"police-crime-victim": ["name", "ethnicity"]})
    assert "these fields were not requested: ethnicity" in reasons(more)
    desk.decide("approve", fields={"police-crime-victim": ["name"]}, until=TODAY)
    assert desk.case.grant is not None
    assert (desk.case.grant.fields, desk.case.grant.until) == (
        {"police-crime-victim": ("name",)},
        TODAY,
    )


def test_an_urgent_one_is_approved_by_the_duty_officer_and_then_reviewed_by_another() -> None:
    desk = Desk()
    desk.prepare(urgent=RISK)
    assert desk.case.history[0].kind is StepKind.PREPARED_URGENTLY
    (wait,) = waiting(desk.case, AGREED)
    assert "duty_officer" in wait.posts
    desk.decide("approve", "police", "duty_officer", urgent="threat to life")
    assert desk.case.grant is not None
    assert desk.case.grant.review_by == NOW + REVIEW_TIME
    desk.register.keep(CASE, opened(desk.case, Flow(key="AA=="), NOW))
    assert "another officer" in reasons(desk.decide("approve", "police", "duty_officer"))
    desk.decide("approve")
    assert desk.case.grant.review_by is None


def test_a_health_request_needs_the_guardians_advice() -> None:
    desk = Desk()
    desk.prepare(**HEALTH)
    assert "Caldicott" in reasons(desk.decide("approve", "daat", "approver"))
    desk.advise("share", "daat")
    desk.decide("approve", "daat", "approver")
    assert desk.case.state is State.APPROVED


def test_a_process_that_needs_consent_needs_it_of_the_subjects() -> None:
    protocol = with_terms(process="treatment-group")
    desk = Desk(protocol)
    desk.prepare(**HEALTH, process="treatment-group")
    desk.advise("share", "daat")
    assert "consent" in reasons(desk.decide("approve", "daat", "approver"))
    desk.consent()
    desk.decide("approve", "daat", "approver")
    assert desk.case.state is State.APPROVED


# What the recipient sees


def test_before_the_approval_the_recipient_learns_nothing_but_that_there_is_a_case() -> None:
    desk = Desk()
    desk.prepare(urgent=RISK)
    desk.decide("hold", reason="Jane Roe is asked first")
    for secret in ("Jane", "1990", "reported?", RISK, "name", "5a5a"):
        assert secret not in seen(desk).replace('"recipient', ""), secret
    assert EVENT in seen(desk)
    assert "Jane Roe" in seen(desk, "police")
    assert RISK in seen(desk, "police")


@pytest.mark.parametrize("ends", ["refuse", "lapse", "take-back"])
def test_after_an_end_without_approval_nobody_sees_whom_it_was_about(ends: str) -> None:
    desk = Desk()
    desk.prepare(urgent=RISK)
    if ends == "refuse":
        desk.decide("refuse", reason="Jane Roe does not want it")
    elif ends == "take-back":
        desk.prepare(take_back())
    else:
        (lapsed,) = desk.register.due(NOW + timedelta(40))
        desk.register.keep(lapsed.key, lapsed.record)
    for party in ("council", "police"):
        assert "Jane" not in seen(desk, party)
        assert RISK not in seen(desk, party)
    assert desk.case.event == EVENT, "the alert still finds it"


def test_after_the_approval_the_recipient_sees_the_request_without_the_reason_for_its_urgency() -> (
    None
):
    desk = Desk()
    desk.prepare(urgent=RISK)
    desk.decide("approve")
    shown = Case.model_validate_json(seen(desk))
    assert shown.prepared == prepared()
    assert RISK not in seen(desk)


def test_what_the_recipient_sees_confirms_no_guess_about_the_subject() -> None:
    """The head is the digest of the whole request, and all else in it can be guessed."""
    assert digest_of(prepared()) != digest_of(prepared(salt="00" * 16))
    desk = Desk()
    desk.prepare()
    assert desk.case.prepared is not None
    assert desk.case.prepared.salt not in seen(desk)


def test_a_closed_case_forgets_its_subjects() -> None:
    desk = Desk()
    desk.prepare()
    desk.decide("approve")
    assert "Jane" not in desk.case.forgotten().model_dump_json()


def test_the_recipient_may_decline_a_prepared_request() -> None:
    desk = Desk()
    desk.prepare()
    desk.end()
    assert (desk.case.state, desk.case.prepared) == (State.CLOSED, None)


# What is refused


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"recipient": "probation"}, "no terms for requests that are prepared for 'probation'"),
        ({"recipient": "nobody"}, "'nobody' is not a party"),
        ({"supplier": "council"}, "not another party"),
        ({"process": "marac"}, "process: differs from the terms"),
        ({"purpose": "curiosity"}, "purpose: differs from the terms"),
        ({"questions": ["Who?"]}, "questions: differs from the terms"),
        ({"legal_basis": "common-law"}, "legal_basis: differs from the terms"),
        ({"conditions": []}, "conditions: differs from the terms"),
        ({"sealing_key": public_half(X25519PrivateKey.generate())}, "sealing_key: differs"),
        ({"fields": {"police-crime-offence": ["offence_code"]}}, "not a dataset of domestic alerts"),
        ({"fields": {"police-incident": ["shoe_size"]}}, "police-incident has no field 'shoe_size'"),
        ({"fields": {"police-incident": []}}, "no field is named"),
        ({"until": (TODAY + timedelta(29)).isoformat()}, "until 2026-12-23"),
        ({"until": (TODAY - timedelta(1)).isoformat()}, "until 2026-11-23"),
        ({"at": (NOW + timedelta(minutes=11)).isoformat()}, "time is in the future"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_protocol_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in refused(Desk(), **changes)


@pytest.mark.parametrize(
    "subjects",
    [
        [{"reference": "OF-1"}],
        [JANE.model_dump(mode="json"), HOME.model_dump(mode="json")],
        [HOME.model_dump(mode="json"), {"address": "8 Acacia Avenue", "postcode": "BA2 2QH"}],
        [{"name": "Jane Roe"}],
        [],
    ],
)
def test_its_subjects_are_victims_or_one_household_alone(subjects: list[Any]) -> None:
    assert refused(Desk(), subjects=subjects).startswith("it is not a prepared request")


def test_a_household_is_a_subject_where_no_consent_is_needed() -> None:
    desk = Desk()
    assert isinstance(desk.prepare(subjects=[HOME.model_dump(mode="json")]), Taken)
    needing = Desk(with_terms(process="treatment-group"))
    asked = {**HEALTH, "process": "treatment-group", "subjects": [HOME.model_dump(mode="json")]}
    assert "a household cannot consent" in refused(needing, **asked)


@pytest.mark.parametrize("document", ["", "{", "[]", '{"Jane Roe": 1}', "\ud800", '{"format": 2}'])
def test_what_is_no_prepared_request_is_refused_without_its_content(document: str) -> None:
    desk = Desk()
    answer = desk.prepare({"case": CASE, "kind": "request", "document": document})
    assert isinstance(answer, Refused)
    assert "it is not a prepared request" in reasons(answer)
    assert "Jane" not in reasons(answer)


def test_a_message_about_another_case_than_its_request_is_refused() -> None:
    assert "different cases" in reasons_of(document_message() | {"case": "f" * 16})


def reasons_of(message: dict[str, Any]) -> str:
    answer = Desk().prepare(message)
    assert isinstance(answer, Refused)
    return reasons(answer)


def test_a_case_that_exists_is_not_prepared_again() -> None:
    desk = Desk()
    desk.prepare()
    before = desk.case
    assert "exists already" in reasons(desk.prepare())  # type: ignore[arg-type]
    assert desk.case == before


def test_a_case_that_cannot_be_read_is_not_prepared_again() -> None:
    desk = Desk()
    desk.register.unreadable_cases[CASE] = NOW
    assert "cannot read it" in refused(desk)


def test_terms_that_the_authorities_signed_alone_do_not_count() -> None:
    rekeyed = AGREED.model_copy(update={"rekeyed": ("council",)})
    assert "rekeyed" in refused(Desk(rekeyed))


def test_after_the_review_was_due_nothing_is_prepared() -> None:
    overdue = AGREED.model_copy(update={"review": TODAY - timedelta(1)})
    assert "the review of the protocol was due" in refused(Desk(overdue))


def test_without_alerts_in_the_protocol_nothing_is_prepared() -> None:
    assert "no terms" in refused(Desk(WITHOUT))


def test_the_terms_may_allow_fewer_days_than_the_process() -> None:
    short = with_terms(days=7)
    assert "the terms of 'council' allow it to 2026-12-01" in refused(Desk(short))
    assert isinstance(Desk(short).prepare(until="2026-12-01"), Taken)


def test_the_agents_clock_may_already_be_on_the_next_day() -> None:
    desk = Desk()
    desk.now = NOW.replace(hour=23, minute=55)
    at = NOW.replace(day=25, hour=0, minute=1).isoformat()
    assert isinstance(desk.prepare(at=at, until="2026-12-23"), Taken)


# Limits


def test_prepared_requests_do_not_count_against_the_recipients_own() -> None:
    limits = CaseLimits(undecided=1, requests_a_day=1)
    desk = Desk(AGREED.model_copy(update={"cases": limits}))
    desk.prepare()
    assert isinstance(desk.send(request(case="a" * 16)), Taken)


def test_at_the_limit_the_oldest_stays_and_the_new_one_is_refused() -> None:
    desk = Desk(AGREED.model_copy(update={"cases": CaseLimits(prepared=1)}))
    desk.prepare()
    answer = desk.prepare(case="b" * 16)
    assert isinstance(answer, Refused)
    assert answer.is_beyond_limit
    assert "1 requests prepared for 'council' wait for a decision of 'police'" in reasons(answer)
    assert list(desk.register.cases) == [CASE]
    assert isinstance(desk.prepare(case="c" * 16, **HEALTH), Taken), "of another supplier"
    desk.decide("refuse")
    assert isinstance(desk.prepare(case="d" * 16), Taken)


def test_the_recipients_own_requests_do_not_count_against_the_prepared_ones() -> None:
    desk = Desk(AGREED.model_copy(update={"cases": CaseLimits(prepared=1)}))
    desk.send(request(case="a" * 16))
    assert isinstance(desk.prepare(), Taken)


# Taken back


def test_a_request_is_taken_back_while_it_is_undecided() -> None:
    desk = Desk()
    desk.prepare()
    taken = desk.prepare(take_back())
    assert isinstance(taken, Taken)
    assert (desk.case.state, desk.case.prepared) == (State.CLOSED, None)
    assert desk.case.history[-1].kind is StepKind.ALERT_WITHDRAWN
    assert desk.prepare(take_back()) is None, "it is taken back once"
    assert "the case is closed" in reasons(desk.decide("approve"))


def test_a_decided_case_is_not_taken_back() -> None:
    desk = Desk()
    desk.prepare()
    desk.decide("approve")
    before = desk.case
    assert desk.prepare(take_back()) is None
    assert desk.case == before


def test_a_request_of_an_officer_is_not_taken_back_by_the_agent() -> None:
    desk = Desk()
    desk.send(request())
    assert "was not prepared from an alert" in reasons(desk.prepare(take_back()))  # type: ignore[arg-type]
    assert desk.case.state is State.ASKED


def test_what_was_refused_is_taken_back_without_effect() -> None:
    assert Desk().prepare(take_back()) is None


# Time and later protocols


def test_an_undecided_one_lapses_when_the_terms_are_no_longer_those_of_the_protocol() -> None:
    desk = Desk()
    desk.prepare()
    assert list(desk.register.due(NOW)) == []
    for protocol in (WITHOUT, with_terms(sealing_key=public_half(X25519PrivateKey.generate()))):
        after = Desk(protocol)
        after.register.keep(CASE, desk.case)
        (lapsed,) = after.register.due(NOW)
        assert isinstance(lapsed.record, Case)
        assert (lapsed.record.state, lapsed.record.prepared) == (State.REFUSED, None)
        assert "has other terms" in reasons(after.decide("approve"))


def test_a_stored_case_says_nothing_of_alerts_unless_it_was_prepared() -> None:
    desk = Desk()
    desk.send(request())
    assert {"event", "prepared"} & json.loads(desk.case.model_dump_json()).keys() == set()
