"""An intruder who reads the central releases and all alerts learns of no household's history."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.streams.alerts.desk import NAMES, NOW, TODAY, Desk, home, person, suspect, victim

MAY_TELL = {
    "alert", "version", "kind", "made", "raised", "level", "rank", "reasons", "type", "hour", "area", "late",
    "due", "acknowledged", "escalated", "case", "nonce", "sealed", "audit_chain", "audit_sequence",
    "audit_hash",
}  # fmt: skip


def history(desk: Desk) -> None:
    """Send three events and a graded referral of one household."""
    risk = {"tool": "DASH", "grade": "high", "day": TODAY - 30, "grader": "IDVA Unit 7"}
    desk.send(
        desk.fact("m1", kind="referral", dataset="marac-referral", day=TODAY - 30, risk=risk),
        desk.fact("r3", ago=timedelta(days=17), children=4, flags=["weapon"]),
        desk.fact("r2", ago=timedelta(days=11)),
        desk.fact("r1"),
    )


def test_the_reasons_are_words_without_a_date_a_number_or_a_source(desk: Desk) -> None:
    history(desk)
    for alert in desk.alerts():
        words = " ".join(alert["reasons"])
        assert not any(c.isdigit() for c in words)
        for secret in ("IDVA", "DASH", "police", "hospital", "November", "weapon"):
            assert secret not in words


def test_an_alert_has_no_field_but_those_that_anyone_entitled_may_read(desk: Desk) -> None:
    history(desk)
    for alert in desk.alerts():
        assert set(alert) == MAY_TELL
        assert (alert["case"], alert["nonce"], alert["sealed"]) == (None, b"", b"")


def test_no_digest_of_the_state_is_in_any_alert(desk: Desk) -> None:
    history(desk)
    written = b"".join(
        (o.key or b"") + (o.value or b"") for o in desk.outputs if ".alerts." in o.topic
    )
    for digest in (person(), person("John Roe"), home()):
        assert digest not in written
        assert digest.hex().encode() not in written


def test_alerts_of_one_household_or_of_two_recipients_cannot_be_joined(desk: Desk) -> None:
    history(desk)
    council = {a["alert"] for a in desk.alerts("council")}
    fire = {a["alert"] for a in desk.alerts("fire")}
    assert len(council) == len(fire) == 3
    assert council.isdisjoint(fire)


def test_the_times_of_an_alert_are_full_hours_and_do_not_name_the_original(desk: Desk) -> None:
    desk.now = NOW + timedelta(minutes=17, seconds=3)
    desk.send(desk.fact())
    alert = desk.alert()
    for time in (alert["made"], alert["raised"], alert["due"]):
        assert (time.minute, time.second, time.microsecond) == (0, 0, 0)
    (output,) = desk.sent(NAMES.alerts("council"))
    assert output.timestamp_ms == int(NOW.timestamp() * 1_000)


def test_the_alerts_of_a_batch_are_in_the_order_of_their_ids_and_not_of_arrival(desk: Desk) -> None:
    desk.send(*(desk.fact(f"r{i}", ago=timedelta(days=i)) for i in range(12)))
    keys = [o.key for o in desk.sent(NAMES.alerts("council"))]
    assert keys == sorted(k for k in keys if k)


def test_hour_type_and_district_are_those_of_a_source_that_the_recipient_receives(
    desk: Desk,
) -> None:
    hospital: dict[str, Any] = {
        "dataset": "hospital-assault",
        "agency": "hospital",
        "type": "assault-at-home",
    }
    desk.send(desk.fact("h1", ago=timedelta(hours=3), district="BA9", **hospital))
    assert desk.alerts("fire") == []  # it receives no hospital records
    assert desk.alert("council")["type"] == "assault-at-home"
    desk.send(desk.fact("r1"))
    alert = desk.alert("fire")
    assert (alert["type"], alert["hour"], alert["area"]) == (
        "domestic-incident",
        "2026-11-24T11",
        "BA1",
    )


def test_two_districts_of_one_event_are_told_as_none(desk: Desk) -> None:
    desk.send(desk.fact("r1"))
    hospital: dict[str, Any] = {
        "dataset": "hospital-assault",
        "agency": "hospital",
        "type": "assault-at-home",
    }
    desk.send(desk.fact("h1", district="BA2", **hospital))
    assert desk.alert("council")["area"] == ""


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(2, 6), gap=st.integers(1, 40), children=st.integers(0, 9))
def test_two_histories_with_the_same_rules_give_the_same_alert(
    tmp_path_factory: Any, number: int, gap: int, children: int
) -> None:
    """If the rules that apply are the same, nothing else of the history shows."""

    def told(events: int, days: int, of: int) -> dict[str, Any]:
        desk = Desk(tmp_path_factory.mktemp("a"))
        for i in range(events, 0, -1):
            people = [victim(), suspect(), victim("Ann Poe")][: 2 + i % 2]
            desk.send(desk.fact(f"e{i}", ago=timedelta(days=i * days), people=people, children=of))
        desk.send(desk.fact("r1"))
        alert = next(a for a in desk.alerts() if a["hour"] == "2026-11-24T11")
        audit = ("audit_chain", "audit_sequence", "audit_hash")
        return {k: v for k, v in alert.items() if k not in audit}

    assert told(number, gap, children) == told(2, 5, 0)


@pytest.mark.parametrize(("minutes", "late"), [(0, False), (1, True)])
def test_a_day_without_a_time_ends_at_midnight_in_london(
    desk: Desk, minutes: int, late: bool
) -> None:
    # In summer the day ends at 23:00 UTC.
    end = datetime(2026, 7, 1, 23, tzinfo=UTC)
    hours = desk.protocol.alerts.domestic.late_hours  # type: ignore[union-attr]
    desk.now = end + timedelta(hours=hours, minutes=minutes)
    day = (date(2026, 7, 1) - date(1970, 1, 1)).days
    desk.send(desk.fact(day=day, until_day=day, minute=None))
    assert desk.alert()["late"] is late
