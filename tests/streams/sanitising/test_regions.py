"""Events outside the area go to a neighbour or are held; homes may be anywhere; openings end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from isp.agreement.officer import Officer
from isp.agreement.protocol import Agreement, Neighbour, Opening, Protocol
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from streams.messages import BatchResult
from tests.streams.partnership import NOW, TODAY, Partnership, incident, minimal

SOMERSET = "E06000023"
AGREED = Agreement(
    protocol="Its own, section 6", agreed_on=TODAY, until=TODAY,
    liaison_officer=Officer(post="Liaison Officer", contact="liaison@neighbour.example"),
)  # fmt: skip
THERE = {"location_postcode": "BA1 1AB", "location_easting": None, "location_northing": None}


@pytest.fixture
def bordered(full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Partnership:
    """The district around BA1 1AB is the neighbour's."""
    neighbour = Neighbour(
        short_name="wiltshire", name="A neighbour", area=(SOMERSET,), conditions="Section 6",
        agreement=AGREED,
    )  # fmt: skip
    own = full_protocol.partnership.model_copy(update={"margin_metres": 50})
    protocol = full_protocol.model_copy(update={"neighbours": (neighbour,), "partnership": own})
    return Partnership.of(protocol, catalogue, index)


def topics(result: BatchResult, family: str) -> list[str]:
    return [o.topic for o in result.outputs if o.topic.startswith(f"banes.{family}.")]


def test_an_event_in_a_neighbour_s_area_goes_to_that_neighbour_alone(bordered: Partnership) -> None:
    result = bordered.process(bordered.intake("police-incident", incident(**THERE)))
    assert topics(result, "neighbour") == ["banes.neighbour.wiltshire.central.police-incident"]
    assert topics(result, "depersonalised") == []
    (tally,) = result.tallies
    assert (tally.accepted, tally.held, dict(tally.released)) == (1, 0, {"central": 1})


@pytest.mark.parametrize(
    "agreement", [None, AGREED.model_copy(update={"until": TODAY - timedelta(days=1)})]
)
def test_without_the_neighbour_s_agreement_its_events_are_held(
    full_protocol: Protocol,
    catalogue: Catalogue,
    index: PostcodeIndex,
    agreement: Agreement | None,
) -> None:
    neighbour = Neighbour(
        short_name="wiltshire", name="A neighbour", area=(SOMERSET,), conditions="Section 6",
        agreement=agreement,
    )  # fmt: skip
    own = full_protocol.partnership.model_copy(update={"margin_metres": 50})
    protocol = full_protocol.model_copy(update={"neighbours": (neighbour,), "partnership": own})
    over = Partnership.of(protocol, catalogue, index)
    result = over.process(over.intake("police-incident", incident(**THERE)))
    assert topics(result, "neighbour") == topics(result, "depersonalised") == []
    (tally,) = result.tallies
    assert (tally.held, tally.withheld["agreement-of-the-neighbour-over"]) == (1, 1)


def test_an_event_outside_whose_dataset_no_neighbour_has_is_held(bordered: Partnership) -> None:
    record = minimal(bordered.catalogue.record_type("fire-incident")) | THERE
    result = bordered.process(bordered.intake("fire-incident", record))
    assert topics(result, "neighbour") == topics(result, "depersonalised") == []
    (tally,) = result.tallies
    assert (tally.accepted, tally.held, tally.rejected) == (1, 1, 0)


def test_an_event_in_no_area_that_the_protocol_knows_is_held_and_counted(
    full: Partnership,
) -> None:
    far = incident(location_postcode=None, location_easting=100_000.0, location_northing=900_000.0)
    result = full.process(full.intake("police-incident", far))
    assert topics(result, "depersonalised") == topics(result, "rejected") == []
    (tally,) = result.tallies
    assert (tally.held, dict(tally.withheld)) == (1, {"event-outside-the-area": 1})


def test_a_postcode_of_another_area_stands_in_for_none_of_this_one(
    bordered: Partnership, full: Partnership
) -> None:
    """To readers who get no record of its own it would tell of BA1 1AA's two households alone."""
    moved = incident(
        location_postcode="BA1 1AA", location_easting=None, location_northing=None,
        location_address=None,
    )  # fmt: skip
    whole = full.process(full.intake("police-incident", moved))
    assert {r["location_postcode"] for r in full.releases(whole)} == {"BA1 1AB"}
    result = bordered.process(bordered.intake("police-incident", moved))
    told = bordered.releases(result)
    assert len(told) == 2
    for release in told:
        assert release["location_postcode"] is release["location_easting"] is None
        assert release["location_district"] == "E06000022"
    assert result.tallies[0].withheld["substitute-in-another-area"] == 1


