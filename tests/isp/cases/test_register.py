"""Only letters of the entitled officers move a case from request to destruction."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from isp.agreement.protocol import CaseLimits
from isp.agreement.topics import MAXIMUM_LETTER_BYTES, MAXIMUM_MESSAGE_BYTES
from isp.cases.case import Flow, State, waiting
from isp.cases.letters import LONGEST_LETTER_BYTES, Decision, LetterError, Subject, sign_letter
from isp.cases.register import REVIEW_TIME, Refused, Taken, closed, opened
from isp.cases.rules import LONGEST_HISTORY
from schemas.exact_base64 import encoded
from tests.isp.cases.table import (
    CASE,
    CATALOGUE,
    JANE,
    NOW,
    PROTOCOL,
    TODAY,
    Table,
    key_of,
    reasons,
    request,
    written,
)

HEALTH: dict[str, Any] = {
    "supplier": "hospital",
    "fields": {"hospital-assault": ["name", "date_of_birth"]},
}
TREATMENT: dict[str, Any] = {
    "process": "treatment-group",
    "supplier": "daat",
    "fields": {"drug-treatment-adult": ["name", "treatment_type"]},
}


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def asked(table: Table) -> Table:
    assert isinstance(table.send(request()), Taken)
    return table


@pytest.fixture
def running(asked: Table) -> Table:
    assert isinstance(asked.decide("approve"), Taken)
    asked.register.keep(CASE, opened(asked.case, Flow(key="AA=="), NOW))
    return asked


def waits(table: Table) -> set[tuple[str, str]]:
    return {(w.party, post) for w in waiting(table.case, PROTOCOL) for post in w.posts}


def test_a_request_waits_for_the_supplying_agencys_officer_or_deputy(asked: Table) -> None:
    assert asked.case.state is State.ASKED
    assert waits(asked) == {("police", "liaison_officer"), ("police", "deputy")}


def test_nothing_is_taken_from_a_party_that_was_rekeyed_and_its_cases_are_held(
    running: Table,
) -> None:
    """The authorities replaced its keys without its signature, so another person may hold them."""
    case = running.case
    assert not running.register.is_held(case)
    table = Table(PROTOCOL.model_copy(update={"rekeyed": ("police",)}))
    table.register.keep(CASE, case)
    assert table.register.is_held(case)
    assert "were replaced without a signature of its own" in reasons(table.decide("refuse"))
    assert table.case.state is State.OPEN
    assert isinstance(table.end(), Taken), "the other party ends it all the same"


def test_approve_opens_the_way_for_exactly_what_was_asked(asked: Table) -> None:
    asked.decide("approve")
    assert asked.case.state is State.APPROVED
    assert asked.case.grant is not None
    assert asked.case.grant.fields == asked.case.request.fields  # type: ignore[union-attr]


def test_an_approval_may_be_of_less_in_fields_and_time(asked: Table) -> None:
    less = {"police-crime-victim": ["name"]}
    asked.decide("approve", fields=less, until=TODAY + timedelta(7))
    assert asked.case.grant is not None
    assert asked.case.grant.fields == {"police-crime-victim": ("name",)}
    assert asked.case.grant.until == TODAY + timedelta(7)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"fields": {"police-crime-victim": ["date_of_birth"]}}, "these fields were not requested"),
        ({"fields": {"police-crime-offender": ["name"]}}, "these fields were not requested"),
        ({"fields": {}}, "names no fields"),
        ({"until": TODAY + timedelta(29)}, "it was requested until"),
        ({"until": TODAY - timedelta(1)}, "is in the past"),
        ({"previous": "0" * 64}, "does not follow the last letter"),
    ],
)
def test_an_approval_is_never_of_more_or_of_something_else(
    asked: Table, changes: dict[str, Any], why: str
) -> None:
    assert why in reasons(asked.decide("approve", **changes))
    assert asked.case.state is State.ASKED


@pytest.mark.parametrize(
    ("party", "post", "why"),
    [
        ("council", "deputy", "the supplier 'police' decides"),
        ("fire", "deputy", "has no case"),
        ("police", "duty_officer", "may not make this decision"),
    ],
)
def test_nobody_else_decides_least_of_all_who_asked(
    asked: Table, party: str, post: str, why: str
) -> None:
    assert why in reasons(asked.decide("approve", party, post))


def test_a_letter_with_anothers_key_or_by_anothers_topic_is_not_taken(asked: Table) -> None:
    forged = asked.decision("approve").model_copy(
        update={"key": asked.decision("approve", "council", "deputy").key}
    )
    message = sign_letter(forged, key_of("council", "deputy"))
    assert "protocol's key of the deputy of 'police'" in reasons(asked.put("police", message))
    assert "sent by 'council'" in reasons(asked.send(asked.decision("approve"), "council"))


def test_a_letter_that_was_changed_or_is_none_is_not_taken(asked: Table) -> None:
    message = sign_letter(asked.decision("approve"), key_of("police", "deputy"))
    changed = message["document"].replace("proportionate", "proportional.")
    spaced = json.dumps(json.loads(message["document"]))
    for document, why in [
        (changed, "signature"), (spaced, "canonical JSON"), ("{}", "not a letter"), ("", "not a letter"),
    ]:  # fmt: skip
        assert why in reasons(asked.put("police", {**message, "document": document}))
    noise = {**message, "signature": encoded(bytes(64))}
    assert "signature of the letter is wrong" in reasons(asked.put("police", noise))
    assert asked.case.state is State.ASKED


def test_an_approval_that_is_sent_again_or_after_a_refusal_does_nothing(asked: Table) -> None:
    approval = asked.decision("approve")
    asked.send(approval)
    assert "does not follow" in reasons(asked.send(approval))
    other = Table()
    other.send(request())
    early = other.decision("approve")
    other.decide("refuse")
    assert "does not follow" in reasons(other.send(early))
    assert other.case.state is State.REFUSED


def test_an_approval_of_another_case_is_of_no_use_here(asked: Table) -> None:
    other = Table()
    other.send(request(purpose="Something else altogether"))
    foreign = other.decision("approve")
    assert "does not follow" in reasons(asked.send(foreign))


def test_a_case_is_asked_for_once(asked: Table) -> None:
    assert "exists already" in reasons(asked.send(request()))


def limited(**limits: int) -> Table:
    """Return a table under a protocol with lower limits on the requests of each party."""
    return Table(PROTOCOL.model_copy(update={"cases": CaseLimits(**limits)}))


def ask(table: Table, number: int, **changes: Any) -> Taken | Refused:
    return table.send(request(case=f"{number:016x}", **changes))


def turn_down(table: Table, number: int) -> None:
    case = table.register.cases[f"{number:016x}"]
    about = {"case": case.case, "previous": case.head, "outcome": "refuse", "reason": "no"}
    table.send(Decision.model_validate(written("police", "deputy") | about))


def test_a_party_has_no_more_requests_undecided_than_the_protocol_allows() -> None:
    table = limited(undecided=2)
    assert isinstance(ask(table, 1), Taken)
    assert isinstance(ask(table, 2), Taken)
    assert "wait for a decision" in reasons(ask(table, 3))
    other = request("fire", case=f"{9:016x}")
    assert "wait for a decision" not in str(table.send(other)), "another party is not concerned"
    turn_down(table, 1)
    assert isinstance(ask(table, 3), Taken)


def test_a_party_makes_no_more_requests_a_day_than_the_protocol_allows() -> None:
    table = limited(requests_a_day=2)
    for number in (1, 2):
        assert isinstance(ask(table, number), Taken)
        turn_down(table, number)
    assert "2 requests in 24 hours" in reasons(ask(table, 3))
    table.now += timedelta(hours=25)
    assert isinstance(ask(table, 3), Taken)


def test_the_largest_useful_request_is_no_longer_than_a_letter_may_be() -> None:
    supplied = [s.dataset for s in PROTOCOL.supplies if s.agency == "police"]
    fields = {d: [f.name for f in CATALOGUE.record_type(d).fields] for d in supplied}
    people = [Subject(name=f"Jane Roe {n:03d} of Somewhere", date_of_birth=date(1990, 5, 17))
              for n in range(20)]  # fmt: skip
    largest = request(fields=fields, subjects=people, questions=["Why? " * 100] * 3)
    message = sign_letter(largest, key_of("council", "deputy"))
    assert len(message["document"]) < LONGEST_LETTER_BYTES
    assert LONGEST_LETTER_BYTES + 1_000 < MAXIMUM_LETTER_BYTES + 64


def test_a_longer_letter_is_refused_before_it_is_sent_and_when_it_arrives() -> None:
    long = request(questions=["x" * 1_000] * 16)
    with pytest.raises(LetterError, match=r"accepted: 15,360\. Shorten"):
        sign_letter(long, key_of("council", "deputy"))
    message = {"document": "[" * 100_000, "signature": ""}
    assert "longer than the accepted 15,360 bytes" in reasons(Table().put("council", message))


def test_what_a_refusal_says_has_a_bound() -> None:
    wrong = request(fields={f"no-such-dataset-{n}": ["name"] for n in range(300)})
    refused = Table().send(wrong)
    assert isinstance(refused, Refused)
    assert len(refused.reasons) >= 300
    assert refused.answer["reasons"][-1] == f"and {len(refused.reasons) - 20} more"
    assert len(json.dumps(refused.answer)) < 50_000


@pytest.mark.parametrize("character", ["\x1b", "\u202e", "\x9b", "\u200b"])
def test_a_letter_holds_no_character_that_controls_a_reader_s_terminal(character: str) -> None:
    for changes in ({"purpose": f"a{character}b"}, {"questions": [f"a{character}b"]}):
        with pytest.raises(ValueError, match="which a reader cannot see"):
            request(**changes)


def test_held_is_decided_later(asked: Table) -> None:
    asked.decide("hold")
    assert asked.case.state.value == "held"
    asked.decide("approve", post="liaison_officer")
    assert asked.case.state is State.APPROVED


def test_refused_forgets_whom_it_was_about_and_never_opens(asked: Table) -> None:
    asked.decide("refuse")
    assert "Roe" not in asked.case.model_dump_json()
    assert "proportionate" not in asked.case.model_dump_json()
    assert "decided already" in reasons(asked.decide("approve"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"supplier": "council"}, "is not another party"),
        ({"supplier": "nobody"}, "is not another party"),
        ({"process": "gossip"}, "is unknown; accepted: marac"),
        ({"fields": {"fire-incident": ["casualties"]}}, "does not supply 'fire-incident'"),
        ({"fields": {"police-crime-victim": ["shoe_size"]}}, "has no field 'shoe_size'"),
        ({"fields": {"police-crime-victim": ["record_reference"]}}, "no field 'record_reference'"),
        ({"fields": {"police-crime-victim": []}}, "name the fields"),
        ({"until": TODAY - timedelta(1)}, "is accepted for marac"),
        ({"until": TODAY + timedelta(367)}, "is accepted for marac"),
        ({"legal_basis": "depersonalised"}, "gives no power to share sensitive"),
        ({"legal_basis": "cda-1998-s17a"}, "gives no power to share sensitive"),
        ({"legal_basis": "a-hunch"}, "is not a basis of guidance-2010"),
        ({"conditions": []}, "needs a condition of schedule-2"),
        ({"conditions": ["dpa-1998-sch2-public-functions"]}, "needs a condition of schedule-3"),
        ({"post": "caldicott_guardian"}, "has no caldicott_guardian"),
        ({"onward_from": "ffffffffffffffff"}, "no open case ffffffffffffffff has"),
        ({"sealing_key": encoded(bytes(32))}, "cannot be used for encryption"),
    ],
)
def test_a_request_that_the_law_or_the_protocol_does_not_bear_is_not_put(
    table: Table, changes: dict[str, Any], why: str
) -> None:
    assert why in reasons(table.send(request(**changes)))
    assert CASE not in table.register.cases


def test_the_second_group_is_given_nothing_personal(table: Table) -> None:
    party = next(p.id for p in PROTOCOL.parties if p.group == "second")
    post = next(iter(PROTOCOL.party(party).posts))
    assert "second group" in reasons(table.send(request(party, post)))


def test_a_body_that_is_no_relevant_authority_cannot_claim_section_115(table: Table) -> None:
    assert "not a relevant authority" in reasons(table.send(request("yos", "approver")))


def test_health_information_waits_for_the_guardian_and_is_then_decided(table: Table) -> None:
    table.send(request(**HEALTH))
    assert ("hospital", "caldicott_guardian") in waits(table)
    assert "Caldicott Guardian" in reasons(table.decide("approve", "hospital", "liaison_officer"))
    assert isinstance(table.advise("share", "hospital"), Taken)
    assert isinstance(table.decide("approve", "hospital", "liaison_officer"), Taken)


def test_a_guardian_advises_on_its_own_agencys_cases_and_decides_none(table: Table) -> None:
    table.send(request(**HEALTH))
    assert "has no case" in reasons(table.advise("share", "ambulance"))
    made = table.decide("approve", "hospital", "caldicott_guardian")
    assert "may not make this decision" in reasons(made)


def test_in_urgency_one_officer_on_duty_decides_and_another_reviews(table: Table) -> None:
    table.send(request(urgent="threat to life tonight", **HEALTH))
    answer = table.decide("approve", "hospital", "duty_officer", urgent="threat to life")
    assert isinstance(answer, Taken)
    table.register.keep(CASE, opened(table.case, Flow(key="AA=="), NOW))
    assert waits(table) == {("hospital", "liaison_officer"), ("hospital", "caldicott_guardian")}
    early = table.decide("approve", "hospital", "liaison_officer")
    assert "Caldicott Guardian" in reasons(early)
    assert isinstance(table.advise("share", "hospital"), Taken)
    again = table.decide("approve", "hospital", "duty_officer", urgent="still")
    assert "another officer must review" in reasons(again)
    assert isinstance(table.decide("approve", "hospital", "liaison_officer"), Taken)
    assert table.case.grant is not None
    assert table.case.grant.review_by is None
    assert not list(table.register.due(NOW + REVIEW_TIME * 2))


def test_what_was_decided_in_urgency_and_never_reviewed_closes(table: Table) -> None:
    table.send(request())
    table.decide("approve", "police", "duty_officer", urgent="threat to life")
    assert not list(table.register.due(NOW + REVIEW_TIME))
    (due,) = table.register.due(NOW + REVIEW_TIME + timedelta(seconds=1))
    assert due.outcome == "not reviewed in time"


def test_a_case_lasts_to_the_end_of_its_last_day_in_london(running: Table) -> None:
    last = NOW.replace(hour=23, minute=59) + timedelta(28)
    assert not list(running.register.due(last))
    (due,) = running.register.due(last + timedelta(minutes=1))
    assert (due.outcome, due.record.state) == ("expired", State.CLOSING)  # type: ignore[union-attr]


def test_a_case_closes_when_a_party_has_left_the_protocol(running: Table) -> None:
    parties = tuple(p for p in PROTOCOL.parties if p.id != "council")
    after = Table(PROTOCOL.model_copy(update={"parties": parties}))
    after.register.keep(CASE, running.case)
    (due,) = after.register.due(NOW)
    assert due.outcome == "a party left the protocol"


def test_an_approval_can_be_withdrawn_and_a_case_ended_by_its_recipient(running: Table) -> None:
    before = running.case
    running.decide("refuse")
    assert running.case.state is State.CLOSING
    running.register.keep(CASE, before)
    running.end()
    assert running.case.state is State.CLOSING
    assert running.case.confirmed


def test_only_the_recipient_ends_a_case(running: Table) -> None:
    assert "only the recipient 'council' ends" in reasons(running.end("police"))


def test_after_its_end_the_record_says_what_was_destroyed_and_waits_for_the_rest(
    running: Table,
) -> None:
    (due,) = running.register.due(NOW + timedelta(60))
    assert due.record.state is State.CLOSING  # type: ignore[union-attr]
    running.register.keep(CASE, closed(due.record, ("access", "topic", "key"), NOW))  # type: ignore[arg-type]
    assert running.case.destroyed == ("access", "topic", "key")
    assert "Roe" not in running.case.model_dump_json()
    assert ("council", "deputy") in waits(running)
    assert isinstance(running.end(), Taken)
    assert running.case.confirmed
    assert waits(running) == set()
    assert "confirmed already" in reasons(running.end())


def test_onward_disclosure_asks_the_originating_officer_again(running: Table) -> None:
    onward: dict[str, Any] = {"case": "00000000000000bb", "onward_from": CASE}
    assert isinstance(running.send(request("probation", **onward)), Taken)
    elsewhere = onward | {"case": "00000000000000cc", "supplier": "council"}
    elsewhere["fields"] = {"council-asb": ["incident_reference"]}
    answer = running.send(request("probation", **elsewhere))
    assert "ask the agency that supplied the records" in reasons(answer)


def test_who_asks_for_onward_disclosure_is_not_told_whose_case_it_is(running: Table) -> None:
    """The answer for a case of another agency is the same as for a case that does not exist."""
    asked: dict[str, Any] = {
        "case": "00000000000000cc", "supplier": "council",
        "fields": {"council-asb": ["incident_reference"]},
    }  # fmt: skip
    none = "f" * len(CASE)
    told = [
        reasons(running.send(request("probation", **asked, onward_from=case)))
        for case in (CASE, none)
    ]
    assert told[0].replace(CASE, none) == told[1]
    assert "'police'" not in told[0]


def test_a_case_knows_that_the_newest_advice_is_to_withhold(table: Table) -> None:
    table.send(request(**TREATMENT))
    assert not table.case.is_advised_against
    for advice, against in (("withhold", True), ("share", False), ("withhold", True)):
        table.advise(advice, "daat")
        assert table.case.is_advised_against == against


def test_a_treatment_group_needs_written_consent(table: Table) -> None:
    table.send(request(**TREATMENT))
    table.advise("share", "daat")
    assert "have not given the written consent" in reasons(
        table.decide("approve", "daat", "approver")
    )
    assert "needs written consent" in reasons(table.consent(form="informed"))
    assert isinstance(table.consent(), Taken)
    assert isinstance(table.decide("approve", "daat", "approver"), Taken)
    assert not table.register.lacking_consent(table.case, NOW)


def test_withdrawal_stops_what_consent_allowed_and_so_does_the_end_of_its_year(
    table: Table,
) -> None:
    table.send(request(**TREATMENT))
    table.advise("share", "daat")
    table.consent()
    table.decide("approve", "daat", "approver")
    assert table.register.lacking_consent(table.case, NOW + timedelta(301)) == (JANE,)
    table.consent("withdrawn")
    assert table.register.lacking_consent(table.case, NOW) == (JANE,)


def test_consent_is_to_an_agency_for_a_process_and_by_that_person(table: Table) -> None:
    table.send(request(**TREATMENT))
    table.advise("share", "daat")
    table.consent(process="dip-care", case="00000000000000ab")
    table.consent(subject=Subject(reference="C-9"), case="00000000000000ac")
    assert "have not given" in reasons(table.decide("approve", "daat", "approver"))


def test_refused_consent_goes_to_the_case_by_case_test_with_its_reason(table: Table) -> None:
    table.send(request(**TREATMENT))
    table.advise("share", "daat")
    table.consent("refused")
    other = {"rule": "public-protection", "reason": "general concern"}
    made = table.decide("approve", "daat", "approver", without_consent=other)
    assert "is no exception of treatment-group; accepted: prejudice-to-crime" in reasons(made)
    exception = {"rule": "prejudice-to-crime", "reason": "an offence is being planned"}
    table.decide("approve", "daat", "approver", without_consent=exception)
    assert table.case.history[-1].what.endswith("without consent (prejudice-to-crime)")
    assert "an offence is being planned" in table.case.history[-1].reason
    assert not table.register.lacking_consent(table.case, NOW)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"process": "ppo"}, "needs no consent"),
        ({"on": TODAY + timedelta(1)}, "is in the future"),
        ({"on": date.max, "until": date.max}, "is in the future"),
        ({"until": TODAY + timedelta(400)}, "is valid for 366 days"),
    ],
)
def test_a_consent_that_cannot_be_is_not_taken(
    table: Table, changes: dict[str, Any], why: str
) -> None:
    assert why in reasons(table.consent(**changes))


def test_a_positive_test_alone_selects_nobody_and_intelligence_states_its_concern(
    table: Table,
) -> None:
    fields: Any = {"police-drug-test": ["name", "test_result"]}
    answer = table.send(request(process="intelligence", fields=fields))
    assert "may not be used alone" in reasons(answer)
    assert "needs a specific public protection concern" in reasons(answer)


def test_a_test_result_goes_to_the_team_that_assesses_without_consent(table: Table) -> None:
    fields: Any = {"police-drug-test": ["name", "test_result"]}
    to_council = table.send(request(process="dip-requirement", fields=fields))
    assert "from police-force to drug-and-alcohol-action-team" in reasons(to_council)
    letter = request("daat", "approver", process="dip-requirement", fields=fields,
                     legal_basis="oma-2007-s14")  # fmt: skip
    assert isinstance(table.send(letter), Taken)
    assert isinstance(table.decide("approve"), Taken)
    assert not table.register.lacking_consent(table.case, NOW)


def test_scrutiny_is_told_of_people_only_where_necessary_and_without_prejudice(
    table: Table,
) -> None:
    basis: dict[str, Any] = {"process": "scrutiny", "legal_basis": "cda-1998-s115"}
    assert "why people must be identifiable" in reasons(table.send(request(**basis)))
    table.send(request(**basis, necessary="the committee reviews this one decision"))
    assert "proceedings are prejudiced" in reasons(table.decide("approve"))
    assert isinstance(table.decide("approve", no_prejudice=True), Taken)


def test_letters_about_a_case_whose_supplier_has_left_are_answered(running: Table) -> None:
    parties = tuple(p for p in PROTOCOL.parties if p.id != "police")
    after = Table(PROTOCOL.model_copy(update={"parties": parties}))
    after.register.keep(CASE, running.case)
    assert "the supplier 'police' decides" in reasons(after.decide("approve", "council"))
    assert isinstance(after.end(), Taken)


def test_a_request_that_nobody_decides_lapses_and_forgets_whom_it_was_about(asked: Table) -> None:
    assert not list(asked.register.due(NOW + timedelta(28)))
    (lapsed,) = asked.register.due(NOW + timedelta(29))
    assert (lapsed.outcome, lapsed.record.state) == ("lapsed", State.REFUSED)  # type: ignore[union-attr]
    assert "Roe" not in lapsed.record.model_dump_json()


def test_what_the_recipient_says_of_its_copies_stays_with_the_case(running: Table) -> None:
    running.end()
    running.register.keep(CASE, closed(running.case, ("access", "topic", "key"), NOW))
    assert running.case.copies == "none were made"


def test_in_a_case_in_which_nothing_was_disclosed_nothing_is_to_be_confirmed(asked: Table) -> None:
    asked.decide("refuse")
    assert "no record was disclosed" in reasons(asked.end())


def test_who_is_urgent_asked_finds_it_in_the_inbox_of_the_officer_on_duty(table: Table) -> None:
    table.send(request(urgent="threat to life tonight"))
    assert ("police", "duty_officer") in waits(table)


def test_urgency_is_not_for_an_agency_where_nobody_else_could_review_it(table: Table) -> None:
    table.send(request(**HEALTH))
    answer = table.decide("approve", "hospital", "liaison_officer", urgent="threat to life")
    assert "has no other post" in reasons(answer)


def test_a_letter_of_a_time_to_come_is_not_taken(table: Table) -> None:
    assert "the letter's time is in the future" in reasons(
        table.send(request(at=NOW + timedelta(hours=1)))
    )


def test_a_consent_that_is_sent_again_after_its_withdrawal_does_nothing(table: Table) -> None:
    again: dict[str, Any] = {"at": NOW + timedelta(seconds=1)}
    table.consent(**again)
    table.consent("withdrawn")
    assert "is as new or newer" in reasons(table.consent(**again))
    table.consent()
    (record,) = table.register.consents.values()
    assert record.consent.given == "given"


def test_an_exception_covers_those_whose_consent_was_lacking_and_nobody_else(table: Table) -> None:
    other = Subject(reference="C-9")
    table.send(request(**TREATMENT, subjects=[JANE, other]))
    table.advise("share", "daat")
    table.consent()
    exception = {"rule": "prejudice-to-crime", "reason": "an offence is being planned"}
    assert isinstance(table.decide("approve", "daat", "approver", without_consent=exception), Taken)
    table.consent("withdrawn")
    assert table.register.lacking_consent(table.case, NOW) == (JANE,)


def test_no_exception_is_recorded_where_everybody_has_consented(table: Table) -> None:
    table.send(request(**TREATMENT))
    table.advise("share", "daat")
    table.consent()
    exception = {"rule": "prejudice-to-crime", "reason": "to be safe"}
    made = table.decide("approve", "daat", "approver", without_consent=exception)
    assert "no exception is needed" in reasons(made)


def test_a_household_gives_no_consent(table: Table) -> None:
    house = Subject(address="7 Acacia Avenue", postcode="BA2 2QH")
    assert "a household cannot consent" in reasons(table.consent(subject=house))
    assert "a household cannot consent" in reasons(
        table.send(request(**TREATMENT, subjects=[house]))
    )


def test_an_approval_of_less_is_not_of_a_test_alone_and_not_of_nothing(table: Table) -> None:
    fields = {"police-drug-test": ["test_result"], "police-crime-offender": ["name"]}
    asked: dict[str, Any] = {
        "process": "intelligence",
        "concern": "a threat to a witness",
        "fields": fields,
    }
    table.send(request(**asked))
    exception = {"rule": "public-protection", "reason": "a threat to a witness"}
    for less, why in [
        ({"police-drug-test": ["test_result"]}, "may not be used alone"),
        ({"police-crime-offender": []}, "names no fields"),
    ]:
        made = table.decide("approve", fields=less, without_consent=exception)
        assert why in reasons(made)


def test_a_case_of_many_letters_can_still_be_refused_and_ended(running: Table) -> None:
    many = running.case.history * LONGEST_HISTORY
    running.register.keep(CASE, running.case.model_copy(update={"history": many}))
    assert isinstance(running.end(), Taken)


def test_a_case_does_not_outgrow_what_a_message_holds(asked: Table) -> None:
    while isinstance(asked.decide("hold"), Taken):
        assert len(asked.case.history) <= LONGEST_HISTORY
    assert "50 letters already" in reasons(asked.decide("approve"))
    assert len(asked.case.model_dump_json()) < MAXIMUM_MESSAGE_BYTES / 2


def test_who_has_nothing_to_do_with_a_case_is_not_told_whether_there_is_one(asked: Table) -> None:
    there = asked.decide("approve", "fire")
    unknown = asked.send(asked.decision("approve", "fire", case="ffffffffffffffff"))
    assert reasons(there).replace(CASE, "X") == reasons(unknown).replace("f" * 16, "X")


def test_what_is_refused_says_nothing_of_what_it_held(table: Table) -> None:
    answer = table.send(request(supplier="nobody"))
    assert isinstance(answer, Refused)
    assert "Roe" not in repr(answer)


OVERDUE = PROTOCOL.model_copy(update={"review": TODAY - timedelta(1)})
GRACE_OVER = PROTOCOL.model_copy(
    update={"review": TODAY - timedelta(PROTOCOL.review_grace_days + 1)}
)


def with_case(protocol: Any, table: Table) -> Table:
    later = Table(protocol)
    later.register.keep(CASE, table.case)
    return later


def test_under_an_overdue_protocol_nobody_asks_and_nobody_approves(asked: Table) -> None:
    overdue = with_case(OVERDUE, asked)
    assert "review of the protocol was due" in reasons(
        overdue.send(request(case="fedcba9876543210"))
    )
    assert "review of the protocol was due" in reasons(overdue.decide("approve"))
    assert isinstance(overdue.decide("refuse"), Taken)


def test_on_the_last_day_of_review_cases_go_on(asked: Table) -> None:
    last_day = with_case(PROTOCOL.model_copy(update={"review": TODAY}), asked)
    assert isinstance(last_day.decide("approve"), Taken)


def test_open_cases_outlast_the_review_by_its_grace_and_no_longer(running: Table) -> None:
    assert not list(with_case(OVERDUE, running).register.due(NOW))
    (due,) = with_case(GRACE_OVER, running).register.due(NOW)
    assert (due.outcome, due.record.state) == (  # type: ignore[union-attr]
        "the protocol's review is overdue",
        State.CLOSING,
    )


def test_a_reference_is_no_subject_where_records_have_none_of_a_person(table: Table) -> None:
    by_reference = request(subjects=[Subject(reference="CRI-1")])
    assert "has no field with a person's reference" in reasons(table.send(by_reference))
