"""Past its review a protocol releases no personal information, and later nothing, on the real broker."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ops.embedded.stack import Stack
from schemas.london import london_today
from tests.integration.conftest import MakeSite
from tests.integration.records import incident
from tests.integration.site import Site, free_port

pytestmark = pytest.mark.broker

INCIDENT, OFFENDER = "police-incident", "police-ppo"


def _with_offenders(document: Any) -> None:
    why = {"purpose": "Management of offenders", "legal_basis": "cda-1998-s115"}
    document["supplies"].append({"agency": "police", "dataset": OFFENDER, **why})
    conditions = ["dpa-1998-sch2-public-functions", "dpa-1998-sch3-justice"]
    document["receives"].append(
        {
            "party": "council", "profile": "personal", "datasets": [OFFENDER],
            "conditions": conditions, **why,
        }
    )  # fmt: skip


def _review_by(site: Site, day: date) -> None:
    site.amend(lambda document: document.update(review=day))


def _offender(number: int) -> dict[str, Any]:
    return {"offender_reference": f"O-{number}", "name": "A Name"}


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "overdue", _with_offenders)


def _counts(site: Site) -> tuple[int, int]:
    """Personal and depersonalised releases that the council reads."""
    personal = site.partnership.names.released("personal", OFFENDER)
    central = site.released("central", INCIDENT)
    return len(site.read_all("council", personal)), len(site.read_all("council", central))


def _supply(site: Site, number: int) -> str:
    """Publish one record of each kind to a worker, and give what the worker said."""
    port = free_port()
    with site.worker(metrics_port=port) as worker:
        worker.wait_ready()
        site.publish(INCIDENT, [incident(f"IN-{number}")])
        site.publish(OFFENDER, [_offender(number)])
        site.drain()
        assert site.samples(port)["ipu_protocol_review_timestamp_seconds"]
        return worker.log


def test_personal_information_stops_first_and_all_the_rest_when_the_grace_is_over(
    site: Site,
) -> None:
    today = london_today()
    _review_by(site, today)
    assert "the review of the protocol is due" in _supply(site, 1)
    assert _counts(site) == (1, 1)

    _review_by(site, today - timedelta(days=1))
    assert "personal information is no longer released" in _supply(site, 2)
    assert _counts(site) == (1, 2)

    _review_by(site, today - timedelta(days=29))
    assert "no record is released any more" in _supply(site, 3)
    assert _counts(site) == (1, 2)

    receipts = site.receipts("police")
    assert receipts["withheld.protocol-review-overdue"] == 2
    assert receipts["withheld.protocol-review-overdue-personal"] == 1
    assert receipts["rejected"] == 0
