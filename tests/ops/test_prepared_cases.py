"""The commands show a prepared case plainly, and name nobody."""

from __future__ import annotations

from typing import Any

import pytest

from isp.cases.case import Case, waiting
from ops.commands import disclose
from ops.commands.prepared_cases import prepared_lines
from tests.isp.cases.prepared import AGREED, EVENT, Desk
from tests.isp.cases.table import CASE, Table, request

RISK = "the third event of this victim"


def told(case: Case, party: str) -> str:
    return "\n".join(prepared_lines(case.as_seen_by(party), party, AGREED))


def prepared_case(**changes: Any) -> Case:
    desk = Desk()
    desk.prepare(**changes)
    return desk.case


def test_the_supplier_reads_who_prepared_it_why_until_when_and_the_next_command() -> None:
    text = told(prepared_case(), "police")
    assert "prepared by the alerts agent for council" in text
    assert EVENT in text
    assert "why: Response to a domestic incident" in text
    assert "decide by 2026-12-22" in text
    assert f"next: ipu disclose approve {CASE} --as police --key KEY.pem" in text
    assert "--urgent" not in text
    assert "Jane" not in text


def test_of_an_urgent_one_it_reads_the_reason_and_the_duty_officers_command() -> None:
    text = told(prepared_case(urgent=RISK), "police")
    assert f"urgent: {RISK}" in text
    assert (
        f"as duty_officer: ipu disclose approve {CASE} --as police --key KEY.pem --urgent" in text
    )


def test_a_health_agency_reads_that_its_guardian_is_first() -> None:
    health: dict[str, Any] = {"supplier": "daat", "fields": {"drug-treatment-adult": ["name"]}}
    text = told(prepared_case(**health), "daat")
    assert f"first, as caldicott_guardian: ipu disclose advise {CASE} share --as daat" in text
    advised = prepared_case(**health).model_copy(update={"advised": True})
    assert "first" not in told(advised, "daat")


def test_the_recipient_reads_that_there_is_one_and_who_decides() -> None:
    text = told(prepared_case(urgent=RISK), "council")
    assert "police decides; whom it is about is shown after an approval" in text
    assert EVENT in text
    assert RISK not in text
    assert "2026-12-22" not in text


def test_of_other_cases_nothing_is_explained() -> None:
    table = Table()
    table.send(request())
    assert told(table.case, "police") == ""
    desk = Desk()
    desk.prepare()
    desk.decide("approve")
    assert told(desk.case, "police") == ""


def test_the_list_says_by_which_day_a_case_is_to_be_decided(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    case = prepared_case(urgent=RISK)
    disclose._print_inbox([case], list(waiting(case, AGREED)))
    assert "decide, urgently, by 2026-12-22" in capsys.readouterr().out
