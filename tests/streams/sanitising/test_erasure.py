"""A record that its supplier wants back is taken back from wherever it can have gone."""

from __future__ import annotations

from streams.messages import Intake
from tests.streams.partnership import Partnership, incident


def erasing(intake: Intake) -> Intake:
    return intake._replace(erases=True)


def test_an_erasure_leaves_a_tombstone_under_every_name_that_the_record_was_released_by(
    partnership: Partnership,
) -> None:
    released = partnership.process(partnership.intake("police-incident", incident()))
    names = {
        (f"banes.depersonalised.{profile}.police-incident", r["record_id"].encode())
        for profile in ("central", "second")
        for r in partnership.releases(released, profile)
    }
    erased = partnership.process(erasing(partnership.intake("police-incident", incident(), 2)))
    assert set(partnership.taken_back(erased)) == names
    assert partnership.releases(erased) == []
    (receipt,) = partnership.receipts(erased)
    counts = {
        name: receipt[name] for name in ("received", "accepted", "held", "rejected", "erased")
    }
    assert counts == {"received": 1, "accepted": 0, "held": 0, "rejected": 0, "erased": 1}


def test_what_names_the_record_is_enough_to_erase_it(partnership: Partnership) -> None:
    released = partnership.process(partnership.intake("police-incident", incident()))
    bare = {"incident_reference": "IN-1", "incident_date": incident()["incident_date"]}
    erased = partnership.process(erasing(partnership.intake("police-incident", bare, 2)))
    keys = {o.key for o in released.outputs if o.topic.startswith("banes.depersonalised.")}
    assert {key for _, key in partnership.taken_back(erased)} == keys


def test_an_erasure_that_cannot_be_read_goes_back_to_its_supplier(partnership: Partnership) -> None:
    broken = incident(incident_reference=None)
    result = partnership.process(erasing(partnership.intake("police-incident", broken)))
    assert partnership.taken_back(result) == []
    assert len(partnership.rejections(result)) == 1


def test_the_audit_tells_of_the_erasure_and_from_whom_it_was_taken(
    partnership: Partnership,
) -> None:
    result = partnership.process(erasing(partnership.intake("police-incident", incident())))
    (message,) = [o for o in result.outputs if o.topic == "banes.audit"]
    shares = partnership.schemas.read(message)["shares"]
    told = {(s["what"], *s["recipients"]) for s in shares}
    assert told == {
        ("supplied",), ("erased",),
        ("taken-back", "council", "fire"), ("taken-back", "business"),
    }  # fmt: skip
