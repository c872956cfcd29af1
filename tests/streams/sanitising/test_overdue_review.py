"""Past a protocol's review personal information stops first, after the grace all the rest; it is counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from isp.agreement.protocol import Protocol
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from streams.messages import BatchResult
from tests.streams.partnership import Partnership, incident

REVIEW = date(2024, 6, 14)
GRACE = 28
OFFENDER = {"offender_reference": "O-1", "name": "A Name", "home_postcode": "SW1A 1AA"}


def on(day: date, protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Partnership:
    due = protocol.model_copy(update={"review": REVIEW, "review_grace_days": GRACE})
    return Partnership.of(due, catalogue, index, now=datetime.combine(day, time(12), UTC))


def families(result: BatchResult) -> set[str]:
    return {o.topic.split(".")[1] for o in result.outputs} & {"personal", "depersonalised"}


@pytest.mark.parametrize(
    ("days", "personal", "depersonalised"),
    [(0, True, True), (1, False, True), (GRACE, False, True), (GRACE + 1, False, False)],
)
def test_releases_stop_in_the_order_that_the_protocol_states(
    full_protocol: Protocol,
    catalogue: Catalogue,
    index: PostcodeIndex,
    days: int,
    personal: bool,
    depersonalised: bool,
) -> None:
    partnership = on(REVIEW + timedelta(days=days), full_protocol, catalogue, index)
    result = partnership.process(
        partnership.intake("police-ppo", OFFENDER),
        partnership.intake("police-incident", incident()),
    )
    flows = {"personal": personal, "depersonalised": depersonalised}
    assert families(result) == {family for family, flowing in flows.items() if flowing}
    offender, other = sorted(result.tallies, key=lambda tally: tally.dataset, reverse=True)
    assert (offender.dataset, offender.held) == ("police-ppo", int(not personal))
    assert (other.dataset, other.held) == ("police-incident", int(not depersonalised))
    over = int(not depersonalised)
    assert other.withheld["protocol-review-overdue"] == over
    assert offender.withheld["protocol-review-overdue"] == over
    assert offender.withheld["protocol-review-overdue-personal"] == int(not personal) - over
    assert offender.rejected == other.rejected == 0


def test_a_correction_to_domestic_still_takes_back_while_the_rest_flows(
    full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    partnership = on(REVIEW + timedelta(days=1), full_protocol, catalogue, index)
    first = partnership.process(partnership.intake("police-incident", incident()))
    partnership.pipeline.state.commit(first.changes)
    corrected = partnership.process(
        partnership.intake("police-incident", incident(domestic=True), offset=1)
    )
    assert [topic for topic, _ in partnership.taken_back(corrected)] == [
        "banes.depersonalised.second.police-incident"
    ]
