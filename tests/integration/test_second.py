"""The example protocol's settings for profile second hold on the broker, for the reader's own login."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from ops.embedded.stack import Stack
from sanitiser.places.postcodes import sector_of
from schemas.catalogue import SCHEMA_FOLDER
from tests.integration.conftest import MakeSite
from tests.integration.records import STEADY
from tests.integration.site import Site

pytestmark = pytest.mark.broker

FULL = SCHEMA_FOLDER / "protocols" / "banes.yaml"
INCIDENT = "police-incident"


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "coarse", protocol_file=FULL)


def incident(number: int) -> dict[str, Any]:
    return {
        "incident_reference": f"I-{number}",
        "incident_type": "Noise",
        "incident_date": date(2026, 3, 10 + number),
        "incident_time": time(22, 41),
        "location_address": "5 Acacia Avenue",
        "location_postcode": STEADY,
        "domestic": False,
    }


def test_second_has_the_week_and_the_sector_and_central_the_day_and_the_street(site: Site) -> None:
    with site.worker():
        site.publish(INCIDENT, [incident(n) for n in range(3)])
        site.drain([INCIDENT])
    second = site.decoded("business", site.released("second", INCIDENT))
    assert len(second) == 3
    shown = {(r["incident_date"], r["incident_time"], r["location_address"]) for r in second}
    assert shown == {(date(2026, 3, 9), None, None)}
    assert {r["location_postcode"] for r in second} == {sector_of(STEADY)}
    assert {c for r in second for c in r["caveats"]} == {
        "incident_date:first-day-of-week", "location_postcode:sector",
        "location_easting:centre-of-sector", "location_northing:centre-of-sector",
    }  # fmt: skip
    central = site.decoded("council", site.released("central", INCIDENT))
    assert {r["incident_date"] for r in central} == {date(2026, 3, 10 + n) for n in range(3)}
    assert {r["location_postcode"] for r in central} == {STEADY}


def test_the_time_of_each_message_of_second_is_the_begin_of_its_week(site: Site) -> None:
    for message in site.read_all("business", site.released("second", INCIDENT)):
        _, timestamp_ms = message.timestamp()
        at = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
        assert (at.weekday(), at.time()) == (0, time())