@pytest.mark.parametrize("dataset", ["police-crime-offender", "police-crime-victim"])
def test_homes_may_lie_anywhere(full: Partnership, dataset: str) -> None:
    record = minimal(full.catalogue.record_type(dataset)) | {"home_postcode": "BA1 1AB"}
    result = full.process(full.intake(dataset, record))
    assert len(topics(result, "depersonalised")) == 1


def test_an_event_whose_place_is_not_known_is_the_partnership_s_own(full: Partnership) -> None:
    nowhere = incident(location_postcode=None, location_address="the usual place")
    result = full.process(full.intake("police-incident", nowhere))
    assert len(topics(result, "depersonalised")) == 2


def on(day: date, protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Partnership:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return Partnership.of(protocol, catalogue, index, now=noon)


@pytest.mark.parametrize(
    ("day", "released"),
    [
        (date(2024, 6, 9), 0),
        (date(2024, 6, 10), 2),
        (date(2024, 6, 20), 2),
        (date(2024, 6, 21), 0),
    ],
)
def test_a_peripheral_dataset_flows_while_it_is_open_and_stops_by_itself(
    full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex, day: date, released: int
) -> None:
    opening: dict[str, Any] = {
        "dataset": "police-stop-search", "requirement": "Knife crime profile",
        "from": "2024-06-10", "until": "2024-06-20",
    }  # fmt: skip
    second = full_protocol.receives[-1].model_copy(update={"datasets": ("police-stop-search",)})
    protocol = full_protocol.model_copy(
        update={
            "openings": (Opening.model_validate(opening),),
            "receives": (*full_protocol.receives, second),
        }
    )
    partnership = on(day, protocol, catalogue, index)
    record = {
        "reference_number": "S-1", "search_date": date(2024, 6, 1), "reason_for_search": "Drugs",
    }  # fmt: skip
    result = partnership.process(partnership.intake("police-stop-search", record))
    assert len(topics(result, "depersonalised")) == released
    (tally,) = result.tallies
    assert (tally.accepted, tally.held) == (1, int(not released))
    assert tally.withheld["dataset-not-opened"] == int(not released)


def test_a_personal_release_goes_to_the_personal_topic_marked_so(full: Partnership) -> None:
    record = {"offender_reference": "O-1", "name": "A Name", "home_postcode": "SW1A 1AA"}
    result = full.process(full.intake("police-ppo", record))
    (output,) = [o for o in result.outputs if o.topic.startswith("banes.personal.")]
    assert output.topic == "banes.personal.police-ppo"
    assert dict(output.headers or ())["marking"] == "RESTRICTED – PERSONAL DATA".encode()
    released = full.schemas.read(output)
    assert (released["name"], released["home_geocoding"]) == ("A Name", "postcode")
    assert (released["home_easting"], released["home_northing"]) == (654_312.0, 123_465.0)


def test_an_age_is_that_at_the_event_else_at_the_supply(full: Partnership) -> None:
    birth = date(2000, 6, 10)
    search = {
        "reference_number": "S",
        "search_date": date(2024, 6, 1),
        "suspect_date_of_birth": birth,
    }
    victim = {"crime_reference": "C", "record_reference": "R", "date_of_birth": birth}
    result = full.process(
        full.intake("police-stop-search", search), full.intake("police-crime-victim", victim)
    )
    aged = {
        r.get("suspect_age", r.get("age")): r["caveats"] for r in full.releases(result, "central")
    }
    assert NOW.date() == TODAY == date(2024, 6, 14)
    assert aged == {
        23: ["suspect_age:from-suspect_date_of_birth-at-event"],
        24: ["age:from-date_of_birth-at-supply"],
    }


def test_a_caveat_on_what_stands_out_goes_with_it(
    full: Partnership, full_protocol: Protocol
) -> None:
    """The central group is told the age and how it was found, the second neither: only one was searched."""
    searched = {
        "reference_number": "S", "search_date": date(2024, 6, 1), "reason_for_search": "Drugs",
        "location_postcode": "SW1A 1AA", "suspect_date_of_birth": date(2000, 6, 10),
    }  # fmt: skip
    second = full_protocol.receives[-1].model_copy(update={"datasets": ("police-stop-search",)})
    protocol = full_protocol.model_copy(update={"receives": (*full_protocol.receives, second)})
    partnership = on(TODAY, protocol, full.catalogue, full.index)
    result = partnership.process(partnership.intake("police-stop-search", searched))
    (central,), (other,) = (partnership.releases(result, p) for p in ("central", "second"))
    assert central["caveats"] == ["suspect_age:from-suspect_date_of_birth-at-event"]
    assert (other["suspect_age"], other["caveats"]) == (None, [])
    (receipt,) = partnership.receipts(result)
    assert receipt["caveats"] == {"suspect_age:from-suspect_date_of_birth-at-event": 1}
