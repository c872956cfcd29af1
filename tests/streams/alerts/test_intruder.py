"""What an intruder could learn or keep, and may not: of refuges, of other people, and of conflicts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from isp.cases.letters import Subject
from tests.streams.alerts.desk import (
    BORN,
    FIELDS,
    HOME,
    JANE,
    NAMES,
    TODAY,
    Desk,
    home,
    inner,
    name,
    open_case,
    person,
    suspect,
    victim,
)

VICTIM = [JANE.model_dump(mode="json")]
HOUSEHOLD = [HOME.model_dump(mode="json")]
ANN = [{"name": "Ann Poe", "date_of_birth": BORN.isoformat()}]
HOSPITAL: dict[str, Any] = {
    "dataset": "hospital-assault",
    "agency": "hospital",
    "type": "assault-at-home",
}
OF_HOSPITAL: dict[str, Any] = {
    "supplier": "hospital",
    "fields": {"hospital-assault": FIELDS["hospital-assault"]},
}


# Prepared requests


@pytest.mark.parametrize("kind", ["refuge", "communal"])
def test_a_request_with_the_address_of_a_refuge_is_taken_back(desk: Desk, kind: str) -> None:
    desk.send(desk.fact(subjects=HOUSEHOLD, people=[]))
    desk.send(desk.order(kind, home()))
    assert [p["kind"] for p in desk.prepared()] == ["request", "take_back"]


def test_a_request_about_somebody_who_is_no_victim_any_more_is_taken_back(desk: Desk) -> None:
    desk.send(desk.fact(subjects=VICTIM))
    desk.send(desk.fact(subjects=ANN, people=[victim("Ann Poe"), suspect()]))
    taken_back = [p["case"] for p in desk.prepared() if p["kind"] == "take_back"]
    assert taken_back == [
        r["case"] for r in desk.requests() if r["subjects"][0]["name"] != "Ann Poe"
    ]
    assert [r["subjects"][0]["name"] for r in desk.requests()] == ["Jane Roe", "Ann Poe"]


def test_a_request_to_an_agency_that_erased_its_record_is_taken_back(desk: Desk) -> None:
    desk.send(desk.fact("r1"), desk.fact("h1", subjects=VICTIM, **HOSPITAL))
    assert [r["supplier"] for r in desk.requests()] == ["hospital"]
    desk.send(desk.none("h1", "hospital-assault"))
    assert [p["kind"] for p in desk.prepared()] == ["request", "take_back"]


def test_a_request_about_a_person_who_is_forgotten_is_taken_back(desk: Desk) -> None:
    desk.send(desk.fact(subjects=VICTIM))
    desk.send(desk.order("erase_person", person()))
    assert [p["kind"] for p in desk.prepared()] == ["request", "take_back"]


@pytest.mark.parametrize("kind", ["event", "part", "referral"])
def test_a_record_from_before_the_order_to_forget_brings_nobody_back(desk: Desk, kind: str) -> None:
    """The agent reads orders and incidents from two topics, and the incidents may lag."""
    before = desk.fact("r1", kind=kind, join=name("j"), subjects=VICTIM, contact={"number": "1"})
    desk.now += timedelta(minutes=1)
    desk.send(desk.order("erase_person", person()))
    desk.send(before)
    rows = desk.rows()
    assert [k for k, v in rows.items() if person() in k or person() in v] == []
    assert [k for k in rows if k.startswith(b"u")] == []
    desk.now += timedelta(minutes=1)
    desk.send(desk.fact("r2", ago=timedelta(minutes=30)))
    assert [k for k, v in desk.rows().items() if person() in v] != []


def test_once_a_request_is_decided_its_message_with_the_subject_is_deleted(desk: Desk) -> None:
    desk.send(desk.fact(subjects=VICTIM))
    assert desk.prepared_deleted() == []
    (request,) = desk.requests()
    desk.now += timedelta(minutes=1)
    desk.send(desk.case(open_case(request["case"])))
    desk.send(desk.fact(subjects=VICTIM, district="BA2"))
    assert desk.prepared_deleted() == [request["case"]]


def test_a_request_that_the_discloser_has_not_read_for_a_day_is_not_doubled(desk: Desk) -> None:
    desk.send(desk.fact("r1", subjects=VICTIM))
    desk.now += timedelta(hours=25)
    desk.send(desk.fact("r1", subjects=VICTIM, ago=timedelta(hours=26)))
    first, second = desk.requests()
    kinds = [(p["kind"], p["case"]) for p in desk.prepared()]
    assert kinds[1:] == [("take_back", first["case"]), ("request", second["case"])]


def test_the_urgency_tells_the_supplier_nothing_of_another_agencys_history(desk: Desk) -> None:
    """It names the victim, so the reason for a level would tell a hospital of her MARAC referral."""
    desk.send(desk.fact("m1", kind="referral", dataset="marac-referral", day=TODAY - 9))
    desk.send(desk.fact("h1", subjects=VICTIM, **HOSPITAL))
    risk = {"tool": "DASH", "grade": "high", "day": None, "grader": None}
    desk.send(desk.fact("h2", subjects=ANN, people=[victim("Ann Poe")], risk=risk,
                        ago=timedelta(days=2), households=[], **HOSPITAL))  # fmt: skip
    first, second = desk.requests()
    assert first["urgent"] == second["urgent"] is not None


# Refuges


def test_two_families_in_a_refuge_are_two_events_from_the_order_on(desk: Desk) -> None:
    desk.send(desk.case(), desk.case(open_case("0" * 16, **OF_HOSPITAL)))
    desk.send(desk.fact("r1"), desk.fact("h1", people=[victim("Ann Poe")], **HOSPITAL))
    assert len(desk.alerts()) == 1
    desk.send(desk.order("refuge", home()))
    assert len(desk.alerts()) == 2


# Conflicts of interest


def test_a_changed_staff_list_withdraws_alerts_whose_history_names_the_person(desk: Desk) -> None:
    desk.send(desk.case())
    desk.send(desk.fact("r2", ago=timedelta(days=40)))
    desk.send(desk.fact("r1", people=[victim()], households=[]))
    assert len(desk.alerts()) == 1
    desk.send(desk.staff("John Roe"))
    desk.later(hours=1)
    assert desk.alerts() == []


def test_staff_in_a_history_that_is_not_told_do_not_learn_that_she_went_to_hospital(
    desk: Desk,
) -> None:
    desk.send(desk.staff("John Roe"), desk.case(**OF_HOSPITAL))
    desk.send(desk.fact("r1", ago=timedelta(days=10)))
    desk.send(desk.fact("h1", people=[victim()], **HOSPITAL))
    assert desk.sent(NAMES.alerts("council")) == []


def test_each_change_of_a_staff_list_is_in_the_audit_with_its_writer_and_without_a_digest(
    desk: Desk,
) -> None:
    desk.send(desk.staff("Jane Roe"), desk.staff("John Roe"))
    desk.send(desk.staff("John Roe", gone=True))
    told = [entry for entry in desk.audit() if entry["action"] == "staff"]
    assert [(e["actor"], e["outcome"], e["counts"]) for e in told] == [
        ("banes.council", "declared", {"people": 2}),
        ("banes.council", "removed", {"people": 1}),
    ]
    assert inner("Jane Roe") not in str(told)


# Cases about others


def test_a_case_about_one_person_does_not_show_that_another_went_to_hospital(desk: Desk) -> None:
    john = Subject(name="John Roe", date_of_birth=BORN)
    desk.send(desk.case(subjects=(john,), **OF_HOSPITAL))
    desk.send(desk.fact("r1", people=[victim("John Roe"), suspect("Jane Roe")]))
    desk.send(desk.fact("h1", people=[victim()], **HOSPITAL))
    assert desk.alert()["kind"] == "depersonalised"
    desk.send(desk.fact("h1", people=[victim("John Roe")], **HOSPITAL))
    assert [source["agency"] for source in desk.opened()["sources"]] == ["hospital"]


def test_a_case_about_the_old_home_does_not_tell_of_an_event_at_the_new_one(desk: Desk) -> None:
    """The hospital still has the old address of the victim, and both records are one event."""
    desk.send(desk.case(subjects=(HOME,)))
    desk.send(desk.fact("r1", households=[home("9 New Road", "BA2 2BB")]))
    desk.send(desk.fact("h1", **HOSPITAL))
    assert len(desk.alerts()) == 1
    assert desk.alert()["kind"] == "depersonalised"


def test_a_case_about_the_home_still_tells_of_records_that_name_no_place(desk: Desk) -> None:
    desk.send(desk.case(subjects=(HOME,)))
    desk.send(desk.fact("h1", **HOSPITAL))
    desk.send(desk.fact("r1", households=[]))
    assert desk.opened()["matched"] == "household"
    assert [source["agency"] for source in desk.opened()["sources"]] == ["police"]


def test_the_days_since_the_last_event_do_not_tell_the_day_of_a_record_that_is_not_shown(
    desk: Desk,
) -> None:
    desk.send(desk.case(**OF_HOSPITAL))
    desk.send(desk.fact("h1", people=[victim()], minute=None, day=TODAY - 3, **HOSPITAL))
    police: dict[str, Any] = {"minute": None, "day": TODAY - 4, "until_day": TODAY - 3}
    desk.send(desk.fact("h0", people=[victim()], ago=timedelta(days=20), **HOSPITAL))
    before = {alert["alert"]: alert["version"] for alert in desk.alerts()}
    desk.send(desk.fact("r1", **police))
    assert {alert["alert"]: alert["version"] for alert in desk.alerts()} == before


# Sizes and times


def test_the_size_of_an_encrypted_alert_does_not_show_its_history(desk: Desk) -> None:
    desk.send(desk.case())
    desk.send(desk.fact("r1", ago=timedelta(days=20)))
    desk.send(desk.fact("r2", ago=timedelta(days=10), children=3, contact={"number": "1"}))
    desk.send(desk.fact("r3", ago=timedelta(days=5)))
    assert len({len(alert["sealed"]) for alert in desk.alerts()}) == 1


@pytest.mark.parametrize("at", [2**62, -(2**62), 253_402_300_799_999, -62_135_596_800_000])
def test_a_partner_cannot_stop_the_agent_by_an_impossible_time(desk: Desk, at: int) -> None:
    desk.send(desk.fact())
    ack = {"alert": desk.alert()["alert"], "version": 1, "post": "x" * 50_000, "at": at}
    desk.send(desk.message(NAMES.acknowledgements("council"), "acknowledgement", ack))
    key = inner("Jane Roe").encode()
    desk.send(desk.message(NAMES.staff("fire"), "staff", {"at": at}, key))
    desk.later(hours=1)
    assert len(desk.alerts()) == 1


def test_a_long_staff_list_costs_no_transaction_and_stops_nobodys_alerts(desk: Desk) -> None:
    entry = {"at": desk.now}
    topic = NAMES.staff("fire")
    desk.send(*(desk.message(topic, "staff", entry, b"%032x" % i) for i in range(300)))
    desk.now += timedelta(hours=1)
    assert desk.due() == []


def test_many_known_people_on_a_staff_list_are_looked_up_together(desk: Desk) -> None:
    people = [f"{chr(65 + i // 26)}{chr(97 + i % 26)} Poe" for i in range(40)]
    facts = (
        desk.fact(f"r{i}", people=[victim(who)], households=[], ago=timedelta(days=i % 20))
        for i, who in enumerate(people)
    )
    desk.send(*facts)
    desk.send(*(desk.staff(who) for who in people))
    desk.now += timedelta(hours=1)
    assert len(desk.due()) == 1
    assert desk.alerts() == []
