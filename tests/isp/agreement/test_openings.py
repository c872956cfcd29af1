"""A peripheral dataset is shared only on days for which a requirement is stated."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from isp.agreement.access import rules
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol import Opening, Protocol
from isp.agreement.protocol_file import load_protocol
from schemas.catalogue import SCHEMA_FOLDER, Catalogue

FULL = SCHEMA_FOLDER / "protocols" / "banes.yaml"
OPENED = date(2026, 4, 1)


@pytest.fixture(scope="module")
def full(catalogue: Catalogue) -> Protocol:
    return load_protocol(FULL, catalogue)


def opened(protocol: Protocol, **period: Any) -> Protocol:
    opening = Opening.model_validate(
        {"dataset": "police-stop-search", "requirement": "knives"} | period
    )
    return protocol.model_copy(update={"openings": (opening,)})


@pytest.mark.parametrize(
    ("day", "closed"),
    [
        (date(2026, 3, 31), True),
        (date(2026, 4, 1), False),
        (date(2026, 6, 30), False),
        (date(2026, 7, 1), True),
    ],
)
def test_the_period_holds_from_its_first_day_to_its_last(
    full: Protocol, catalogue: Catalogue, day: date, *, closed: bool
) -> None:
    protocol = opened(full, **{"from": "2026-04-01", "until": "2026-06-30"})
    assert ("police-stop-search" in closed_datasets(protocol, catalogue, day)) is closed


def test_core_datasets_need_no_opening(full: Protocol, catalogue: Catalogue) -> None:
    bare = full.model_copy(update={"openings": ()})
    closed = closed_datasets(bare, catalogue, OPENED)
    supplied = {s.dataset for s in full.supplies}
    assert closed == {d for d in supplied if not catalogue.record_type(d).core}
    assert "hospital-assault" not in closed


def test_of_a_closed_dataset_nothing_is_supplied_and_nothing_is_read(
    full: Protocol, catalogue: Catalogue
) -> None:
    closed = closed_datasets(full, catalogue, OPENED)
    assert closed == {"hospital-drug-alcohol"}
    left = [
        r
        for r in rules(full, closed)
        if r.name.endswith("hospital-drug-alcohol") and r.resource == "topic"
    ]
    assert {(r.principal, r.operation, r.name.split(".")[1]) for r in left} == {
        ("banes.worker", "read", "intake"),
        ("banes.discloser", "read", "intake"),
        ("banes.worker", "write", "rejected"),
        ("banes.worker", "write", "depersonalised"),
        ("banes.health", "read", "rejected"),
        ("banes.health", "read", "supplies"),
    }


def test_what_is_open_is_supplied_and_read(full: Protocol, catalogue: Catalogue) -> None:
    lost = rules(full) - rules(full, closed_datasets(full, catalogue, OPENED))
    assert {(r.principal, r.operation, r.name) for r in lost} == {
        ("banes.health", "write", "banes.intake.health.hospital-drug-alcohol"),
        ("banes.council", "read", "banes.depersonalised.central.hospital-drug-alcohol"),
        ("banes.hub", "read", "banes.depersonalised.central.hospital-drug-alcohol"),
        ("banes.health", "write", "banes.supplies.health.hospital-drug-alcohol"),
        ("banes.council", "read", "banes.supplies.health.hospital-drug-alcohol"),
        ("banes.hub", "read", "banes.supplies.health.hospital-drug-alcohol"),
    }
