"""The demo's report is read whole on a terminal of 100 columns."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ops.commands.common import DEFAULT_PROTOCOL
from ops.demo.access_table import Answer
from ops.demo.case import CaseSeen
from ops.demo.report import WIDTH, Findings, Supplied, show
from ops.screen import Screen
from schemas.catalogue import load_catalogue
from schemas.protocol import Protocol
from schemas.protocol_file import load_protocol
from schemas.topics import topics

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
)


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_protocol(DEFAULT_PROTOCOL, CATALOGUE)


def findings(protocol: Protocol) -> Findings:
    released = dict.fromkeys(("central", "personal", "second"), MANY)
    record: dict[str, Any] = {"location_address": "19 Sparrow Close, Northcote, BA2 5PE"}
    every_topic = topics(protocol, CATALOGUE)
    parties = [party.id for party in protocol.parties]
    return Findings(
        supplies=[
            Supplied(supply.agency, supply.dataset, MANY, MANY, MANY, MANY, released)
            for supply in protocol.supplies
        ],
        sample=dict.fromkeys(("original", "central", "second"), record),
        answers=[Answer(party, topic, MANY) for topic in every_topic for party in parties],
        refusals=[("fire writes to banes.intake.police", "TOPIC_AUTHORIZATION_FAILED")],
        case=CaseSeen("case", 1, 16, 16, ("access", "topic", "key"), 6.0),
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
