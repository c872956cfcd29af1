"""A record that its supplier wants back is taken back from wherever it can have gone."""

from __future__ import annotations

import pytest

from isp.agreement.protocol import Protocol
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from streams.messages import Intake
from tests.streams.partnership import Partnership, incident, small_index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    return small_index(tmp_path_factory.mktemp("index"))


@pytest.fixture
def banes(protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Partnership:
    return Partnership.of(protocol, catalogue, index)


def erasing(intake: Intake) -> Intake:
    return intake._replace(erases=True)


def test_an_erasure_leaves_a_tombstone_under_every_name_that_the_record_was_released_by(
    banes: Partnership,
) -> None:
    released = banes.process(banes.intake("police-incident", incident()))
    names = {
        (f"banes.depersonalised.{profile}.police-incident", r["record_id"].encode())
        for profile in ("central", "second")
        for r in banes.releases(released, profile)
    }
    erased = banes.process(erasing(banes.intake("police-incident", incident(), 2)))
    assert set(banes.taken_back(erased)) == names
    assert banes.releases(erased) == []
    (receipt,) = banes.receipts(erased)
    counts = {
        name: receipt[name] for name in ("received", "accepted", "held", "rejected", "erased")
    }
    assert counts == {"received": 1, "accepted": 0, "held": 0, "rejected": 0, "erased": 1}


def test_what_names_the_record_is_enough_to_erase_it(banes: Partnership) -> None:
    released = banes.process(banes.intake("police-incident", incident()))
    bare = {"incident_reference": "IN-1", "incident_date": incident()["incident_date"]}
    erased = banes.process(erasing(banes.intake("police-incident", bare, 2)))
    keys = {o.key for o in released.outputs if o.topic.startswith("banes.depersonalised.")}
    assert {key for _, key in banes.taken_back(erased)} == keys


def test_an_erasure_that_cannot_be_read_goes_back_to_its_supplier(banes: Partnership) -> None:
    broken = incident(incident_reference=None)
    result = banes.process(erasing(banes.intake("police-incident", broken)))
    assert banes.taken_back(result) == []
    assert len(banes.rejections(result)) == 1


def test_the_audit_tells_of_the_erasure_and_from_whom_it_was_taken(banes: Partnership) -> None:
    result = banes.process(erasing(banes.intake("police-incident", incident())))
    (message,) = [o for o in result.outputs if o.topic == "banes.audit"]
    shares = banes.schemas.read(message)["shares"]
    told = {(s["what"], *s["recipients"]) for s in shares}
    assert told == {
        ("supplied",), ("erased",),
        ("taken-back", "council", "fire"), ("taken-back", "business"),
    }  # fmt: skip
