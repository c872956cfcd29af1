"""The Welsh example at work: a protocol in today's words of the law, on the real broker."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ops.embedded.stack import Stack
from sanitiser.build.reference import onspd_package
from schemas.catalogue import SCHEMA_FOLDER
from schemas.london import london_today
from tests.integration.conftest import MakeSite

pytestmark = pytest.mark.broker

WELSH = SCHEMA_FOLDER / "protocols" / "bro.yaml"
DISTRICT = "W06000014"
ASSAULT, OFFENDER = "hospital-assault", "police-ppo"


def _by_the_index_of_the_tests(document: Any) -> None:
    document["sanitising"]["minimum_households"] = 4


def _postcode_there() -> str:
    postcodes = onspd_package()
    there = postcodes.districts == postcodes.district_codes.index(DISTRICT)
    return bytes(postcodes.keys[there][0]).decode()


def test_a_health_board_supplies_and_the_council_reads_under_today_s_marking(
    stack: Stack, site_of: MakeSite
) -> None:
    site = site_of(stack, "bro", _by_the_index_of_the_tests, WELSH)
    assert site.agency(ASSAULT) == "health-board"
    assault = {
        "patient_reference": "P-1",
        "incident_date": date(2026, 3, 14),
        "location_postcode": _postcode_there(),
    }
    with site.worker():
        site.publish(ASSAULT, [assault])
        site.publish(OFFENDER, [{"offender_reference": "O-1", "name": "A Name"}])
        site.drain()
    topic = site.released("central", ASSAULT)
    (message,) = site.read_all("council", topic)
    assert dict(message.headers() or [])["marking"] == b"OFFICIAL-SENSITIVE"
    (released,) = site.decoded("council", topic)
    assert released["location_district"] == DISTRICT
    personal = site.partnership.names.released("personal", OFFENDER)
    (told,) = site.read_all("probation", personal)
    assert dict(told.headers() or [])["marking"] == "OFFICIAL-SENSITIVE – PERSONAL DATA".encode()
    assert site.partnership.protocol.review > london_today()
