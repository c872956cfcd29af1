"""Protected places: the district alone in every depersonalised profile, now and for earlier releases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, time
from typing import Any

import pytest

from isp.agreement.protocol import Protocol
from sanitiser.address.household import household
from sanitiser.key_ring import KeyRing
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.protected.listed import NO_PLACES, Place, ProtectedList
from sanitiser.reference_lists import ReferenceLists
from schemas.catalogue import Catalogue
from streams.messages import BatchResult, Intake
from streams.runtime.processor import TopicPartition
from streams.sanitising.assembly import build_pipeline
from streams.sanitising.errors import OlderListError
from streams.sanitising.pipeline import Pipeline
from tests.streams.partnership import (
    KEY,
    NAMES,
    NOW,
    NumberedSchemas,
    Partnership,
    incident,
)

DATASET = "police-incident"
TOPIC = NAMES.intake("police", DATASET)
PARTITION = (TOPIC, 3)
POSTCODE, STREET, DISTRICT = "SW1A 1AA", "Acacia Avenue", "E09000033"
REFUGE = Place(None, household(f"5 {STREET}", POSTCODE), POSTCODE, None)
LISTED = ProtectedList().with_places([REFUGE], 1_000)
PLACE = ("location_address", "location_postcode", "location_easting", "location_northing")


class Desk:
    """A partnership whose worker starts again by other lists, with the same state and intake."""

    def __init__(self, protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> None:
        self.partnership = Partnership.of(protocol, catalogue, index)
        self.supplied: list[Intake] = []
        self.rereads = 0

    def start(self, listed: ProtectedList | None = None) -> Pipeline:
        """Start a worker by a list; its state is that of the worker before."""
        own = self.partnership
        own.pipeline = build_pipeline(
            own.protocol, own.catalogue, own.index, KeyRing.of(KEY), own.schemas.wire,
            NOW.timestamp, ReferenceLists(protected=listed or NO_PLACES), state=own.pipeline.state,
            reread=self._again,
        )  # fmt: skip
        return own.pipeline

    def restored(self, *, commits: int = 99) -> list[BatchResult]:
        """Return the first results that the worker writes at its start, and commit each."""
        results: list[BatchResult] = []
        for result in self.partnership.pipeline.restore([PARTITION]):
            if len(results) == commits:
                break
            self.partnership.pipeline.committed(result)
            results.append(result)
        return results

    def supply(self, *records: dict[str, Any], erases: bool = False) -> BatchResult:
        """Process records that the police supply."""
        first = len(self.supplied)
        new = [self.partnership.intake(DATASET, r, n) for n, r in enumerate(records, first)]
        new = [intake._replace(erases=erases) for intake in new]
        self.supplied += new
        result = self.partnership.process(*new)
        self.partnership.pipeline.committed(result)
        return result

    def released(self, results: Iterable[BatchResult], profile: str = "central") -> list[Any]:
        return [r for result in results for r in self.partnership.releases(result, profile)]

    def _again(self, place: TopicPartition) -> Sequence[Intake]:
        assert place == PARTITION
        self.rereads += 1
        return self.supplied


@pytest.fixture
def desk(protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Desk:
    return Desk(protocol, catalogue, index)


def at(number: int, reference: str = "IN-1", **fields: Any) -> dict[str, Any]:
    return incident(incident_reference=reference, location_address=f"{number} {STREET}", **fields)


def place_of(release: dict[str, Any]) -> list[Any]:
    return [release.get(name) for name in PLACE]


def test_every_depersonalised_profile_gets_the_district_alone(desk: Desk) -> None:
    desk.start(LISTED)
    result = desk.supply(at(5))
    for profile in ("central", "second"):
        (release,) = desk.released([result], profile)
        assert place_of(release) == [None] * 4
        assert release["location_district"] == DISTRICT
        assert release["caveats"] == []


def test_the_next_house_is_released_as_ever(desk: Desk) -> None:
    desk.start(LISTED)
    (release,) = desk.released([desk.supply(at(7))])
    assert place_of(release)[:2] == [STREET, POSTCODE]


def test_a_release_of_a_protected_place_is_that_of_a_postcode_without_enough_households(
    desk: Desk,
) -> None:
    desk.start(LISTED)
    few = incident(incident_reference="IN-1", location_postcode="BA2 9ZZ")
    protected, other = (desk.released([desk.supply(r)])[0] for r in (at(5), few))
    apart = {name for name in protected if protected[name] != other[name]}
    assert apart == {"location_district"}


def test_receipts_metrics_and_audit_count_it_as_any_other(
    protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    counted = []
    for listed in (None, LISTED):
        desk = Desk(protocol, catalogue, index)
        desk.start(listed)
        result = desk.supply(at(5, location_easting=1.0, location_northing=1.0))
        audits = [o for o in result.outputs if o.topic == NAMES.audit]
        shares = [desk.partnership.schemas.read(o)["shares"] for o in audits]
        receipts = desk.partnership.receipts(result)
        for receipt in receipts:
            receipt.pop("audit_hash")
        counted.append((result.tallies, receipts, shares))
    assert counted[0] == counted[1]


def test_the_name_of_premises_and_a_home_in_another_group_are_withheld_too(
    full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    schemas = NumberedSchemas()
    pipeline = build_pipeline(
        full_protocol, catalogue, index, KeyRing.of(KEY), schemas.wire, NOW.timestamp,
        ReferenceLists(premises=lambda name: name, protected=LISTED),
    )  # fmt: skip
    own = Partnership(full_protocol, catalogue, index, schemas, pipeline)
    record = {
        "patient_reference": "P-1", "incident_date": date(2024, 6, 1), "incident_time": time(21, 30),
        "location_type": "Pub", "location_premises": "Hope Arms", "location_postcode": "BA1 2ZZ",
    }  # fmt: skip
    homes = (
        {"home_address": f"{home} {STREET}", "home_postcode": POSTCODE} for home in (7, "Flat 2, 5")
    )
    result = own.process(*(own.intake("hospital-assault", record | home) for home in homes))
    released = {r["home_postcode"]: r for r in own.releases(result, "central")}
    assert released[POSTCODE]["location_premises"] == "Hope Arms"
    assert released[None]["location_premises"] is None
    assert released[None]["home_district"] == DISTRICT
    assert {r["location_postcode"] for r in released.values()} == {"BA1 2ZZ"}


def test_adding_a_place_corrects_what_was_released_of_it_and_nothing_else(desk: Desk) -> None:
    desk.start()
    earlier = desk.released([desk.supply(at(5, "IN-1"), at(7, "IN-2"), at(9, "IN-3"))])
    names = {r["record_id"] for r in earlier if place_of(r)[:2] == [STREET, POSTCODE]}
    assert len(names) == 3
    desk.start(LISTED)
    again = desk.restored()
    for profile in ("central", "second"):
        (release,) = desk.released(again, profile)
        assert place_of(release) == [None] * 4
        assert release["location_district"] == DISTRICT
    (corrected,) = desk.released(again)
    assert corrected["record_id"] in names


def test_earlier_releases_are_checked_once_and_without_receipts(desk: Desk) -> None:
    desk.start()
    desk.supply(at(5))
    desk.start(LISTED)
    results = desk.restored()
    assert [desk.partnership.receipts(result) for result in results] == [[], []]
    assert all(result.tallies == () for result in results)
    assert desk.restored() == []
    desk.start(LISTED)
    assert desk.restored() == []
    assert desk.rereads == 1


def test_a_worker_that_is_killed_meanwhile_checks_again_with_the_same_result(desk: Desk) -> None:
    desk.start()
    desk.supply(*(at(5, f"IN-{n}") for n in range(120)))
    desk.start(LISTED)
    first = desk.released(desk.restored(commits=1))
    desk.start(LISTED)
    again = desk.released(desk.restored())
    assert 0 < len(first) < 120
    assert len(again) == 120
    by_name = {r["record_id"]: r for r in again}
    assert all(by_name[r["record_id"]] == r for r in first)
    assert all(place_of(r) == [None] * 4 for r in again)


def test_the_newest_version_of_a_record_counts(desk: Desk) -> None:
    desk.start()
    desk.supply(at(5, "MOVED-AWAY"), at(7, "MOVED-THERE"), at(5, "ERASED"))
    desk.supply(at(7, "MOVED-AWAY"), at(5, "MOVED-THERE", incident_type="Nuisance"))
    desk.supply(at(5, "ERASED"), erases=True)
    desk.supply(at(9, "MOVED-THERE", incident_date=None))  # rejected, so the one before still holds
    desk.start(LISTED)
    results = desk.restored()
    (release,) = desk.released(results)
    assert release["record_id"] == desk.partnership.pipeline.flow(TOPIC).steps.policies["", 0].each[
        0
    ].record_id("police", {"incident_reference": "MOVED-THERE"})
    assert [o for result in results for o in result.outputs if "rejected" in o.topic] == []


def test_what_was_protected_before_is_not_released_again(desk: Desk) -> None:
    desk.start(LISTED)
    assert desk.released(desk.restored()) == []
    desk.supply(at(5, "IN-1"), at(7, "IN-2"))
    more = LISTED.with_places([REFUGE._replace(home=household(f"7 {STREET}", POSTCODE))], 2_000)
    desk.start(more)
    assert len(desk.released(desk.restored())) == 1


def test_removing_a_place_releases_nothing_again(desk: Desk) -> None:
    desk.start(LISTED)
    assert desk.restored()
    desk.supply(at(5))
    desk.start(LISTED.without([1], 2_000))
    assert desk.released(desk.restored()) == []
    (release,) = desk.released([desk.supply(at(5))])
    assert place_of(release)[:2] == [STREET, POSTCODE]


def test_a_worker_with_an_earlier_list_or_none_ends_before_it_releases(desk: Desk) -> None:
    desk.start(LISTED)
    assert desk.restored()
    for earlier in (None, LISTED._replace(version=999)):
        desk.start(earlier)
        with pytest.raises(OlderListError, match="list of protected places"):
            desk.restored()


def test_without_a_list_nothing_is_read_again_or_written(desk: Desk) -> None:
    desk.start()
    desk.supply(at(5))
    assert desk.restored() == []
    assert desk.rereads == 0


def test_the_audit_has_what_was_released_again(desk: Desk) -> None:
    desk.start()
    desk.supply(at(5))
    desk.start(LISTED)
    first, _ = desk.restored()
    (entry,) = [desk.partnership.schemas.read(o) for o in first.outputs if o.topic == NAMES.audit]
    assert {share["what"] for share in entry["shares"]} == {"released"}


def test_what_cannot_be_released_again_is_taken_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.start()
    earlier = desk.released([desk.supply(at(5))])
    desk.start(LISTED)

    def fails(*_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr("streams.steps.sanitise.Sanitiser.__call__", fails)
    outputs = [output for result in desk.restored() for output in result.outputs]
    gone = {(o.topic, o.key) for o in outputs if o.value is None}
    central, second = (NAMES.depersonalised(p, DATASET) for p in ("central", "second"))
    assert (central, earlier[0]["record_id"].encode()) in gone
    assert {central, second} <= {topic for topic, _ in gone}
    assert [o for o in outputs if "rejected" in o.topic] == []
    monkeypatch.undo()
    desk.start(LISTED)
    assert desk.restored() == []


def test_a_message_that_became_valid_before_it_was_processed_is_found(desk: Desk) -> None:
    desk.start()
    (earlier,) = desk.released([desk.supply(at(5))])
    (came,) = desk.supplied
    day_before = int(came.timestamp_ms - 400 * 86_400_000)
    desk.supplied = [came._replace(timestamp_ms=day_before)]
    desk.start(LISTED)
    (release,) = desk.released(desk.restored())
    assert release["record_id"] == earlier["record_id"]
    assert place_of(release) == [None] * 4


def test_a_message_that_may_have_been_rejected_hides_no_earlier_one(desk: Desk) -> None:
    desk.start()
    desk.supply(at(5))
    desk.supply(at(7))
    first, second = desk.supplied
    desk.supplied = [first, second._replace(timestamp_ms=first.timestamp_ms - 400 * 86_400_000)]
    desk.start(LISTED)
    (release,) = desk.released(desk.restored())
    assert place_of(release) == [None] * 4


def test_no_worker_goes_back_to_an_earlier_list_for_a_partition_that_is_new_to_it(
    desk: Desk,
) -> None:
    desk.start(LISTED)
    assert desk.restored()
    pipeline = desk.start()
    with pytest.raises(OlderListError, match="list of protected places"):
        list(pipeline.restore([(TOPIC, 4)]))


def test_a_worker_that_cannot_read_the_intake_again_checks_nothing(desk: Desk) -> None:
    own = desk.partnership
    pipeline = build_pipeline(
        own.protocol, own.catalogue, own.index, KeyRing.of(KEY), own.schemas.wire, NOW.timestamp,
        ReferenceLists(protected=LISTED),
    )  # fmt: skip
    with pytest.raises(RuntimeError, match="must be read again"):
        list(pipeline.restore([PARTITION]))
