"""A correction that moves an event, or has the record kept back, takes back what was released before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from isp.agreement.officer import Officer
from isp.agreement.protocol import Agreement, Neighbour, Opening, Protocol
from sanitiser.key_ring import Epoch, KeyRing
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from schemas.state import SEEN_BYTES, kind_of
from streams.messages import BatchResult, Intake
from streams.state.store import Entry
from tests.streams.partnership import KEY, NOW, OTHER_KEY, TODAY, Partnership, incident, offence
from transport.messages import Output

INCIDENTS, CRIMES, SEARCHES = "police-incident", "police-crime-offence", "police-stop-search"
HERE = {"location_postcode": "SW1A 1AA", "location_easting": None, "location_northing": None}
THERE = HERE | {"location_postcode": "BA1 1AB"}
AT_SEA = {"location_postcode": None, "location_easting": 100_000.0, "location_northing": 900_000.0}
DAY = (TODAY - date(1970, 1, 1)).days
BEGINS = TODAY - timedelta(2)
"""The second epoch of keys has begun before the tests' day."""
RING = KeyRing((Epoch(1, None, KEY), Epoch(2, BEGINS, OTHER_KEY)), KEY.for_purpose("lasting"))
AGREED = Agreement(
    protocol="Its own, section 6", agreed_on=TODAY, until=TODAY,
    liaison_officer=Officer(post="Liaison Officer", contact="liaison@neighbour.example"),
)  # fmt: skip
RELEASES = (".depersonalised.", ".personal.", ".neighbour.")

Held = dict[tuple[str, bytes], bytes]
"""By topic and key, what readers hold."""


class Supplied:
    """A partnership whose batches are committed one after the other, and what its readers hold."""

    def __init__(self, partnership: Partnership) -> None:
        self.partnership = partnership
        self.held: Held = {}
        self.results: list[BatchResult] = []

    def under(self, partnership: Partnership) -> Supplied:
        """Go on under another protocol, other keys or a later day, with what is in the broker."""
        later = Supplied(partnership)
        later.held = self.held
        later.results = self.results
        partnership.pipeline.state.begin(DAY)
        for result in self.results:
            partnership.pipeline.committed(result)
        return later

    def process(self, *intakes: Intake) -> BatchResult:
        result = self.partnership.process(*intakes)
        self.partnership.pipeline.committed(result)
        self.results.append(result)
        for output in result.outputs:
            self._take(output)
        return result

    def supply(self, dataset: str, *records: Mapping[str, Any]) -> BatchResult:
        """Process records in one batch."""
        made = [self.partnership.intake(dataset, r, at) for at, r in enumerate(records)]
        return self.process(*made)

    def _take(self, output: Output) -> None:
        if output.key is None or not any(family in output.topic for family in RELEASES):
            return
        if output.value is None:
            self.held.pop((output.topic, output.key), None)
        else:
            self.held[output.topic, output.key] = output.value

    @property
    def topics(self) -> set[str]:
        """The topics in which readers hold a record, without the partnership's prefix."""
        return {topic.partition(".")[2] for topic, _ in self.held}


MakePartnership = Callable[..., Partnership]


