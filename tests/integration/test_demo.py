"""The demo as a newcomer runs it: a process of its own on a run directory of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from isp.agreement.access import rules
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol_file import load_protocol
from ops.embedded import stack as embedded
from ops.settings import Settings
from schemas.catalogue import load_catalogue
from schemas.london import london_today

pytestmark = pytest.mark.broker

BANES = Path("schemas/protocols/banes.yaml")


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def shown(run_dir: Path) -> Any:
    ran = subprocess.run(
        [sys.executable, "-m", "ops.cli", "demo", "--json", "--records", "600", "--seconds", "2"],
        env={**os.environ, "IPU_RUN_DIR": str(run_dir)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]
    return json.loads(ran.stdout)


def test_every_supplied_record_is_released_held_or_rejected(shown: Any) -> None:
    protocol, catalogue = load_protocol(BANES, load_catalogue()), load_catalogue()
    closed = closed_datasets(protocol, catalogue, london_today())
    assert {s["dataset"] for s in shown["supplies"]} == set(catalogue.record_types) - closed
    for supply in shown["supplies"]:
        released = max(supply["released"].get(p, 0) for p in ("central", "personal"))
        assert released + supply["held"] + supply["rejected"] == supply["supplied"] > 0


def test_the_broker_allows_what_the_protocol_says_and_denies_the_rest(shown: Any) -> None:
    protocol = load_protocol(BANES, load_catalogue())
    closed = closed_datasets(protocol, load_catalogue(), london_today())
    readable = {
        (rule.principal, rule.name)
        for rule in rules(protocol, closed)
        if (rule.resource, rule.operation) == ("topic", "read")
    }
    for answer in shown["access"]:
        principal = f"{protocol.prefix}.{answer['party']}"
        assert (answer["records"] is not None) == ((principal, answer["topic"]) in readable), answer
    assert set(shown["refusals"].values()) == {
        "TOPIC_AUTHORIZATION_FAILED",
        "authentication failed",
    }


def test_the_sample_shows_an_original_beside_forms_without_its_house(shown: Any) -> None:
    original, central = shown["sample"]["original"], shown["sample"]["central"]
    house = original["location_address"].split(",")[0].split()[0]
    assert house not in central["location_address"].split()
    assert original["incident_reference"] not in json.dumps(central)


def test_most_records_with_an_address_keep_a_street_by_the_list(shown: Any) -> None:
    streets = shown["streets"]
    assert streets["kept"] > 0.9 * streets["records"] > 0


def test_the_live_phase_reads_back_what_it_published(shown: Any) -> None:
    assert 0 < shown["latency"]["p50_ms"] <= shown["latency"]["p99_ms"]


def test_the_case_gives_the_council_the_household_s_record_and_ends(shown: Any) -> None:
    case = shown["case"]
    assert case["records"] >= 1
    assert case["denied"] == case["asked"] > 0
    assert case["destroyed"]


def test_the_council_is_alerted_of_the_third_incident_without_a_word_about_people(
    shown: Any,
) -> None:
    alert = shown["alert"]
    assert alert["found"] == 0
    assert alert["searched"] > 0
    assert set(alert["plain"]) <= {"level", "reasons", "type", "hour", "area", "late"}
    assert alert["plain"]["level"] == "marac-repeat"


def test_after_one_approval_the_desk_has_the_history_and_nobody_else_reads_it(shown: Any) -> None:
    alert = shown["alert"]
    desk = alert["desk"]
    assert desk["standing"] == "escalating"
    assert desk["history"]["household"]["count"] == 2
    assert desk["history"]["victim"]["count"] == 2
    assert desk["referral"]["grade"] == "high"
    assert desk["children"] == 2
    assert alert["denied"] == alert["asked"] > 0


def test_nothing_runs_on_after_it(shown: Any, run_dir: Path) -> None:
    assert embedded.find(Settings(run_dir=run_dir / "demo")) is None
