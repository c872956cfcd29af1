"""A scrubbed text through broker, registry and worker, where the protocol allows it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ops.embedded.stack import Stack
from tests.integration.conftest import MakeSite
from tests.integration.records import STEADY

pytestmark = pytest.mark.broker

OFFENCE = "police-crime-offence"


def test_a_partner_reads_the_scrubbed_text_beside_its_codes(
    stack: Stack, site_of: MakeSite
) -> None:
    def allowing(document: Any) -> None:
        document["sanitising"]["scrubbed_texts"] = [f"{OFFENCE}.method_of_entry"]

    site = site_of(stack, "scrubbed", edit=allowing)
    record = {
        "crime_reference": "C-1", "committed_from_date": date(2026, 3, 14), "domestic": False,
        "location_postcode": STEADY,
        "method_of_entry": "Rear door forced with a crowbar by J Smith, 07700 900123",
    }  # fmt: skip
    with site.worker():
        site.publish(OFFENCE, [record])
        site.drain([OFFENCE])
    (released,) = site.decoded("council", site.released("central", OFFENCE))
    assert released["method_of_entry_text"] == "Rear door forced with a crowbar by […]"
    assert released["method_of_entry"]
