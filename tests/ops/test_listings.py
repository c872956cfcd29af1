"""No listing lets what comes from others write to the reader's terminal, or end the listing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from isp.agreement.access import Ground
from isp.audit.entry import Entry
from isp.audit.select import Answer
from isp.broker.who import Access
from isp.cases.case import waiting
from ops.commands import aggregate, audit, disclose, isp_who, supply_tables
from ops.screen import Screen
from tests.isp.cases.table import PROTOCOL, Table, request

HOSTILE = "banes.[/x][bold]\x1b[2J\u202e\x9bend"
SEEN = "\\u001b[2J\\u202e\\u009b"


def shown_audit() -> None:
    share = {
        "what": "denied", "topic": HOSTILE, "agency": None, "dataset": None, "supply_id": None,
        "profile": None, "neighbour": None, "recipients": [HOSTILE], "records": 1,
    }  # fmt: skip
    content = {"at": datetime(2026, 11, 24, tzinfo=UTC), "actor": HOSTILE, "action": "read",
               "outcome": HOSTILE, "case": None, "dataset": None}  # fmt: skip
    entry = Entry(0, "", content)
    audit._print([Answer(entry, content, (share,)), Answer(entry, content, ())], [], "")


def shown_accesses() -> None:
    ground = Ground(HOSTILE, "cda-1998-s115")
    isp_who._print(HOSTILE, [Access(HOSTILE, "read", "banes.x", True, frozenset({ground}))], {})


def shown_inbox() -> None:
    table = Table()
    table.send(request())
    case = table.case.model_copy(update={"process": HOSTILE})
    disclose._print_inbox([case], list(waiting(case, PROTOCOL)))


def shown_table() -> None:
    aggregate._print_table(
        {"title": HOSTILE, "marking": "PUBLIC", "caveats": [HOSTILE], "table": b"",
         "explanations": {HOSTILE: HOSTILE}}
    )  # fmt: skip


def shown_supply() -> None:
    supply = {
        "supply_id": HOSTILE, "agency": "police", "agency_name": HOSTILE, "supplier": HOSTILE,
        "contact": HOSTILE, "dataset": HOSTILE, "period_from": None, "period_to": HOSTILE,
        "file_format": HOSTILE, "rows_read": 1, "records": 1, "complete": True, "supplied_on": HOSTILE,
        "explanations": {HOSTILE: HOSTILE}, "coding_systems": {}, "geocoding": "",
        "caveats": [HOSTILE], "duties": "",
    }  # fmt: skip
    outcome = dict.fromkeys(("accepted", "cleaned", "held", "rejected", "observed"), 0)
    measured = {"given": {HOSTILE: 1.0}, "completeness": {}, "newest_event": None}
    document = {
        "supply": supply, "outcome": {**outcome, "faults": {HOSTILE: 1}, "caveats": {}, "whole": True},
        "measured": measured, "claimed": None, "findings": [f"{HOSTILE}\nfinding: none"],
    }  # fmt: skip
    supply_tables.print_whole(document, Screen(width=150))


def shown_supplies() -> None:
    line = {
        "supply_id": HOSTILE, "agency": HOSTILE, "dataset": HOSTILE, "supplied_on": HOSTILE,
        "records": 1, "complete": True, "reject_share": None, "age_days": None, "findings": 0,
    }  # fmt: skip
    unreadable = {"agency": "fire", "dataset": None, "reason": HOSTILE, "records": None}
    supply_tables.print_lines([line], [unreadable], Screen(width=150))


@pytest.mark.parametrize(
    "show",
    [shown_audit, shown_accesses, shown_inbox, shown_table, shown_supply, shown_supplies],
    ids=lambda show: show.__name__,
)
def test_a_listing_shows_hostile_values_and_obeys_none(
    show: Callable[[], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    show()
    text = capsys.readouterr().out
    assert SEEN in text
    assert all(line.isprintable() for line in text.split("\n"))
    assert "\nfinding: none" not in text


def test_a_narrow_terminal_shows_the_whole_time_and_dataset_of_an_entry(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    share = {
        "what": "released", "topic": None, "agency": "police", "dataset": "police-crime-offence",
        "supply_id": None, "profile": "central", "neighbour": None, "recipients": ["council", "health"],
        "records": 1,
    }  # fmt: skip
    content = {"at": datetime(2026, 11, 24, tzinfo=UTC), "actor": "banes.worker", "action": "batch",
               "outcome": "done", "case": None, "dataset": None}  # fmt: skip
    audit._print([Answer(Entry(0, "", content), content, (share,))], [], "")
    assert "…" not in capsys.readouterr().out
