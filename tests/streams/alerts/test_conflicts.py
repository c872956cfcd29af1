"""A recipient gets nothing about its own staff; its conflict officer does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from isp.cases.case import State
from streams.alerts.memory import StateMemory
from tests.streams.alerts.desk import (
    CASE,
    HOME,
    JANE,
    NAMES,
    Desk,
    home,
    open_case,
    protocol,
    suspect,
    victim,
)


def test_nothing_about_its_staff_goes_to_the_recipient_and_the_officer_gets_it(desk: Desk) -> None:
    desk.send(desk.staff("John Roe"))
    desk.send(desk.fact())
    assert desk.sent(NAMES.alerts("council")) == []
    assert desk.alert(officer=True)["kind"] == "depersonalised"
    assert desk.alert("fire")["kind"] == "depersonalised"


def test_personal_content_is_sealed_to_the_officer_alone(desk: Desk) -> None:
    desk.send(desk.staff("John Roe"), desk.case())
    desk.send(desk.fact())
    assert desk.sent(NAMES.alerts("council")) == []
    alert = desk.alert(officer=True)
    assert (alert["kind"], alert["case"], alert["nonce"]) == ("personal", None, b"")
    assert desk.opened_by_officer()["matched"] == "victim"


def test_a_recipient_without_an_officer_gets_nothing_and_nobody_does(desk: Desk) -> None:
    desk.send(desk.staff("John Roe", "fire"))
    desk.send(desk.fact())
    assert desk.sent(NAMES.alerts("fire")) == []


def test_no_request_is_prepared_for_a_recipient_in_conflict(desk: Desk) -> None:
    desk.send(desk.staff("John Roe"))
    desk.send(desk.fact(subjects=[JANE.model_dump(mode="json")]))
    assert desk.requests() == []


def test_staff_in_the_history_that_would_be_told_is_a_conflict_too(desk: Desk) -> None:
    desk.send(desk.staff("Ann Poe"), desk.case(subjects=(HOME,)))
    desk.send(desk.fact("r2", ago=timedelta(days=10), people=[victim("Ann Poe")]))
    desk.send(desk.fact("r1"))
    assert desk.sent(NAMES.alerts("council")) == []
    assert len(desk.alerts(officer=True)) == 2


def test_a_party_who_is_known_later_withdraws_the_alert_when_the_hour_is_full(desk: Desk) -> None:
    desk.send(desk.staff("John Roe"))
    desk.send(desk.fact(people=[victim()]))
    desk.now += timedelta(minutes=20)
    desk.send(desk.fact(people=[victim(), suspect()], ago=timedelta(minutes=80)))
    assert len(desk.versions()) == 1
    assert len(desk.alerts(officer=True)) == 1
    desk.later(minutes=39)
    assert len(desk.versions()) == 1
    desk.later(minutes=1)
    assert desk.versions()[1:] == [None]


def test_no_update_goes_to_the_recipient_before_the_withdrawal(desk: Desk) -> None:
    desk.send(desk.staff("John Roe"))
    desk.send(desk.fact(people=[victim()]))
    desk.send(desk.fact(district="BA2"))
    desk.send(desk.fact(district="BA3"))
    assert len(desk.versions()) == 1


def test_a_changed_staff_list_is_applied_to_alerts_when_the_hour_is_full(desk: Desk) -> None:
    desk.send(desk.fact())
    desk.now += timedelta(minutes=10)
    desk.send(desk.staff("Jane Roe"))
    assert len(desk.versions()) == 1
    assert desk.alerts(officer=True) == []
    desk.later(minutes=49)
    assert len(desk.versions()) == 1
    desk.later(minutes=1)
    assert desk.versions()[1:] == [None]
    assert len(desk.alerts(officer=True)) == 1
    desk.send(desk.staff("Jane Roe", gone=True))
    desk.later(hours=1)
    assert desk.alert()["version"] == 3
    assert desk.alerts(officer=True) == []


def test_staff_of_one_recipient_are_no_conflict_of_another(desk: Desk) -> None:
    desk.send(desk.staff("Jane Roe", "fire"))
    desk.send(desk.fact())
    assert len(desk.alerts("council")) == 1
    assert desk.alerts("fire") == []


def test_an_entry_that_is_no_digest_is_counted(desk: Desk) -> None:
    entry = desk.staff()._replace(key=b"Jane Roe")
    assert desk.send(entry).counts["skipped"] == 1


def test_a_refuge_has_no_area_in_any_alert(desk: Desk) -> None:
    desk.send(desk.fact())
    assert desk.alert()["area"] == "BA1"
    desk.send(desk.order("refuge", home()))
    assert {desk.alert(party)["area"] for party in ("council", "fire")} == {""}
    desk.now += timedelta(seconds=1)
    desk.send(desk.order("ordinary", home()))
    assert desk.alert()["area"] == "BA1"


def test_an_older_order_about_a_home_does_not_replace_a_newer_one(desk: Desk) -> None:
    older = desk.order("ordinary", home())
    desk.now += timedelta(seconds=1)
    desk.send(desk.order("refuge", home()))
    desk.send(older)
    desk.send(desk.fact())
    assert desk.alert()["area"] == ""


def test_personal_content_in_conflict_does_not_wait_once_its_case_has_ended(desk: Desk) -> None:
    desk.send(desk.case())
    desk.send(desk.fact(people=[victim()]))
    desk.send(desk.staff("John Roe"))
    desk.send(desk.fact(people=[victim(), suspect()]))
    assert len(desk.versions()) == 1
    desk.now += timedelta(seconds=1)
    desk.send(desk.case(open_case(state=State.CLOSED)))
    assert desk.versions()[1:] == [None]


def test_personal_content_in_conflict_does_not_wait_once_its_key_is_lost(desk: Desk) -> None:
    desk.send(desk.case())
    desk.send(desk.fact(people=[victim()]))
    desk.send(desk.staff("John Roe"))
    desk.send(desk.fact(people=[victim(), suspect()]))
    assert len(desk.versions()) == 1
    desk.case_keys.destroy(CASE)
    desk.later(minutes=2)
    assert desk.versions()[1:] == [None]


def test_a_recipient_that_has_left_the_protocol_blocks_nothing(desk: Desk) -> None:
    desk.send(desk.fact())
    desk.protocol = protocol(recipients=[{"party": "council"}])
    desk.alerter = desk.built()
    assert desk.later(days=4) != []
    assert desk.due() == []
    assert desk.later(days=1) == []
    assert desk.alert("council")["escalated"] == "liaison_officer"


def test_an_alert_whose_conflict_ends_within_the_hour_stays_and_is_due_no_more(desk: Desk) -> None:
    desk.send(desk.staff("John Roe"))
    desk.send(desk.fact(people=[victim()]))
    desk.send(desk.fact(people=[victim(), suspect()]))
    desk.send(desk.fact(people=[victim()]))
    desk.later(hours=2)
    assert len(desk.versions()) == 1
    minute = int(desk.now.timestamp()) // 60
    assert list(StateMemory(desk.store, lambda _: "ordinary").due(minute)) == []


def test_an_older_entry_of_staff_does_not_undo_a_removal(desk: Desk) -> None:
    added, removed = desk.staff("John Roe"), desk.staff("John Roe", gone=True)
    for each in (added, removed):
        desk.alerter.learn(each.topic, each.key or b"", each.value)
    desk.alerter.process([added])
    desk.alerter.process([removed])
    desk.send(desk.fact())
    assert len(desk.alerts("council")) == 1


def test_an_entry_of_staff_counts_in_its_own_batch(desk: Desk) -> None:
    result = desk.alerter.process([desk.staff("John Roe"), desk.fact()])
    assert NAMES.alerts("council") not in {output.topic for output in result.outputs}


def test_an_entry_of_staff_that_cannot_be_read_protects_its_person(desk: Desk) -> None:
    entry = desk.staff("John Roe")._replace(value=b"?")
    assert desk.send(entry).counts["skipped"] == 1
    desk.send(desk.fact())
    assert desk.alerts("council") == []


def test_events_that_a_refuge_linked_become_separate(desk: Desk) -> None:
    other: dict[str, Any] = {
        "dataset": "hospital-assault",
        "agency": "hospital",
        "type": "assault-at-home",
    }
    desk.send(desk.fact("r1"), desk.fact("h1", people=[victim("Ann Poe")], **other))
    assert len(desk.alerts()) == 1
    desk.send(desk.order("refuge", home()))
    assert len(desk.alerts()) == 2
