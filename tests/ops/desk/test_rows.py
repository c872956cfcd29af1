"""A line of the desk says what is to do and until when, and has no content."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ops.desk.content_text import content_lines
from ops.desk.rows import DONE, OPEN, OVERDUE, TITLES, duration, line
from tests.connectors.alerts.messages import HOUR, NOW, ONE, alert, content


def cells(**changes: Any) -> dict[str, str]:
    return dict(zip(TITLES, line(alert(**changes), NOW, {}).cells, strict=True))


def test_an_alert_that_is_not_acknowledged_says_the_time_that_is_left() -> None:
    assert cells(due=NOW + HOUR * 1.5)["to do"] == "within 1 h 30 min"
    assert line(alert(), NOW, {}).style == OPEN


def test_an_alert_past_its_time_is_marked_with_by_how_much() -> None:
    late = line(alert(due=NOW - timedelta(minutes=7)), NOW, {})
    assert late.cells[0] == "OVERDUE 7 min"
    assert late.style == OVERDUE


def test_an_acknowledged_alert_says_when_also_if_it_was_acknowledged_here() -> None:
    assert cells(acknowledged=NOW)["to do"] == "done 29 Nov 15:00"
    here = line(alert(due=NOW - HOUR), NOW, {ONE: NOW})
    assert here.cells[0] == "done 29 Nov 15:00"
    assert here.style == DONE


def test_late_supply_escalation_and_a_later_version_are_marked() -> None:
    marks: dict[str, Any] = {
        "late": True,
        "escalated": "liaison_officer",
        "version": 3,
        "kind": "personal",
    }
    notes = cells(**marks)["notes"]
    assert notes == "personal, supplied late, escalated to liaison_officer, version 3"
    assert cells()["notes"] == ""


def test_no_content_is_in_a_line() -> None:
    shown = " ".join(line(alert(), NOW, {}).cells)
    for hidden in ("BA2", "domestic", "every event", "2026-11-29T14"):
        assert hidden not in shown


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(-5, "0 min"), (0, "0 min"), (59, "59 min"), (60, "1 h 00 min"), (2879, "47 h 59 min"),
     (2880, "2 d 0 h"), (4000, "2 d 18 h")],
)  # fmt: skip
def test_a_duration_is_whole_minutes_hours_or_days(minutes: int, text: str) -> None:
    assert duration(timedelta(minutes=minutes)) == text


def test_content_is_told_in_the_order_in_which_it_is_read() -> None:
    told = content_lines(content())
    assert told[0] == "level: escalation"
    assert "why: 3 events in 365 days" in told
    assert "safe contact of the victim:" in told
    assert "  number: 01632 960001" in told
    assert "  no voicemail: yes" in told
    assert "referral to a MARAC: none recorded here" in told
    at = told.index("earlier events:")
    assert told[at + 1] == "  at the household:"
    assert "    dates: 2026-03-01, 2026-09-09" in told
    assert "  agency police, dataset police-incident, from 2025-11-29" in told
    assert not any(line.startswith(("alert:", "event:")) for line in told)


def test_a_part_that_this_release_does_not_know_is_told_and_controls_no_terminal() -> None:
    told = content_lines({"new\x1b": ["a\x1b[2J", {"b\x07": "\u202ec\nd"}], "level": "x\ny"})
    assert all(line.isprintable() for line in told)
    assert told[0] == "level: x\\u000ay"
    assert any("\\u001b[2J" in line for line in told)


def test_each_of_several_reasons_has_a_line_of_its_own_and_dates_share_one() -> None:
    reasons = ["Third event in 12 months, the last on 1 March", "MARAC referral on 3 March"]
    told = content_lines({"reasons": reasons, "history": {"dates": ["2026-03-01", "2026-09-09"]}})
    assert told[:3] == ["why:", *(f"  {reason}" for reason in reasons)]
    assert "  dates: 2026-03-01, 2026-09-09" in told
