"""Acknowledgements, deadlines and escalation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.messages import Intake
from tests.streams.alerts.desk import (
    CASE,
    NAMES,
    NOW,
    TODAY,
    URN,
    Desk,
    open_case,
    protocol,
    suspect,
    victim,
)


def test_an_acknowledgement_is_in_the_next_version(desk: Desk) -> None:
    desk.send(desk.fact())
    desk.now += timedelta(minutes=5)
    result = desk.send(desk.ack(desk.alert()["alert"]))
    alert = desk.alert()
    assert (alert["version"], alert["acknowledged"]) == (2, desk.now)
    (figure,) = [o for o in result.figures if o.what == "acknowledged"]  # type: ignore[attr-defined]
    assert figure.to_acknowledgement == 300.0


def test_an_acknowledgement_of_an_old_version_counts_for_the_alert(desk: Desk) -> None:
    desk.send(desk.fact())
    desk.send(desk.fact(district="BA2"))
    desk.send(desk.ack(desk.alert()["alert"], version=1))
    assert desk.alert()["acknowledged"] == NOW


@pytest.mark.parametrize(
    ("party", "changes"),
    [
        ("fire", {}),  # another recipient's
        ("council", {"version": 2}),
        ("council", {"version": 0}),
        ("council", {"at": NOW + timedelta(days=1)}),
        ("council", {"alert": "0" * 16}),
        ("council", {"alert": "ö"}),
        ("council", {"alert": ""}),
        ("council", {"at": datetime(9999, 12, 31, tzinfo=UTC)}),
    ],
)
def test_an_acknowledgement_that_does_not_fit_is_ignored_and_counted(
    desk: Desk, party: str, changes: dict[str, Any]
) -> None:
    desk.send(desk.fact())
    alert = desk.alert()["alert"]
    before = len(desk.outputs)
    result = desk.send(desk.ack(**({"alert": alert, "party": party} | changes)))
    assert result.counts["ignored"] == 1
    assert len(desk.outputs) == before


@pytest.mark.parametrize("value", [None, b"", b"garbage", b"\0\0\0\0\7\1\1\1\1"])
def test_garbage_is_counted(desk: Desk, value: bytes | None) -> None:
    topic = NAMES.acknowledgements("council")
    result = desk.send(Intake(topic, 0, 1, None, value, None, 0))
    assert result.counts["skipped"] == 1


def test_a_second_acknowledgement_and_one_of_a_withdrawn_alert_are_ignored(desk: Desk) -> None:
    desk.send(desk.fact())
    alert = desk.alert()["alert"]
    desk.send(desk.ack(alert))
    assert desk.send(desk.ack(alert)).counts["ignored"] == 1
    desk.send(desk.none())
    assert desk.send(desk.ack(alert)).counts["ignored"] == 1


def test_an_acknowledgement_from_before_the_alert_counts_from_the_alert(desk: Desk) -> None:
    desk.send(desk.fact())
    desk.send(desk.ack(desk.alert()["alert"], at=NOW - timedelta(days=1)))
    assert desk.alert()["acknowledged"] == NOW


def test_an_alert_past_its_deadline_goes_to_the_liaison_officer_once(desk: Desk) -> None:
    desk.send(desk.fact())
    assert desk.alert()["due"] == NOW + timedelta(hours=72)
    desk.later(hours=71)
    assert desk.alert()["escalated"] == ""
    desk.later(hours=1)
    assert (desk.alert()["escalated"], desk.alert()["version"]) == ("liaison_officer", 2)
    desk.later(hours=9)
    assert desk.alert()["version"] == 2


def test_an_acknowledged_alert_is_never_escalated(desk: Desk) -> None:
    desk.send(desk.fact())
    desk.send(desk.ack(desk.alert()["alert"]))
    desk.later(days=5)
    assert desk.alert("council")["escalated"] == ""
    assert desk.alert("fire")["escalated"] == "liaison_officer"


def test_a_higher_level_has_its_own_deadline_and_a_lower_one_does_not_shorten_it(
    desk: Desk,
) -> None:
    desk.send(desk.fact())
    risk = {"tool": "DASH", "grade": "high", "day": None, "grader": None}
    desk.send(desk.fact(risk=risk))
    assert desk.alert()["due"] == NOW + timedelta(
        hours=4
    )  # a Tuesday at noon, within working hours
    desk.send(desk.fact())
    assert desk.alert()["due"] == NOW + timedelta(hours=72)


def test_a_conflict_officer_is_not_reminded(desk: Desk) -> None:
    desk.send(desk.staff("John Roe"))
    desk.send(desk.fact())
    desk.later(days=5)
    assert desk.alert(officer=True)["escalated"] == ""


def of_child(school: str = URN, **changes: Any) -> dict[str, Any]:
    people = [victim(), suspect(), {"role": "child", "person": None}]
    return {"schools": [school], "people": people, **changes}


def test_a_school_must_have_it_before_its_next_school_day_begins(desk: Desk) -> None:
    desk.now = datetime(2026, 11, 27, 17, tzinfo=UTC)  # a Friday
    desk.send(desk.case(open_case(recipient="academy")))
    desk.send(desk.fact(**of_child()))
    assert desk.alert("academy")["due"] == datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
    assert desk.alert("council")["due"] == desk.now + timedelta(hours=72)


def test_the_schools_own_calendar_counts(tmp_path: Any) -> None:
    closed = [{"from": "2026-11-30", "until": "2026-11-30"}]
    desk = Desk(tmp_path, protocol(schools=[{"urn": URN, "party": "academy", "closed": closed}]))
    desk.now = datetime(2026, 11, 29, 17, tzinfo=UTC)
    desk.send(desk.case(open_case(recipient="academy")))
    desk.send(desk.fact(**of_child()))
    assert desk.alert("academy")["due"] == datetime(2026, 12, 1, 8, 30, tzinfo=UTC)


def test_a_home_educated_child_goes_to_the_party_that_the_protocol_names(desk: Desk) -> None:
    desk.now = datetime(2026, 11, 25, 17, tzinfo=UTC)
    desk.send(desk.fact(**of_child("home-educated")))
    # Depersonalised alerts have the hour alone.
    assert desk.alert("council")["due"] == datetime(2026, 11, 26, 8, tzinfo=UTC)
    assert desk.alert("fire")["due"] == desk.now + timedelta(hours=72)


def test_a_school_of_no_child_of_the_event_gets_nothing_even_with_a_case(desk: Desk) -> None:
    desk.send(desk.case(open_case(CASE, recipient="academy")))
    desk.send(desk.fact(**of_child("654321")))
    assert desk.alerts("academy") == []


def test_an_alert_that_becomes_more_urgent_is_to_be_acknowledged_again(desk: Desk) -> None:
    desk.send(desk.fact())
    desk.send(desk.ack(desk.alert()["alert"]))
    assert desk.alert()["acknowledged"] == NOW
    before = desk.alert()["due"]
    desk.send(desk.fact("m1", kind="referral", dataset="marac-referral", day=TODAY - 30))
    alert = desk.alert()
    assert (alert["level"], alert["acknowledged"]) == ("marac-repeat", None)
    assert NOW < alert["due"] < before
