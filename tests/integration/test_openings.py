"""A peripheral dataset flows for its stated period, and stops by itself, on the real broker."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.account import Account
from connectors.errors import AccessDeniedError
from connectors.mappings.mapping_file import identity_mapping
from connectors.outcome import Outcome
from connectors.publishing.publish import Job, publish
from connectors.receipts import await_outcome
from demo.generator.csv_files import write_csv
from demo.generator.datasets import GENERATORS
from demo.generator.district import points_of_index
from isp.agreement.protocol_file import load_protocol
from ops.embedded.stack import Stack
from schemas.london import london_today
from tests.integration.clients import read_outcomes
from tests.integration.conftest import MakeSite
from tests.integration.site import Site
from tests.integration.waiting import PATIENCE_S

pytestmark = pytest.mark.broker

DATASET = "btp-crime"
ROWS = 20
YESTERDAY = london_today() - timedelta(days=1)


def _open(document: Any) -> None:
    document["parties"].append(
        {
            "id": "railway-police", "name": "Railway police", "kind": "transport-police",
            "status": "invited", "relevant_authority": False, "notification": "Z1234567", "group": "central",
            "liaison_officer": {"post": "Officer", "contact": "officer@railway.example"},
        }
    )  # fmt: skip
    why = {"purpose": "Problem profile", "legal_basis": "depersonalised"}
    document["supplies"].append({"agency": "railway-police", "dataset": DATASET, **why})
    document["receives"].append(
        {"party": "fire", "profile": "central", "datasets": [DATASET], **why}
    )
    document["openings"] = [
        {
            "dataset": DATASET, "requirement": "A problem profile",
            "from": YESTERDAY - timedelta(days=90), "until": YESTERDAY + timedelta(days=90),
        }
    ]  # fmt: skip


def _end_yesterday(document: Any) -> None:
    document["openings"][0]["until"] = YESTERDAY


def _supply(site: Site, file: Path, seed: int, index: Path) -> Job:
    write_csv(file, GENERATORS[DATASET](ROWS, seed, points_of_index(index)))
    p, agency = site.partnership, site.agency(DATASET)
    account = Account(p.protocol.prefix, agency, p.client(agency))
    return Job(file, identity_mapping(p.catalogue.record_type(DATASET)), account, p.catalogue)


def _outcome(job: Job) -> Outcome:
    done = publish(job)
    return await_outcome(
        job.account, job.catalogue, done.supply_id, done.records,
        start=done.receipts_from, timeout_s=PATIENCE_S,
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "expiring", _open)


def test_a_peripheral_dataset_flows_in_its_period_and_not_a_day_longer(
    site: Site, index: Path, tmp_path: Path
) -> None:
    with site.worker():
        open_still = _outcome(_supply(site, tmp_path / "first.csv", 1, index))
    assert open_still.released["central"] > 0
    assert open_still.withheld["dataset-not-opened"] == 0

    site.amend(_end_yesterday)
    with site.worker():
        ended = _outcome(_supply(site, tmp_path / "second.csv", 2, index))
    assert ended.accepted == ended.held == ended.withheld["dataset-not-opened"] > 0
    assert ended.released["central"] == 0

    site.partnership.apply(load_protocol(site.protocol_file, site.partnership.catalogue))
    with pytest.raises(AccessDeniedError, match=DATASET):
        publish(_supply(site, tmp_path / "third.csv", 3, index))
    topic, fire = site.released("central", DATASET), site.partnership.client("fire")
    group = f"{fire['sasl.username']}.reader"
    assert read_outcomes(fire, group, [topic]) == {topic: "TOPIC_AUTHORIZATION_FAILED"}
