"""Orders of the operator: a person is forgotten, and the audit has each order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.streams.alerts.desk import (
    HOME,
    JANE,
    NAMES,
    TODAY,
    Desk,
    home,
    name,
    person,
    suspect,
    victim,
)


def everything_about_jane(desk: Desk) -> None:
    part: dict[str, Any] = {
        "kind": "part",
        "dataset": "police-crime-victim",
        "households": [],
        "join": name("j"),
    }
    desk.send(desk.case(subjects=(JANE,)))
    desk.send(
        desk.fact("r1", subjects=[JANE.model_dump(mode="json")]),
        desk.fact("r2", ago=timedelta(days=3), people=[suspect("Jane Roe"), victim("John Roe")]),
        desk.fact("m1", kind="referral", dataset="marac-referral", day=TODAY - 3),
        desk.fact("v1", subjects=[JANE.model_dump(mode="json")], people=[victim()], **part),
        desk.staff("Jane Roe"),
    )


def test_after_the_order_no_row_of_the_state_has_a_digest_of_the_person(desk: Desk) -> None:
    everything_about_jane(desk)
    digest = person()
    before = [k for k, v in desk.rows().items() if digest in k or digest in v]
    assert {k[:1] for k in before} == {b"e", b"f", b"p", b"l"}
    desk.send(desk.order("erase_person", digest))
    rows = desk.rows()
    assert [k for k, v in rows.items() if digest in k or digest in v] == []
    assert [k for k in rows if k.startswith(b"u")] == []
    derived = desk.store._tables.portion(f"{desk.store._other}.keys", b"", 100_000)
    assert [k for k, _ in derived if digest in k] == []


def test_what_the_person_had_to_do_with_is_told_no_more(desk: Desk) -> None:
    desk.send(desk.case(subjects=(JANE,)))
    desk.send(desk.fact(households=[]))
    assert desk.alert()["kind"] == "personal"
    desk.send(desk.order("erase_person", person()))
    assert [a["kind"] for a in desk.alerts()] == ["depersonalised"]


def test_each_order_has_an_entry_in_the_audit_under_another_digest(desk: Desk) -> None:
    for kind in ("erase_person", "refuge", "refuge"):
        desk.send(desk.order(kind, person() if kind == "erase_person" else home()))
    entries = [e for e in desk.audit() if e["action"] == "alert-order"]
    assert [e["outcome"] for e in entries] == ["erase_person", "refuge", "refuge"]
    for entry in entries:
        assert person().hex() not in str(entry)
        assert home().hex() not in str(entry)
    assert len({e["subject"] for e in entries}) == 2


def test_an_order_with_a_wrong_digest_is_counted(desk: Desk) -> None:
    result = desk.send(desk.order("refuge", b"short"))
    assert result.counts["skipped"] == 1
    assert desk.audit() == []


def test_an_order_about_a_home_holds_for_a_process_that_starts_later(desk: Desk) -> None:
    order = desk.order("refuge", home())
    desk.send(order)
    desk.alerter = desk.built()
    assert order.key is not None
    desk.alerter.learn(order.topic, order.key, order.value)
    desk.send(desk.fact())
    assert desk.alert()["area"] == ""


def test_staff_lists_and_cases_hold_for_a_process_that_starts_later(desk: Desk) -> None:
    lasting = [desk.case(subjects=(HOME,)), desk.staff("John Roe", "fire")]
    desk.alerter = desk.built()
    assert set(desk.alerter.lasting) >= {NAMES.cases, NAMES.staff("fire"), NAMES.alert_orders}
    for each in lasting:
        desk.alerter.learn(each.topic, each.key or b"", each.value)
    desk.send(desk.fact())
    assert desk.alert("council")["kind"] == "personal"
    assert desk.alerts("fire") == []


def test_a_message_of_a_lasting_topic_that_cannot_be_read_opens_nothing(desk: Desk) -> None:
    case = desk.case()
    desk.send(case)
    desk.alerter.learn(case.topic, case.key or b"", b"\0\0\0\0\1?")
    desk.alerter.learn(NAMES.staff("council"), b"\xff", b"?")
    desk.alerter.learn(NAMES.alert_orders, b"\xff", b"?")
    desk.send(desk.fact())
    assert desk.alert()["kind"] == "depersonalised"


def test_what_a_forgotten_referral_was_told_for_at_the_home_is_told_no_more(desk: Desk) -> None:
    grade = {"tool": "DASH", "grade": "high", "day": None, "grader": None}
    marac: dict[str, Any] = {"kind": "referral", "dataset": "marac-referral", "risk": grade}
    desk.send(desk.case(subjects=(HOME,)))
    desk.send(desk.fact("m1", people=[victim()], day=TODAY - 3, **marac))
    desk.send(desk.fact("r1", people=[]))
    assert desk.opened()["referral"] is not None
    desk.send(desk.order("erase_person", person()))
    assert desk.opened()["referral"] is None
