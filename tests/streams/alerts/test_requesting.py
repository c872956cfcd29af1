"""Requests are prepared once, and taken back with their event."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from isp.cases.case import State
from isp.cases.prepared import PreparedRequest, read_prepared, terms_findings
from streams.alerts.requests import MOST_EVENTS, RequestRow
from tests.streams.alerts import desk as desk_module
from tests.streams.alerts.desk import (
    HOME,
    JANE,
    URN,
    Desk,
    home,
    name,
    open_case,
    protocol,
    suspect,
    terms,
    victim,
)

VICTIM = [JANE.model_dump(mode="json")]
HOUSEHOLD = [HOME.model_dump(mode="json")]


def decided(desk: Desk, request: dict[str, Any], state: State) -> Any:
    case = open_case(request["case"], recipient="council").model_copy(
        update={"state": state, "grant": None, "request": None, "event": request["event"]}
    )
    return desk.case(case)


def test_an_alert_comes_with_one_request_to_the_supplier_under_the_recipients_terms(
    desk: Desk,
) -> None:
    desk.send(desk.fact(subjects=VICTIM))
    (prepared,) = desk.prepared()
    asked = read_prepared(prepared["document"])
    assert (asked.recipient, asked.supplier, asked.subjects) == ("council", "police", (JANE,))
    assert (asked.case, asked.event) == (prepared["case"], desk.alert()["alert"])
    assert list(terms_findings(asked, desk.protocol)) == []
    assert asked.until == desk.now.date() + timedelta(28)
    assert asked.urgent is None


def test_it_asks_for_no_name_and_no_address(desk: Desk) -> None:
    desk.send(desk.fact(subjects=VICTIM))
    asked = {f for fields in desk.requests()[0]["fields"].values() for f in fields}
    assert "incident_date" in asked
    assert "safe_contact_number" in asked
    assert [f for f in asked if "name" in f or "address" in f or "birth" in f] == []


def test_without_an_identified_victim_the_request_is_about_the_household(desk: Desk) -> None:
    desk.send(desk.fact(subjects=HOUSEHOLD, people=[]))
    assert PreparedRequest.model_validate(desk.requests()[0]).subjects == (HOME,)


def test_each_supplier_is_asked_about_its_own_record_alone(desk: Desk) -> None:
    hospital: dict[str, Any] = {
        "dataset": "hospital-assault",
        "agency": "hospital",
        "type": "assault-at-home",
    }
    desk.send(desk.fact("r1"), desk.fact("h1", subjects=VICTIM, **hospital))
    assert [r["supplier"] for r in desk.requests()] == ["hospital"]


def test_an_urgent_level_makes_the_request_urgent_in_words_without_numbers(desk: Desk) -> None:
    risk = {"tool": "DASH", "grade": "high", "day": None, "grader": None}
    desk.send(desk.fact(subjects=VICTIM, risk=risk))
    (request,) = desk.requests()
    assert request["urgent"]
    assert not any(c.isdigit() for c in request["urgent"])


def test_a_second_event_of_the_victim_has_no_second_request_while_one_is_undecided(
    desk: Desk,
) -> None:
    desk.send(desk.fact("r1", subjects=VICTIM, ago=timedelta(days=3)))
    desk.send(desk.fact("r2", subjects=VICTIM))
    desk.send(desk.fact("r2", subjects=VICTIM, district="BA2"))
    assert len(desk.requests()) == 1
    desk.now += timedelta(minutes=1)
    desk.send(decided(desk, desk.requests()[0], State.ASKED))
    desk.send(desk.fact("r3", subjects=VICTIM, ago=timedelta(days=1)))
    assert len(desk.requests()) == 1


def test_after_a_refusal_the_next_event_asks_and_the_old_one_does_not(desk: Desk) -> None:
    desk.send(desk.fact("r1", subjects=VICTIM, ago=timedelta(days=3)))
    desk.now += timedelta(minutes=1)
    desk.send(decided(desk, desk.requests()[0], State.REFUSED))
    desk.send(desk.fact("r1", subjects=VICTIM, ago=timedelta(days=3), district="BA2"))
    assert len(desk.requests()) == 1
    desk.send(desk.fact("r2", subjects=VICTIM))
    assert len(desk.requests()) == 2
    assert len({r["case"] for r in desk.requests()}) == 2


def test_a_request_that_was_never_accepted_is_made_again_after_a_day(desk: Desk) -> None:
    desk.send(desk.fact("r1", subjects=VICTIM))
    desk.now += timedelta(hours=25)
    desk.send(desk.fact("r1", subjects=VICTIM, ago=timedelta(hours=26)))
    assert len(desk.requests()) == 2


def test_the_request_is_taken_back_with_its_event(desk: Desk) -> None:
    desk.send(desk.fact(subjects=VICTIM))
    desk.send(desk.none())
    taken_back = desk.prepared()[-1]
    assert (taken_back["kind"], taken_back["document"]) == ("take_back", "")
    assert taken_back["case"] == desk.requests()[0]["case"]
    desk.now += timedelta(minutes=1)
    desk.send(desk.fact(subjects=VICTIM))
    assert len({r["case"] for r in desk.requests()}) == 2


def test_a_request_that_another_event_needs_is_not_taken_back(desk: Desk) -> None:
    desk.send(desk.fact("r1", subjects=VICTIM, ago=timedelta(days=3)))
    desk.send(desk.fact("r2", subjects=VICTIM))
    desk.send(desk.none("r1"))
    assert [p["kind"] for p in desk.prepared()] == ["request"]
    desk.send(desk.none("r2"))
    assert [p["kind"] for p in desk.prepared()] == ["request", "take_back"]


def test_a_decided_request_is_not_taken_back(desk: Desk) -> None:
    desk.send(desk.fact(subjects=VICTIM))
    desk.now += timedelta(minutes=1)
    desk.send(decided(desk, desk.requests()[0], State.REFUSED))
    desk.send(desk.none())
    assert [p["kind"] for p in desk.prepared()] == ["request"]


def test_a_recipient_with_an_open_case_is_not_asked_for_another(desk: Desk) -> None:
    desk.send(desk.case())
    desk.send(desk.fact(subjects=VICTIM))
    assert desk.requests() == []


def test_one_approval_turns_the_alert_into_a_personal_one(desk: Desk) -> None:
    desk.send(desk.fact(subjects=VICTIM))
    before, case = desk.alert(), desk.requests()[0]["case"]
    desk.now += timedelta(minutes=1)
    desk.send(desk.case(open_case(case)))
    alert = desk.alert()
    assert (alert["alert"], alert["kind"], alert["case"]) == (before["alert"], "personal", case)


@pytest.mark.parametrize("subjects", [VICTIM, HOUSEHOLD])
def test_the_subjects_are_not_kept_longer_than_the_request_is_undecided(
    desk: Desk, subjects: Any
) -> None:
    desk.send(desk.fact(subjects=subjects, people=[victim()] if subjects is VICTIM else []))
    assert [k for k in desk.rows() if k.startswith(b"u")] != []
    desk.now += timedelta(minutes=1)
    desk.send(decided(desk, desk.requests()[0], State.REFUSED))
    assert [k for k in desk.rows() if k.startswith(b"u")] == []


def test_subjects_that_no_request_needs_are_not_kept(desk: Desk) -> None:
    desk.send(desk.case())
    desk.send(desk.fact(subjects=VICTIM))
    assert [k for k in desk.rows() if k.startswith(b"u")] == []


def test_subjects_of_a_part_that_waits_are_deleted_with_it(desk: Desk) -> None:
    part: dict[str, Any] = {
        "kind": "part",
        "dataset": "police-crime-victim",
        "households": [],
        "join": name("j"),
    }
    desk.send(desk.fact("v1", subjects=VICTIM, **part))
    assert {k[:1] for k in desk.rows()} >= {b"u", b"p"}
    desk.later(days=30)
    assert {k[:1] for k in desk.rows()} & {b"u", b"p"} == set()


def test_a_part_that_waited_names_the_victim(desk: Desk) -> None:
    part: dict[str, Any] = {
        "kind": "part",
        "dataset": "police-crime-victim",
        "households": [],
        "join": name("j"),
    }
    desk.send(desk.fact("v1", subjects=VICTIM, people=[victim()], **part))
    crime: dict[str, Any] = {
        "dataset": "police-crime-offence",
        "type": "domestic-crime",
        "join": name("j"),
    }
    desk.send(desk.fact("c1", people=[], **crime))
    assert [r["subjects"][0]["name"] for r in desk.requests()] == ["Jane Roe"]


def test_a_school_gets_no_alert_without_a_case_but_a_prepared_request(desk: Desk) -> None:
    desk.send(desk.fact("r1", subjects=VICTIM))
    assert [r["recipient"] for r in desk.requests()] == ["council"]
    children = [victim(), suspect(), {"role": "child", "person": None}]
    desk.send(
        desk.fact("r2", subjects=VICTIM, schools=[URN], people=children, ago=timedelta(days=2))
    )
    assert desk.alerts("academy") == []
    request = next(r for r in desk.requests() if r["recipient"] == "academy")
    desk.now += timedelta(minutes=1)
    desk.send(desk.case(open_case(request["case"], recipient="academy")))
    assert desk.alert("academy")["kind"] == "personal"
    assert desk.alert("academy")["alert"] == request["event"]


def test_subjects_that_cannot_be_decrypted_or_are_none_ask_for_nothing(desk: Desk) -> None:
    message = desk.fact(subjects=[{"reference": "N-1"}, {"name": "Jane"}, 7])
    desk.send(message)
    desk.send(desk.fact("r2", subjects={"name": "x"}, ago=timedelta(days=2)))
    assert desk.requests() == []


def test_a_subject_who_is_no_victim_of_the_event_is_not_asked_for(desk: Desk) -> None:
    desk.send(desk.fact(subjects=VICTIM, people=[victim("Ann Poe")], households=[]))
    assert desk.requests() == []


def test_terms_of_a_process_that_is_unknown_ask_for_nothing(tmp_path: Any) -> None:
    recipients = [{"party": "council", "terms": terms(process="unknown")}]
    desk = Desk(tmp_path, protocol(recipients=recipients))
    desk.send(desk.fact(subjects=VICTIM))
    assert desk.requests() == []
    assert desk_module.home() == home()


def test_a_request_stays_until_the_last_of_many_events_needs_it_no_more(desk: Desk) -> None:
    number = 55
    desk.send(*(desk.fact(f"r{i}", subjects=VICTIM) for i in range(number)))
    assert len(desk.requests()) == 1
    desk.send(*(desk.none(f"r{i}") for i in range(number - 1)))
    assert [p for p in desk.prepared() if p["kind"] == "take_back"] == []
    desk.send(desk.none(f"r{number - 1}"))
    assert [p["kind"] for p in desk.prepared()] == ["request", "take_back"]


def test_an_event_beyond_the_most_of_one_request_does_not_hold_it() -> None:
    row = RequestRow("c", "council", "police", tuple(map(str, range(MOST_EVENTS))), 1)
    assert row.needed_by("another") is None
    assert row.needed_by("0") == row
