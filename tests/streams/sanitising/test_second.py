"""The settings of profile second hold for its releases, and for no other profile's."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any, Final

import pytest

from isp.agreement.protocol import Protocol
from isp.agreement.second import SecondProfile
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from streams.messages import BatchResult
from tests.streams.partnership import NOW, Partnership, incident

MONDAY: Final = datetime(2024, 6, 10, tzinfo=UTC)
"""The first day of the week of NOW."""
SET: Final = SecondProfile(period="week", place="sector", minimum_households=8)
FINE: Final = incident(
    incident_date=date(2024, 6, 1), incident_time=time(22, 41), incident_date_to=date(2024, 6, 5),
    location_address="5 Acacia Avenue",
)  # fmt: skip


def partnership(
    protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex, second: SecondProfile
) -> Partnership:
    sanitising = protocol.sanitising.model_copy(update={"second": second})
    return Partnership.of(protocol.model_copy(update={"sanitising": sanitising}), catalogue, index)


@pytest.fixture
def coarse(full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Partnership:
    return partnership(full_protocol, catalogue, index, SET)


@pytest.fixture
def plain(full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Partnership:
    return partnership(full_protocol, catalogue, index, SecondProfile())


def only(made: Partnership, profile: str, **fields: Any) -> dict[str, Any]:
    result = made.process(made.intake("police-incident", FINE | fields))
    (record,) = made.releases(result, f"{profile}.")
    return record


def times(result: BatchResult, profile: str) -> set[int | None]:
    return {o.timestamp_ms for o in result.outputs if f"depersonalised.{profile}." in o.topic}


def test_second_has_week_and_sector_and_central_is_unchanged(
    coarse: Partnership, plain: Partnership
) -> None:
    assert only(coarse, "central") == only(plain, "central")
    second = only(coarse, "second")
    assert second["incident_date"] == date(2024, 5, 27)
    assert second["incident_date_to"] == date(2024, 6, 3)
    assert second["incident_time"] is None
    assert (second["location_postcode"], second["location_address"]) == ("SW1A 1", None)
    assert (second["location_easting"], second["location_northing"]) == (654_312, 123_465)


def test_the_record_id_is_the_same_whatever_the_precision(
    coarse: Partnership, plain: Partnership
) -> None:
    assert only(coarse, "second")["record_id"] == only(plain, "second")["record_id"]


def test_a_correction_within_the_week_tells_nothing_finer(coarse: Partnership) -> None:
    assert only(coarse, "second") == only(coarse, "second", incident_date=date(2024, 5, 30))


def test_messages_of_second_have_the_begin_of_their_week_also_when_they_take_back(
    coarse: Partnership,
) -> None:
    first = coarse.process(coarse.intake("police-incident", FINE))
    coarse.pipeline.committed(first)
    gone = coarse.process(coarse.intake("police-incident", FINE | {"domestic": True}))
    assert coarse.taken_back(gone)
    begin_ms = int(MONDAY.timestamp() * 1000)
    assert times(first, "second") == times(gone, "second") == {begin_ms}
    hour = NOW.replace(minute=0, second=0)
    assert times(first, "central") == {int(hour.timestamp() * 1000)}


def test_more_households_for_second_alone_withhold_a_smaller_place_there(
    full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    made = partnership(full_protocol, catalogue, index, SecondProfile(minimum_households=35))
    place = {"location_postcode": "BA1 2ZZ", "location_address": "5 Acacia Avenue"}
    assert only(made, "central", **place)["location_postcode"] == "BA1 2ZZ"
    second = only(made, "second", **place)
    assert {second[f"location_{part}"] for part in ("postcode", "address", "easting")} == {None}
    assert second["location_district"] is None, "30 households of one postcode are all there are"
