"""The worker's state outlasts the worker, because it is in topics of its own."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from isp.agreement.topics import state_days
from ops.embedded.stack import Stack
from schemas.catalogue import SCHEMA_FOLDER
from tests.integration.conftest import MakeSite
from tests.integration.records import STEADY
from tests.integration.site import Site

pytestmark = pytest.mark.broker

FULL = SCHEMA_FOLDER / "protocols" / "banes.yaml"
SEARCH, OFFENCE, OFFENDER = "police-stop-search", "police-crime-offence", "police-crime-offender"
INCIDENT = "police-incident"
BORN = date(1990, 6, 15)


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    def told_to_business(document: Any) -> None:
        (business,) = (e for e in document["receives"] if e["party"] == "business")
        business["datasets"].append(SEARCH)

    return site_of(stack, "memory", protocol_file=FULL, edit=told_to_business)


def search(number: int) -> dict[str, Any]:
    return {
        "reference_number": f"S-{number}",
        "search_date": date(2026, 3, 14),
        "search_time": time(22, 41),
        "location_postcode": STEADY,
        "suspect_gender": "Male",
        "reason_for_search": "Controlled drugs",
        "suspect_date_of_birth": date(2005, 6, 1 + number),
    }


def second(site: Site) -> list[dict[str, Any]]:
    return site.decoded("business", site.released("second", SEARCH))


def test_people_who_stand_out_are_counted_across_a_kill_of_the_worker(site: Site) -> None:
    """Details of three alike are withheld. After kill -9 a new worker knows them, and releases the fourth."""
    with site.worker() as worker:
        worker.wait_ready()
        site.publish(SEARCH, [search(n) for n in range(3)])
        site.drain([SEARCH])
        worker.kill()
    assert [r["suspect_gender"] for r in second(site)] == [None] * 3
    with site.worker():
        site.publish(SEARCH, [search(3)])
        site.drain([SEARCH])
    told = [r for r in second(site) if r["suspect_gender"] is not None]
    assert [(r["suspect_gender"], r["suspect_age"]) for r in told] == [("male", "18-24")]
    counted = site.receipts(site.agency(SEARCH))
    assert counted["combinations.second:withheld"] == 3
    assert counted["combinations.central:standing-out"] >= 3


def test_an_offenders_age_counts_at_an_offence_supplied_to_an_earlier_worker(site: Site) -> None:
    crime = {
        "crime_reference": "C-1", "committed_from_date": date(2024, 6, 14),
        "location_postcode": STEADY, "domestic": False,
    }  # fmt: skip
    person = {"crime_reference": "C-1", "offender_reference": "O-1", "date_of_birth": BORN}
    with site.worker():
        site.publish(OFFENCE, [crime])
        site.drain([OFFENCE])
    with site.worker():
        site.publish(OFFENDER, [person])
        site.drain([OFFENDER])
    (released,) = site.decoded("council", site.released("central", OFFENDER))
    assert released["age"] == 33
    assert released["caveats"] == ["age:from-date_of_birth-at-event"]


def test_a_correction_to_domestic_takes_back_what_an_earlier_worker_gave_to_business(
    site: Site,
) -> None:
    incident = {
        "incident_reference": "I-1", "incident_date": date(2026, 3, 14), "incident_type": "Noise",
        "location_postcode": STEADY, "domestic": False,
    }  # fmt: skip
    topic = site.released("second", INCIDENT)
    with site.worker():
        site.publish(INCIDENT, [incident])
        site.drain([INCIDENT])
    (given,) = site.read_all("business", topic)
    with site.worker():
        site.publish(INCIDENT, [{**incident, "domestic": True}])
        site.drain([INCIDENT])
    first, taken_back = site.read_all("business", topic)
    assert first.value() == given.value()
    assert (taken_back.key(), taken_back.value()) == (given.key(), None)
    assert site.receipts(site.agency(INCIDENT))["withheld.taken-back-from-second"] == 1


def standing(site: Site, party: str, topic: str) -> int:
    """Return the number of records that a reader of a topic has at the end."""
    newest = {m.key(): m.value() for m in site.read_all(party, topic)}
    return sum(value is not None for value in newest.values())


def test_an_event_that_is_corrected_to_another_area_leaves_the_readers_that_an_earlier_worker_gave_it(
    site: Site,
) -> None:
    """To the neighbour's area first, then to none that the protocol knows."""
    event = {
        "incident_reference": "I-9", "incident_date": date(2026, 3, 14), "incident_type": "Noise",
        "domestic": False,
    }  # fmt: skip
    own = site.released("central", INCIDENT)
    theirs = site.partnership.names.released("central", INCIDENT, "wiltshire")
    readers = ("council", own), ("wiltshire-police", theirs)
    trowbridge = {"location_easting": 385_500.0, "location_northing": 158_000.0}
    at_sea = {"location_easting": 100_000.0, "location_northing": 900_000.0}
    before = [standing(site, *reader) for reader in readers]
    found = []
    for place in ({"location_postcode": STEADY}, trowbridge, at_sea):
        with site.worker():
            site.publish(INCIDENT, [event | place])
            site.drain([INCIDENT])
        found.append([standing(site, *reader) for reader in readers])
    given = [[now - then for now, then in zip(each, before, strict=True)] for each in found]
    assert given == [[1, 0], [0, 1], [0, 0]]


def test_the_memory_holds_nothing_of_a_record(site: Site) -> None:
    """That no party may read it is seen with every topic and principal in test_isp."""
    names = site.partnership.names
    kinds = map(names.state, state_days(site.partnership.protocol))
    messages = [m for topic in (names.memory, *kinds) for m in site.read_all(None, topic)]
    whole = b"".join((m.key() or b"") + (m.value() or b"") for m in messages)
    assert messages
    for text in (b"C-1", b"O-1", b"S-1", b"male", STEADY.encode()):
        assert text not in whole
