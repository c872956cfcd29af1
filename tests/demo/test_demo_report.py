"""The demo's report is read whole on a terminal of 100 columns."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from demo.access_table import Answer
from demo.alerts import AlertSeen
from demo.case import CaseSeen
from demo.command import progress_on
from demo.emerging import SpateSeen, as_emerging
from demo.hub import HubSeen
from demo.report import WIDTH, Findings, StreetsKept, Supplied, show
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import topics
from ops.commands.common import DEFAULT_PROTOCOL
from ops.screen import Screen
from schemas.catalogue import load_catalogue
from tests.connectors.emerging.messages import finding

CATALOGUE = load_catalogue()
MANY = 99_999
HEADINGS = (
    (
        "agency",
        "dataset",
        "supplied",
        "cleaned",
        "rejected",
        "held",
        "central",
        "personal",
        "second",
    ),
    ("datafield", "original", "central", "second"),
    ("topic", "records", "read by", "denied to"),
    ("attempt", "the broker's answer"),
    ("step", "what was seen"),
    ("step", "what was seen", "what it proves"),
)

COUNTS = {"count": 2, "dates": ["2026-11-17", "2026-08-25"], "days_since_last": 12}
DESK = {
    "alert": "3f0a51c2d4e69b78",
    "level": "marac-repeat",
    "reasons": ["further event within 365 days of a referral to a MARAC", "3 events in 365 days"],
    "standing": "escalating",
    "history": {
        "household": COUNTS,
        "victim": COUNTS,
        "pair": {"same_direction": COUNTS, "other_direction": {"count": 0, "dates": []}},
        "suspect_with_others": {"count": 0},
    },
    "contact": {"number": "07700 900171", "no_voicemail": True},
    "covered": [
        {"agency": "police", "dataset": name, "from": "2025-11-29", "to": "2026-11-29"}
        for name in (
            "police-incident",
            "police-crime-offence",
            "police-crime-victim",
            "marac-referral",
        )
    ],
}
ALERT = AlertSeen(
    "3f0a51c2d4e69b78",
    {"type": "domestic-incident", "hour": "2026-11-29T16", "area": "BA2", "level": "marac-repeat",
     "reasons": ["a further event after a MARAC referral"]},
    99_999.0, 18, 0, 99.9, DESK, 99.9, 17, 17, 99_999.0,
)  # fmt: skip

SPATE = SpateSeen(
    99_999, 16, date(2026, 11, 27), finding(what="street-disorder", provisional=True),
    date(2026, 11, 28), 2, 8, 99.9, finding(version=9, status="grown", observed=17), 16, 17, 17, 16, 2, 3, 0,
)  # fmt: skip

_TABLES = ("central.drug_treatment_young_person", "supplies.environment__environment_waste_site")
HUB = HubSeen(
    "council",
    99.9,
    dict.fromkeys(_TABLES, MANY),
    dict.fromkeys(_TABLES, "RESTRICTED - PERSONAL DATA"),
)


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_protocol(DEFAULT_PROTOCOL, CATALOGUE)


def findings(protocol: Protocol) -> Findings:
    released = dict.fromkeys(("central", "personal", "second"), MANY)
    record: dict[str, Any] = {
        "location_address": "19 Sparrow Close, Northcote, BA2 5PE", "victim_name": None,
    }  # fmt: skip
    every_topic = topics(protocol, CATALOGUE)
    parties = [party.id for party in protocol.parties]
    return Findings(
        supplies=[
            Supplied(supply.agency, supply.dataset, MANY, MANY, MANY, MANY, released)
            for supply in protocol.supplies
        ],
        sample=dict.fromkeys(("original", "central", "second"), record),
        streets=StreetsKept("police-incident", MANY, MANY),
        answers=[Answer(party, topic, MANY) for topic in every_topic for party in parties],
        refusals=[("fire writes to banes.intake.police", "TOPIC_AUTHORIZATION_FAILED")],
        case=CaseSeen("case", 1, 16, 16, ("access", "topic", "key"), 6.0),
        alert=ALERT,
        emerging=SPATE,
        hub=HUB,
        latency={"p50_ms": 39.0, "p95_ms": 162.0, "p99_ms": 539.0, "max_ms": 638.0},
        live_records=3000,
        live_rate=300.0,
        seconds=10.0,
    )


def test_no_heading_and_no_name_is_cut_at_100_columns(protocol: Protocol) -> None:
    paper = io.StringIO()
    show(Screen(file=paper, width=80), findings(protocol), [party.id for party in protocol.parties])
    printed = paper.getvalue()
    assert WIDTH == 100
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert [headings for headings in HEADINGS if " ".join(headings) not in lines] == []
    assert "…" not in printed.replace("<agency>…", "")
    assert all(len(line.rstrip()) <= WIDTH for line in printed.splitlines())


def test_the_numbers_of_the_progress_are_whole_at_80_columns() -> None:
    paper = io.StringIO()
    with progress_on(Screen(file=paper, width=80)) as progress:
        progress.add_task("making records up", total=20_000, completed=20_000)
        progress.add_task("broker, registry, protocol, index and worker are up", total=1)
    assert "20000/20000" in paper.getvalue()


def test_fields_that_are_empty_everywhere_are_counted_and_not_listed(protocol: Protocol) -> None:
    paper = io.StringIO()
    show(Screen(file=paper, width=WIDTH), findings(protocol), [])
    assert "datafields that are empty in all of them: 1" in paper.getvalue()
    assert "victim_name" not in paper.getvalue()


def test_topics_that_only_their_party_reads_share_a_row(protocol: Protocol) -> None:
    own = [
        Answer(party.id, topic, 1 if topic.name.endswith(f".{party.id}") else None)
        for topic in topics(protocol, CATALOGUE)
        for party in protocol.parties
        if topic.family in {"alerts", "staff"} and "conflict" not in topic.name
    ]
    paper = io.StringIO()
    seen = replace(findings(protocol), answers=own)
    show(Screen(file=paper, width=WIDTH), seen, [])
    lines = [" ".join(line.split()) for line in paper.getvalue().splitlines()]
    others = len(protocol.parties) - 1
    assert f"banes.alerts.domestic.<agency>… (5 topics) 5 that agency {others}" in lines
    assert f"banes.staff.<agency>… (5 topics) 5 that agency {others}" in lines


def test_the_third_incident_is_shown_as_the_duty_desk_sees_it(protocol: Protocol) -> None:
    paper = io.StringIO()
    show(Screen(file=paper, width=WIDTH), findings(protocol), [])
    printed = paper.getvalue()
    assert "standing: escalating" in printed
    assert "days since the last: 12" in printed
    assert "and 1 more" in printed
    assert "18 texts searched for" in " ".join(printed.split())


def test_the_spate_is_shown_with_the_day_it_was_found_on_and_how_sure_that_is(
    protocol: Protocol,
) -> None:
    paper = io.StringIO()
    show(Screen(file=paper, width=WIDTH), findings(protocol), [])
    printed = " ".join(paper.getvalue().split())
    for said in (
        "day 2 (28 November), with record 8", "6 against 0.40 expected", "once in 714 days", "provisional",
        "17 of 17 other partners", "Six deliberate fires near Walcot Street",
    ):  # fmt: skip
        assert said in printed.replace("│", "")


def test_a_detector_that_was_not_ready_and_a_finding_that_did_not_come_are_said(
    protocol: Protocol,
) -> None:
    paper = io.StringIO()
    seen = SPATE._replace(is_ready=False, second_records=0)
    show(Screen(file=paper, width=WIDTH), replace(findings(protocol), emerging=seen), [])
    printed = " ".join(paper.getvalue().split())
    assert "not ready after 120 s the detector had not" in printed
    assert "second group the business partner could read none" in printed
    assert as_emerging(seen)["is_ready"] is False


def test_a_demo_whose_detector_was_ready_does_not_say_otherwise(protocol: Protocol) -> None:
    paper = io.StringIO()
    show(Screen(file=paper, width=WIDTH), findings(protocol), [])
    assert "not ready" not in paper.getvalue()


def test_the_spate_is_a_json_document_with_the_whole_messages() -> None:
    document = json.loads(json.dumps(as_emerging(SPATE), default=str))
    assert document["found"]["observed"] == 6
    assert document["grown"]["version"] == 9
    assert document["found_day"] == "2026-11-28"
