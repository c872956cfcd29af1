"""Records as agencies supply them become alerts, through the pipeline and the agent."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest

from isp.cases.prepared import PreparedRequest
from sanitiser.places.postcodes import PostcodeIndex
from streams.messages import Intake
from streams.sanitising.assembly import build_pipeline
from streams.sanitising.pipeline import Pipeline
from tests.isp.cases.table import CATALOGUE
from tests.streams.alerts.desk import BORN, JANE, KEYS, NAMES, NOW, Desk
from tests.streams.partnership import Partnership

RECORD: dict[str, Any] = {
    "incident_reference": "IN-1",
    "incident_date": NOW.date(),
    "incident_time": time(11, 0),
    "incident_type": "Domestic",
    "domestic": True,
    "location_address": "5 Acacia Avenue",
    "location_postcode": "BA1 1AB",
    "victim_name": "Jane Roe",
    "victim_date_of_birth": BORN,
    "suspect_name": "John Roe",
    "suspect_date_of_birth": date(1988, 2, 3),
    "weapon_used": True,
    "children_count": 2,
    "safe_contact_number": "01225 000000",
}


@pytest.fixture
def partnership(desk: Desk, index: PostcodeIndex) -> Partnership:
    area = (*desk.protocol.partnership.area, "E06000023")
    partner = desk.protocol.partnership.model_copy(update={"area": area})
    protocol = desk.protocol.model_copy(update={"partnership": partner})
    pipeline: Pipeline = build_pipeline(
        protocol, CATALOGUE, index, KEYS, desk.schemas.wire, NOW.timestamp
    )
    return Partnership(protocol, CATALOGUE, index, desk.schemas, pipeline)


def passed_on(desk: Desk, partnership: Partnership, *intakes: Intake) -> list[Intake]:
    """Return the messages of incidents that the pipeline makes of records."""
    at = int((NOW - timedelta(minutes=1)).timestamp() * 1_000)
    result = partnership.process(*(i._replace(timestamp_ms=at) for i in intakes))
    partnership.pipeline.committed(result)
    found = [o for o in result.outputs if o.topic == NAMES.incidents]
    reader = CATALOGUE.system["incident"]
    desk.schemas.id_of(reader)
    return [
        desk.message(NAMES.incidents, "incident", desk.schemas.read(output)) for output in found
    ]


def test_a_record_becomes_an_alert_and_a_request_and_an_approval_tells_its_facts(
    desk: Desk, partnership: Partnership
) -> None:
    desk.send(*passed_on(desk, partnership, partnership.intake("police-incident", RECORD)))
    alert = desk.alert()
    assert (alert["kind"], alert["hour"], alert["late"]) == (
        "depersonalised",
        "2026-11-24T11",
        False,
    )
    (request,) = desk.requests()
    assert PreparedRequest.model_validate(request).subjects == (JANE,)
    desk.now += timedelta(seconds=1)
    desk.send(desk.case())
    told = desk.opened()
    assert told["contact"] == {"number": "01225 000000"}
    assert (told["children"], told["flags"]) == (2, ["children", "weapon"])


def test_a_record_that_is_corrected_to_not_domestic_or_erased_withdraws_it(
    desk: Desk, partnership: Partnership
) -> None:
    desk.send(*passed_on(desk, partnership, partnership.intake("police-incident", RECORD)))
    other = RECORD | {"domestic": False, "incident_type": "Noise"}
    desk.send(*passed_on(desk, partnership, partnership.intake("police-incident", other, 1)))
    assert desk.alerts() == []
    assert [p["kind"] for p in desk.prepared()] == ["request", "take_back"]
    desk.send(*passed_on(desk, partnership, partnership.intake("police-incident", RECORD, 2)))
    assert len(desk.alerts()) == 1
    erased = partnership.intake("police-incident", RECORD, 3)._replace(erases=True)
    desk.send(*passed_on(desk, partnership, erased))
    assert desk.alerts() == []
