"""The quotas of a party follow from its supplies."""

from __future__ import annotations

from isp.agreement.protocol_file import load_protocol
from isp.broker.quotas import wanted_quotas
from schemas.catalogue import load_catalogue
from tests.protocols import FIRST


def test_a_party_that_supplies_nothing_has_room_for_letters_alone() -> None:
    protocol = load_protocol(FIRST, load_catalogue())
    limits = {name: limit["producer_byte_rate"] for name, limit in wanted_quotas(protocol).items()}
    most = protocol.quotas.publish_bytes_per_second
    assert limits == {
        "banes.police": most, "banes.fire": most, "banes.council": 65_536, "banes.business": 65_536,
    }  # fmt: skip
