"""Alerts are raised once, updated, and withdrawn."""

from __future__ import annotations

from tests.streams.alerts.desk import Desk


def test_an_incident_raises_one_depersonalised_alert_for_each_entitled_recipient(desk: Desk) -> None:
    desk.send(desk.fact())
    alert = desk.alert("council")
    assert (alert["kind"], alert["version"]) == ("depersonalised", 1)
    assert (alert["type"], alert["hour"], alert["area"]) == (
        "domestic-incident", "2026-11-24T11", "BA1",
    )  # fmt: skip
    assert alert["sealed"] == b""
    assert desk.alert("fire")["alert"] != alert["alert"]
    assert desk.alerts("probation") == []
    assert desk.alerts("academy") == []


def test_an_open_case_makes_the_alert_personal(desk: Desk) -> None:
    desk.send(desk.case())
    desk.send(desk.fact())
    alert = desk.alert()
    assert (alert["kind"], alert["type"], alert["hour"], alert["area"]) == ("personal", "", "", "")
    told = desk.opened()
    assert (told["matched"], told["standing"]) == ("victim", "none recorded here")
    assert (told["day"], told["time"]) == ("2026-11-24", "11:00")
