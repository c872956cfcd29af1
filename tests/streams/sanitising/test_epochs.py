"""Digests follow the day of the event: files of one case join, whenever each of them comes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from isp.agreement.protocol import Protocol
from sanitiser.key_ring import Epoch, KeyRing
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from tests.streams.partnership import KEY, NOW, OTHER_KEY, TODAY, Partnership, offence

BEGINS = TODAY - timedelta(2)
"""The new epoch has begun before the tests' day."""


@pytest.fixture
def turning(full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Partnership:
    epochs = (Epoch(1, None, KEY), Epoch(2, BEGINS, OTHER_KEY))
    keys = KeyRing(epochs, KEY.for_purpose("lasting"))
    return Partnership.of(full_protocol, catalogue, index, keys=keys)


def of_one_key(
    full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex, epoch: int
) -> Partnership:
    return Partnership.of(full_protocol, catalogue, index, key=(KEY, OTHER_KEY)[epoch])


def crime(reference: str, day: date) -> dict[str, object]:
    return offence(
        crime_reference=reference, committed_from_date=day, committed_to_date=None,
        committed_from_time=None, committed_to_time=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "epoch"), [(-400, 0), (-1, 0), (0, 1), (1, 1)], ids=["long", "eve", "first", "then"]
)
def test_a_release_has_the_digests_of_the_epoch_of_its_event(
    turning: Partnership, full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex,
    days: int, epoch: int,
) -> None:  # fmt: skip
    record = crime("CR/1", BEGINS + timedelta(days))
    alone = of_one_key(full_protocol, catalogue, index, epoch)
    made, expected = (
        p.releases(p.process(p.intake("police-crime-offence", record)), "central")
        for p in (turning, alone)
    )
    assert made[0]["crime_reference"] == expected[0]["crime_reference"]
    assert made[0]["record_id"] == expected[0]["record_id"]


def test_files_of_a_case_without_dates_join_an_offence_of_the_epoch_before(
    turning: Partnership,
) -> None:
    offender = {"crime_reference": "CR/1", "offender_reference": "O-1", "age": 30}
    kept = turning.process(
        turning.intake("police-crime-offence", crime("CR/1", BEGINS - timedelta(30)))
    )
    turning.pipeline.state.commit(kept.changes)
    (released,) = turning.releases(kept, "central")
    (joined,) = turning.releases(
        turning.process(turning.intake("police-crime-offender", offender)), "central"
    )
    assert joined["crime_reference"] == released["crime_reference"]
    (unknown,) = turning.releases(
        turning.process(
            turning.intake("police-crime-offender", offender | {"crime_reference": "CR/2"})
        ),
        "central",
    )
    assert unknown["crime_reference"] != released["crime_reference"]


def test_a_record_without_a_day_or_a_case_counts_for_today(
    turning: Partnership, full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    assert NOW.date() >= BEGINS
    record = {"crime_reference": "CR/9", "offender_reference": "O-9", "age": 30}
    alone = of_one_key(full_protocol, catalogue, index, 1)
    made, expected = (
        p.releases(p.process(p.intake("police-crime-offender", record)), "central")
        for p in (turning, alone)
    )
    assert made[0]["crime_reference"] == expected[0]["crime_reference"]


def test_what_comes_before_its_offence_has_todays_epoch_and_is_counted(
    turning: Partnership,
) -> None:
    offender = {"crime_reference": "CR/1", "offender_reference": "O-1", "age": 30}
    result = turning.process(
        turning.intake("police-crime-offender", offender),
        turning.intake("police-crime-offence", crime("CR/1", BEGINS - timedelta(30))),
    )
    released = turning.releases(result, "central")
    assert len({r["crime_reference"] for r in released}) == 2
    assert [t.caveats["epoch-by-supply"] for t in result.tallies] == [1, 0]


def test_nothing_is_released_of_a_time_whose_key_was_deleted(
    full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    epochs = (Epoch(1, None, None), Epoch(2, BEGINS, OTHER_KEY))
    keys = KeyRing(epochs, KEY.for_purpose("lasting"))
    partnership = Partnership.of(full_protocol, catalogue, index, keys=keys)
    result = partnership.process(
        partnership.intake("police-crime-offence", crime("CR/1", BEGINS - timedelta(1))),
        partnership.intake("police-crime-offence", crime("CR/2", BEGINS)),
    )
    assert len(partnership.releases(result, "central")) == 1
    (tally,) = result.tallies
    assert (tally.accepted, tally.held) == (2, 1)
    assert tally.withheld["key-of-its-time-deleted"] == 1
