"""Records of every type, from the agency's own principal to what each partner may read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import pytest
from confluent_kafka import Message

from isp.agreement.topics import MAXIMUM_RECORD_BYTES
from ops.embedded.stack import Stack
from sanitiser.places.postcodes import PostcodeIndex
from tests.integration.clients import read_outcomes
from tests.integration.conftest import MakeSite
from tests.integration.records import (
    CALLER,
    DISTRICT,
    NARRATIVE,
    SCARCE,
    STEADY,
    TELEPHONE,
    fire,
    incident,
    offence,
)
from tests.integration.site import Site, free_port, place_of
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

SUPPLY = "a5" * 16
UNREGISTERED = (999_999).to_bytes(4, "big")
GOOD, BAD = 10, 40


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "flow")


@dataclass(frozen=True)
class Unusable:
    """Records that an agency may send by mistake, by the reason of their rejection."""

    values: dict[str, bytes | None]
    faults: dict[str, set[str]]


@pytest.fixture(scope="module")
def unusable(site: Site) -> Unusable:
    good = site.value("police-incident", incident("G"))
    foreign = site.value("fire-incident", fire("F"))
    faulty = site.value("police-incident", incident("", incident_date=("string", "14/03/2026")))
    values: dict[str, bytes | None] = {
        "not-framed": b"\xff\xfe no Avro at all",
        "empty": b"",
        "unknown-schema": good[:1] + UNREGISTERED + good[5:],
        "foreign-schema": foreign,
        "null": None,
        "oversized": good + bytes(MAXIMUM_RECORD_BYTES),
        "not-decodable": good[:20],
        "trailing-bytes": good + b"\x00",
        "two-faults": faulty,
    }
    faults = {name: {name} for name in values} | {
        "empty": {"not-framed"},
        "two-faults": {"incident_reference:missing", "incident_date:not-a-date"},
    }
    return Unusable(values, faults)


@pytest.fixture(scope="module")
def drained(site: Site, unusable: Unusable) -> Iterator[Site]:
    """The site after a worker has read good and unusable records of every dataset."""
    site.publish(
        "police-incident",
        [
            incident("I-1"),
            incident("I-2", domestic=True),
            incident("I-3", location_postcode=SCARCE),
        ],
        SUPPLY,
    )
    site.publish("police-crime-offence", [offence("C-1"), offence("C-2", offence_code="nonsense")])
    site.publish("fire-incident", [fire("F-1")])
    bad = [(name.encode(), value) for name, value in unusable.values.items()]
    topic = site.intake("police-incident")
    site.publish_raw("police", topic, bad, SUPPLY)
    site.publish("police-incident", [incident(f"L-{n}") for n in range(GOOD)], SUPPLY)
    with site.worker() as worker:
        worker.wait_ready()
        site.drain()
        yield site


def by_id(site: Site, party: str, profile: str, dataset: str) -> dict[str, dict[str, Any]]:
    released = site.decoded(party, site.released(profile, dataset))
    return {record["record_id"]: record for record in released}


def test_an_incident_comes_out_for_the_council_as_the_central_profile_has_it(
    drained: Site, index: Any
) -> None:
    released = by_id(drained, "council", "central", "police-incident")
    record = released[drained.record_id("central", "police-incident", incident("I-1"))]
    centroid = PostcodeIndex.open(index).find(STEADY)
    assert centroid is not None
    assert record["incident_type"] == "asb-nuisance"
    assert record["incident_date"] == date(2026, 3, 14)
    assert record["incident_time"] == time(22, 41)
    assert record["location_address"].startswith("Acacia Avenue")
    assert record["location_postcode"] == STEADY
    assert (record["location_easting"], record["location_northing"]) == centroid[1:3]
    assert record["location_district"] == DISTRICT
    assert record["source_agency"] == "police"
    assert record["domestic"] is False
    assert record["caveats"] == []


def test_the_second_group_gets_the_hour_and_no_domestic_row(drained: Site) -> None:
    released = by_id(drained, "business", "second", "police-incident")
    record = released[drained.record_id("second", "police-incident", incident("I-1"))]
    assert record["incident_time"] == time(22, 0)
    assert "domestic" not in record
    assert "incident_utc" not in record
    assert drained.record_id("second", "police-incident", incident("I-2")) not in released
    central = by_id(drained, "council", "central", "police-incident")
    assert drained.record_id("central", "police-incident", incident("I-2")) in central
    assert len(released) == len(central) - 1


def test_a_postcode_with_too_few_households_is_replaced_and_its_street_withheld(
    drained: Site,
) -> None:
    released = by_id(drained, "council", "central", "police-incident")
    record = released[drained.record_id("central", "police-incident", incident("I-3"))]
    assert record["location_postcode"] not in (None, SCARCE)
    assert record["location_address"] is None


def test_an_offence_comes_out_in_both_profiles_with_codes_for_its_text(drained: Site) -> None:
    for party, profile in (("council", "central"), ("business", "second")):
        released = by_id(drained, party, profile, "police-crime-offence")
        record = released[drained.record_id(profile, "police-crime-offence", offence("C-1"))]
        assert record["offence_code"] == "28A"
        assert record["property_stolen"] == ["computer"]
        assert record["location_address"].startswith("Acacia Avenue")


def test_an_offence_whose_code_cannot_be_read_is_kept_from_the_second_group(drained: Site) -> None:
    central = by_id(drained, "council", "central", "police-crime-offence")
    other = central[drained.record_id("central", "police-crime-offence", offence("C-2"))]
    assert (other["offence_code"], other["caveats"]) == (None, [])
    second = by_id(drained, "business", "second", "police-crime-offence")
    assert drained.record_id("second", "police-crime-offence", offence("C-2")) not in second


def test_a_fire_comes_out_for_both_its_recipients(drained: Site) -> None:
    expected = drained.record_id("central", "fire-incident", fire("F-1"))
    for party in ("council", "police"):
        released = by_id(drained, party, "central", "fire-incident")
        assert released[expected]["incident_type"] == "deliberate-secondary-fire"
        assert released[expected]["casualties"] == 0


def test_nothing_that_names_a_person_or_a_record_is_in_any_released_byte(drained: Site) -> None:
    released = [
        drained.released(profile, dataset)
        for profile, dataset in (
            ("central", "police-incident"),
            ("second", "police-incident"),
            ("central", "police-crime-offence"),
            ("second", "police-crime-offence"),
            ("central", "fire-incident"),
        )
    ]
    personal = [CALLER, TELEPHONE, NARRATIVE, "AB12 CDE", "I-1", "C-1", "F-1", SUPPLY, "7 Acacia"]
    for topic in released:
        for message in drained.read_all(None, topic):
            for text in personal:
                assert text.encode() not in everything(message), (topic, text)


def everything(message: Message) -> bytes:
    return b"|".join(
        [message.key() or b"", message.value() or b"", repr(message.headers()).encode()]
    )


def test_a_release_tells_the_hour_alone_and_carries_its_marking(drained: Site) -> None:
    for message in drained.read_all("council", drained.released("central", "police-incident")):
        assert message.timestamp()[1] % 3_600_000 == 0
        assert message.headers() == [("marking", b"RESTRICTED")]


def test_what_cannot_be_used_comes_back_with_its_bytes_and_every_error(
    drained: Site, unusable: Unusable
) -> None:
    rejections = drained.decoded("police", drained.rejected("police-incident"))
    by_key = {rejection["key"].decode(): rejection for rejection in rejections}
    assert by_key.keys() == unusable.values.keys()
    assert len(rejections) == len(unusable.values)
    for name, rejection in by_key.items():
        assert rejection["original"] == unusable.values[name], name
        assert faults(rejection) == unusable.faults[name], name
        assert all(fault["accepted"] for fault in rejection["faults"])
        assert rejection["topic"] == drained.intake("police-incident")
        assert rejection["supply_id"] == SUPPLY


def faults(rejection: dict[str, Any]) -> set[str]:
    return {f"{f['field']}:{f['reason']}".lstrip(":") for f in rejection["faults"]}


def test_a_rejection_says_where_in_the_intake_the_record_stands(drained: Site) -> None:
    topic = drained.intake("police-incident")
    intake = {place_of(m): m.value() for m in drained.read_all(None, topic)}
    for rejection in drained.decoded("police", drained.rejected("police-incident")):
        place = (rejection["partition"], rejection["offset"])
        assert intake[place] == rejection["original"]


@pytest.mark.parametrize("party", ["fire", "council", "business", "worker"])
def test_rejected_records_are_for_their_supplier_alone(drained: Site, party: str) -> None:
    topic = drained.rejected("police-incident")
    client = drained.partnership.client(party)
    group = f"{client['sasl.username']}.reader"
    assert read_outcomes(client, group, [topic]) == {topic: "TOPIC_AUTHORIZATION_FAILED"}


def test_the_partition_goes_on_behind_every_unusable_record(drained: Site) -> None:
    released = by_id(drained, "council", "central", "police-incident")
    for number in range(GOOD):
        record = incident(f"L-{number}")
        assert drained.record_id("central", "police-incident", record) in released


def test_the_receipts_add_up_to_what_was_supplied(drained: Site, unusable: Unusable) -> None:
    police = drained.receipts("police")
    accepted = 3 + GOOD + 2
    assert police["received"] == accepted + len(unusable.values)
    assert police["accepted"] == accepted
    assert police["rejected"] == len(unusable.values)
    assert police["cleaned"] == 1
    assert police["held"] == 0
    assert police["released.central"] == accepted
    assert police["released.second"] == accepted - 2
    assert police["withheld.row-excluded-from-second"] == 1
    assert police["withheld.row-not-known-for-second"] == 1
    assert police["geocoded.postcode"] == accepted
    assert police["faults.incident_date:not-a-date"] == 1
    assert police["faults.not-framed"] == 2
    assert drained.receipts("fire")["released.central"] == 1


def test_receipts_of_a_supply_bear_its_name(drained: Site) -> None:
    receipts = drained.decoded("police", drained.partnership.names.receipts("police"))
    supplies = {(r["dataset"], r["supply_id"]) for r in receipts}
    assert supplies == {("police-incident", SUPPLY), ("police-crime-offence", None)}


@pytest.fixture(scope="module")
def alarming(stack: Stack, site_of: MakeSite) -> Site:
    """A protocol that alarms early for the police and pauses their incidents alone."""

    def edit(document: Any) -> None:
        for supply in document["supplies"]:
            pause = supply["dataset"] == "police-incident"
            supply["reject_limit"] = {"share": 0.5, "window": BAD - GOOD, "pause": pause}

    return site_of(stack, "alarm", edit)


def test_too_many_rejects_alarm_and_pause_only_where_the_protocol_says_so(alarming: Site) -> None:
    bad = [(b"bad-%d" % n, b"no record") for n in range(BAD)]
    port = free_port()
    datasets = ("police-incident", "police-crime-offence")
    with alarming.worker(metrics_port=port) as worker:
        worker.wait_ready()
        for dataset in datasets:
            alarming.publish_raw("police", alarming.intake(dataset), bad)
        alarming.publish("fire-incident", [fire(f"F-{n}") for n in range(BAD)])
        # The pause may come while some of the bad records still wait.
        alarming.drain(["police-crime-offence", "fire-incident"])
        until(lambda: paused(alarming, port) == 1, PATIENCE_S, "the pause")
        left = alarming.waiting(["police-incident"])
        alarm = alarming.samples(port)["ipu_reject_alarm"]
        assert [alarm["police", dataset] for dataset in datasets] == [1, 1]
        assert alarm["fire", "fire-incident"] == 0
        assert "are above the protocol's limit" in worker.log
        alarming.publish("police-incident", [incident("I-1")])
        alarming.publish("police-crime-offence", [offence("C-1")])
        alarming.drain(["police-crime-offence"])
        assert alarming.waiting(["police-incident"]) == left + 1
        assert ("police", "police-crime-offence") not in alarming.samples(port)["ipu_intake_paused"]
    receipts = alarming.decoded("police", alarming.partnership.names.receipts("police"))
    assert {r["dataset"] for r in receipts if r["reject_alarm"]} == set(datasets)
    with alarming.worker():
        alarming.drain()
    assert len(by_id(alarming, "council", "central", "police-incident")) == 1


def paused(site: Site, port: int) -> float:
    return site.samples(port).get("ipu_intake_paused", {}).get(("police", "police-incident"), 0)