@pytest.fixture
def bordering(
    full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> MakePartnership:
    """The district around BA1 1AB is the neighbour's, which is told of incidents and offences."""

    def make(keys: KeyRing = RING, **changes: Any) -> Partnership:
        neighbour = Neighbour(
            short_name="wiltshire", name="A neighbour", area=("E06000023",), conditions="Section 6",
            agreement=changes.pop("agreement", AGREED),
        )  # fmt: skip
        own = full_protocol.partnership.model_copy(update={"margin_metres": 50})
        receives = tuple(
            e.model_copy(update={"datasets": (*e.datasets, CRIMES)}) if e.neighbour else e
            for e in full_protocol.receives
        )
        update = {"neighbours": (neighbour,), "partnership": own, "receives": receives}
        now = changes.pop("now", NOW)
        protocol = full_protocol.model_copy(update=update | changes)
        return Partnership.of(protocol, catalogue, index, now=now, keys=keys)

    return make


@pytest.fixture
def supplied(bordering: MakePartnership) -> Supplied:
    return Supplied(bordering())


OWN = {f"depersonalised.{profile}.{INCIDENTS}" for profile in ("central", "second")}
NEIGHBOUR = {f"neighbour.wiltshire.central.{INCIDENTS}"}


@pytest.mark.parametrize("together", [False, True], ids=["two batches", "one batch"])
@pytest.mark.parametrize(
    ("before", "after", "readers"),
    [
        (HERE, THERE, NEIGHBOUR), (THERE, HERE, OWN), (HERE, AT_SEA, set()),
        (THERE, AT_SEA, set()), (AT_SEA, THERE, NEIGHBOUR),
    ],
    ids=["to the neighbour", "from the neighbour", "to nowhere", "from there to nowhere", "found"],
)  # fmt: skip
def test_an_event_that_is_corrected_to_another_area_is_held_by_the_readers_of_that_alone(
    supplied: Supplied, before: dict[str, Any], after: dict[str, Any], readers: set[str],
    *, together: bool,
) -> None:  # fmt: skip
    records = incident(**before), incident(**after)
    for batch in [records] if together else [(record,) for record in records]:
        result = supplied.supply(INCIDENTS, *batch)
    assert supplied.topics == readers
    again = supplied.supply(INCIDENTS, records[1])
    assert supplied.topics == readers
    assert supplied.partnership.taken_back(again) == []
    receipt = supplied.partnership.receipts(result)[0]["withheld"]
    gone = OWN if before is HERE else NEIGHBOUR if before is THERE else set()
    told = sum(n for reason, n in receipt.items() if reason.startswith("taken-back-from-"))
    assert told == len(gone)


def test_an_event_that_goes_to_and_fro_ends_where_it_was_last(supplied: Supplied) -> None:
    records = [incident(**place) for place in (HERE, THERE, HERE, THERE, HERE)]
    supplied.supply(INCIDENTS, *records)
    assert supplied.topics == OWN
    supplied.supply(INCIDENTS, *records[:4])
    assert supplied.topics == NEIGHBOUR


def test_each_of_a_batch_is_taken_back_under_its_own_name(supplied: Supplied) -> None:
    many = [incident(incident_reference=f"I-{n}", **HERE) for n in range(6)]
    supplied.supply(INCIDENTS, *many)
    supplied.supply(INCIDENTS, *(record | THERE for record in many[:2]), many[2] | AT_SEA)
    left = {topic: 0 for topic, _ in supplied.held}
    for topic, _ in supplied.held:
        left[topic] += 1
    assert {topic.partition(".")[2]: n for topic, n in left.items()} == dict.fromkeys(OWN, 3) | {
        f"neighbour.wiltshire.central.{INCIDENTS}": 2
    }


def crime(day: date, **more: Any) -> dict[str, Any]:
    return offence(committed_from_date=day, **more)


def test_a_date_that_is_corrected_across_a_change_of_keys_leaves_one_release(
    supplied: Supplied,
) -> None:
    supplied.supply(CRIMES, crime(BEGINS - timedelta(1)))
    before = set(supplied.held)
    result = supplied.supply(CRIMES, crime(BEGINS))
    assert len(supplied.held) == len(before)
    assert not before & set(supplied.held)
    assert set(supplied.partnership.taken_back(result)) == before


def test_a_case_without_a_date_that_is_supplied_again_after_its_offence_is_there_once(
    supplied: Supplied,
) -> None:
    """Before, the day of the supply chose the key; then that of the offence does."""
    offender = {"crime_reference": "CR/1", "offender_reference": "O-1", "age": 30}
    supplied.supply("police-crime-offender", offender)
    (first,) = supplied.held
    supplied.supply(CRIMES, crime(BEGINS - timedelta(30), crime_reference="CR/1"))
    supplied.supply("police-crime-offender", offender)
    held = [at for at in supplied.held if "offender" in at[0]]
    assert len(held) == 1
    assert held != [first]


def test_what_its_epoch_s_key_was_deleted_for_is_counted_and_stops_nothing(
    bordering: MakePartnership,
) -> None:
    """Its name cannot be made any more. Keys are kept for as long as releases that they made."""
    early = Supplied(bordering())
    early.supply(CRIMES, crime(BEGINS - timedelta(1)))
    retired = KeyRing((Epoch(1, None, None), *RING.epochs[1:]), RING.lasting)
    later = early.under(bordering(retired))
    result = later.supply(CRIMES, crime(BEGINS))
    (tally,) = result.tallies
    assert tally.withheld["not-taken-back-key-deleted"] == len(("central", "second"))
    assert tally.released == {"central": 1, "second": 1}
    again = later.supply(CRIMES, crime(BEGINS))
    assert again.tallies[0].withheld["not-taken-back-key-deleted"] == 0


def test_a_correction_into_a_time_whose_key_was_deleted_takes_back(
    bordering: MakePartnership,
) -> None:
    retired = KeyRing((Epoch(1, None, None), *RING.epochs[1:]), RING.lasting)
    supplied = Supplied(bordering(retired))
    supplied.supply(CRIMES, crime(BEGINS))
    assert supplied.held
    supplied.supply(CRIMES, crime(BEGINS - timedelta(1)))
    assert supplied.held == {}


def test_a_key_that_begins_on_another_place_in_the_ring_is_still_the_same(
    bordering: MakePartnership,
) -> None:
    early = Supplied(bordering(KeyRing.of(KEY)))
    early.supply(CRIMES, crime(BEGINS))
    ring = KeyRing(RING.epochs, KeyRing.of(KEY).lasting)
    later = early.under(bordering(ring))
    before = set(later.held)
    result = later.supply(CRIMES, crime(BEGINS))
    assert set(later.partnership.taken_back(result)) == before


def search(**more: Any) -> dict[str, Any]:
    return {
        "reference_number": "S-1", "search_date": date(2024, 6, 1), "reason_for_search": "Drugs",
    } | HERE | more  # fmt: skip


def test_a_correction_after_the_dataset_was_closed_takes_back(bordering: MakePartnership) -> None:
    opening = Opening.model_validate(
        {"dataset": SEARCHES, "requirement": "Knives", "from": TODAY, "until": TODAY}
    )
    early = Supplied(bordering(openings=(opening,)))
    early.supply(SEARCHES, search())
    assert early.held
    later = early.under(bordering(openings=(opening,), now=NOW + timedelta(1)))
    result = later.supply(SEARCHES, search(reason_for_search="Theft"))
    assert later.held == {}
    (tally,) = result.tallies
    assert tally.withheld["dataset-not-opened"] == tally.withheld["taken-back-from-central"] == 1


def test_a_correction_after_the_neighbour_s_agreement_was_over_takes_back(
    bordering: MakePartnership,
) -> None:
    early = Supplied(bordering())
    early.supply(INCIDENTS, incident(**THERE))
    later = early.under(bordering(now=NOW + timedelta(1)))
    later.supply(INCIDENTS, incident(**THERE))
    assert later.held == {}


def test_while_a_review_is_overdue_only_what_the_record_says_of_itself_takes_back(
    bordering: MakePartnership,
) -> None:
    """Corrections wait meanwhile; tombstones for rows that became domestic or moved do not."""
    early = Supplied(bordering())
    many = [incident(incident_reference=f"I-{n}", **HERE) for n in range(3)]
    early.supply(INCIDENTS, *many)
    later = early.under(bordering(review=TODAY - timedelta(1), review_grace_days=0))
    stayed = dict(later.held)
    result = later.supply(INCIDENTS, many[0] | {"incident_type": "Alarm"})
    assert later.held == stayed
    assert result.tallies[0].withheld == {"protocol-review-overdue": 1}
    later.supply(INCIDENTS, many[1] | {"domestic": True}, many[2] | THERE)
    assert sorted(topic for topic, _ in later.held) == [
        f"banes.depersonalised.central.{INCIDENTS}", f"banes.depersonalised.central.{INCIDENTS}",
        f"banes.depersonalised.second.{INCIDENTS}",
    ]  # fmt: skip
    reviewed = later.under(bordering())
    reviewed.supply(INCIDENTS, many[1] | {"domestic": True}, many[2] | THERE)
    assert reviewed.topics == OWN | NEIGHBOUR


def test_a_personal_release_waits_for_the_review_and_goes_with_a_correction_to_elsewhere(
    bordering: MakePartnership,
) -> None:
    offender = {"offender_reference": "O-1", "name": "A Name", "home_postcode": "SW1A 1AA"}
    early = Supplied(bordering())
    early.supply("police-ppo", offender)
    assert early.topics == {"personal.police-ppo"}
    overdue = {"review": TODAY - timedelta(1), "review_grace_days": 28}
    later = early.under(bordering(**overdue))
    later.supply("police-ppo", offender | {"name": "Another Name"})
    assert later.topics == {"personal.police-ppo"}


def test_a_profile_that_nobody_receives_any_more_is_taken_back_from_when_somebody_does_again(
    bordering: MakePartnership,
) -> None:
    """Without a recipient it has no topic in the protocol: nobody reads it, and nothing is written."""
    early = Supplied(bordering())
    early.supply(INCIDENTS, incident(**HERE))
    receives = early.partnership.protocol.receives
    fewer = tuple(e for e in receives if e.profile != "second")
    without = early.under(bordering(receives=fewer))
    without.supply(INCIDENTS, incident(**HERE))
    without.supply(INCIDENTS, incident(domestic=True, **HERE))
    assert without.topics == OWN
    again = without.under(bordering(receives=receives))
    again.supply(INCIDENTS, incident(domestic=True, **HERE))
    assert again.topics == {f"depersonalised.central.{INCIDENTS}"}


def test_what_was_never_released_leaves_no_trace_of_where_it_would_have_been(
    supplied: Supplied,
) -> None:
    for place in (AT_SEA, AT_SEA):
        result = supplied.supply(INCIDENTS, incident(**place))
        assert not [name for name in result.changes if kind_of(name) == "withdrawals"]
        assert supplied.partnership.taken_back(result) == []


def test_what_was_erased_is_taken_back_once(supplied: Supplied) -> None:
    supplied.supply(INCIDENTS, incident(**HERE))
    intake = supplied.partnership.intake(INCIDENTS, incident(**HERE), 2)
    supplied.process(intake._replace(erases=True))
    assert supplied.held == {}
    result = supplied.supply(INCIDENTS, incident(**AT_SEA))
    assert supplied.partnership.taken_back(result) == []


@pytest.mark.parametrize(
    "after", [HERE | {"domestic": True}, THERE, AT_SEA], ids=["domestic", "moved", "held"]
)
def test_what_an_earlier_version_of_the_software_gave_to_the_second_group_is_taken_back(
    bordering: MakePartnership, after: dict[str, Any]
) -> None:
    """It noted the first bytes of the record ids of what `second` was given, and nothing else."""
    early = Supplied(bordering())
    early.supply(INCIDENTS, incident(**HERE))
    given = [key for topic, key in early.held if ".second." in topic]
    noted = b"".join(bytes.fromhex(key.decode())[:SEEN_BYTES] for key in given)
    later = Supplied(bordering())
    later.held = early.held
    later.partnership.pipeline.state.begin(DAY)
    later.partnership.pipeline.state.apply([Entry(DAY, b"n" + bytes(16), noted)], {})
    later.supply(INCIDENTS, incident(**after))
    assert not [topic for topic, _ in later.held if ".second." in topic]


def test_a_correction_that_cannot_be_written_leaves_what_was_known_of_earlier_releases(
    supplied: Supplied, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is rejected as a whole; the next one takes back what still is with the readers."""
    supplied.supply(INCIDENTS, incident(**HERE))

    def failing(*_: object) -> None:
        raise ValueError("no such form")

    with monkeypatch.context() as patch:
        patch.setattr("streams.steps.route.Router.released", failing)
        (tally,) = supplied.supply(INCIDENTS, incident(**THERE)).tallies
    assert (tally.rejected, supplied.topics) == (1, OWN)
    supplied.supply(INCIDENTS, incident(**THERE))
    assert supplied.topics == NEIGHBOUR


def test_the_audit_says_from_whom_a_moved_event_was_taken_back(supplied: Supplied) -> None:
    supplied.supply(INCIDENTS, incident(**HERE))
    result = supplied.supply(INCIDENTS, incident(**THERE))
    (entry,) = [o for o in result.outputs if o.topic == "banes.audit"]
    shares = supplied.partnership.schemas.read(entry)["shares"]
    told = {(s["what"], s["profile"], s["neighbour"]) for s in shares if s["profile"]}
    assert told == {
        ("released", "central", "wiltshire"),
        ("taken-back", "central", None), ("taken-back", "second", None),
    }  # fmt: skip
