"""One agency writes what is no supply, or leaves a transaction open: the others' supplies are listed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import Producer

from isp.agreement.topics import topics
from ops.commands import supplies as listing
from ops.embedded.stack import Stack
from schemas.wire import encoder
from tests.integration.clients import read_outcomes
from tests.integration.conftest import MakeSite
from tests.integration.records import STEADY
from tests.integration.site import Site
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S

pytestmark = pytest.mark.broker

DATASET = "police-incident"
HOSTILE = "[/x]\x1b[2J\u202e"
FILE = f"incident_reference,incident_date,location_postcode\nS-1,2026-03-02,{STEADY}\n"
FORGED: dict[str, Any] = {
    "supply_id": "f" * 32, "agency": "police", "dataset": DATASET, "rows_read": 1, "records": 1,
    "complete": True, "supplied_on": "2026-03-16", "supplier": HOSTILE, "caveats": [HOSTILE],
}  # fmt: skip
WRONG = (
    {"dataset": "no-such-dataset"},
    {"agency": "fire"},
    {"supply_id": HOSTILE},
    {"supplied_on": "soon"},
    {"records": -1},
    {"claims": {"completeness": {"incident_type": float("nan")}}},
)
REASONS = {
    "of-another-dataset", "of-another-agency", "not-a-supply-id", "not-a-date", "not-a-count",
    "not-a-share", "not-framed",
}  # fmt: skip


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The police supplied an incident, and forged more than that."""
    site = site_of(stack, "forging")
    file = tmp_path_factory.mktemp("forging") / "incidents.csv"
    file.write_text(FILE, encoding="utf-8")
    what = ("--agency", "police", "--dataset", DATASET, "--no-wait")
    assert run(site, "publish", str(file), *what).code == 0
    partnership = site.partnership
    topic = partnership.names.supplies("police", DATASET)
    about = next(t for t in topics(partnership.protocol, partnership.catalogue) if t.name == topic)
    encode = encoder(about.schema, partnership.applied.schema_ids[about.subject])
    forged = [encode({**FORGED, **wrong}) for wrong in ({}, *WRONG)]
    site.publish_raw("police", topic, [(None, v) for v in (*forged, b"garbage", b"\0" * 3)])
    return site


@contextmanager
def open_transaction(site: Site, agency: str, dataset: str) -> Iterator[None]:
    """Leave a transaction of the agency open in the topic of its supplies."""
    names = site.partnership.names
    config = {**site.partnership.client(agency), "log_level": 0}
    name = f"{names.principal(agency)}.publish.{dataset}"
    producer = Producer({**config, "transactional.id": name, "transaction.timeout.ms": 60_000})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(names.supplies(agency, dataset), b"garbage", b"key")
    assert producer.flush(PATIENCE_S) == 0
    try:
        yield
    finally:
        producer.abort_transaction(30)


def is_plain(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


def test_what_is_no_supply_is_one_row_a_reason_and_hides_no_other(site: Site) -> None:
    listed = run(site, "supplies", "list", "--json")
    assert listed.code == 0
    unreadable = listed.document["unreadable"]
    assert {(row["agency"], row["dataset"]) for row in unreadable} == {("police", DATASET)}
    assert {row["reason"] for row in unreadable} == REASONS
    assert {s["supply_id"] == "f" * 32 for s in listed.document["supplies"]} == {True, False}
    assert run(site, "supplies", "gaps").code == 3


@pytest.mark.parametrize(
    "command",
    [
        ("supplies", "list"),
        ("supplies", "show", "ffff"),
        ("supplies", "gaps"),
        ("read", f"supplies.police.{DATASET}", "--as", "police"),
    ],
    ids=" ".join,
)
def test_no_listing_lets_a_supplier_write_to_the_terminal(
    site: Site, command: tuple[str, ...]
) -> None:
    answer = run(site, *command)
    assert answer.code in {0, 3}
    assert is_plain(answer.said)


def test_a_reader_gets_the_records_and_is_told_how_many_messages_are_none(site: Site) -> None:
    answer = run(site, "read", f"supplies.police.{DATASET}", "--as", "police")
    records = [json.loads(line) for line in answer.text.splitlines()]
    assert HOSTILE in [record["supplier"] for record in records]
    assert "messages are not records: " in answer.said
    assert "not-framed 2" in answer.said


def test_an_open_transaction_is_a_row_and_the_others_are_listed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PATIENCE_S", 2.0)
    with open_transaction(site, "fire", "fire-incident"):
        answer = run(site, "supplies", "list", "--json")
    assert answer.code == 1
    (row,) = [r for r in answer.document["unreadable"] if r["agency"] == "fire"]
    assert (row["dataset"], row["records"]) == ("fire-incident", None)
    assert "could not be read to its end" in row["reason"]
    assert len(answer.document["supplies"]) == 2
    assert run(site, "supplies", "list").code == 0, "the transaction has ended"


def test_who_receives_one_dataset_reads_nothing_of_another_s_supplies(site: Site) -> None:
    partnership, names = site.partnership, site.partnership.names
    received = {
        (e.party, d) for e in partnership.protocol.receives if e.profile != "second"
        for d in e.datasets
    }  # fmt: skip
    for party in ("fire", "council", "business"):
        tried = {s.dataset: names.supplies(s.agency, s.dataset)
                 for s in partnership.protocol.supplies if s.agency != party}  # fmt: skip
        client, group = partnership.client(party), f"{names.principal(party)}.reader"
        answers = read_outcomes(client, group, [t for d, t in tried.items() if d == DATASET])
        refused = {t for t, outcome in answers.items() if outcome is not None}
        assert (tried[DATASET] in refused) is ((party, DATASET) not in received)
