"""Ten thousand fuzzed inputs a record type: no crash, nothing lost, and what leaves can be read."""

from __future__ import annotations

import logging
from random import Random

import pytest

from schemas.catalogue import load_catalogue
from tests.fuzz.inputs import damaged, records
from tests.streams.partnership import Partnership, raw_intake

INPUTS = 10_000
BATCH = 500
DAMAGED = 0.1


@pytest.mark.parametrize("dataset", sorted(load_catalogue().record_types))
def test_every_input_has_one_outcome_and_every_release_decodes(
    full: Partnership, dataset: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    rng = Random(f"fuzz:{dataset}")
    agency = next(s.agency for s in full.protocol.supplies if s.dataset == dataset)
    topic = f"banes.intake.{agency}.{dataset}"
    made = records(full.catalogue.record_type(dataset), dict(full.catalogue.code_lists), rng)
    seen = accepted = 0
    for begin in range(0, INPUTS, BATCH):
        batch = []
        for offset in range(begin, begin + BATCH):
            value: bytes | None = full.value(dataset, next(made))
            if rng.random() < DAMAGED:
                value = damaged(value or b"", rng)
            batch.append(raw_intake(topic, value, offset))
        result = full.process(*batch)
        (tally,) = result.tallies
        own = (".receipts.", ".internal.", ".audit")
        outputs = [o for o in result.outputs if not any(name in o.topic for name in own)]
        rejected = [full.schemas.read(o) for o in outputs if ".rejected." in o.topic]
        told = [o for o in outputs if ".rejected." not in o.topic and o.value is not None]
        released = [full.schemas.read(o) for o in told]
        taken_back = sum(n for why, n in tally.withheld.items() if why.startswith("taken-back"))
        assert taken_back == len(full.taken_back(result))
        assert tally.received == tally.accepted + tally.rejected == BATCH
        assert len(rejected) == tally.rejected
        assert all(rejection["faults"] for rejection in rejected)
        assert len(released) == sum(tally.released.values())
        originals = {intake.offset: intake.value for intake in batch}
        assert all(r["original"] == originals[r["offset"]] for r in rejected)
        assert "unprocessable" not in tally.faults, caplog.text
        seen, accepted = seen + tally.received, accepted + tally.accepted
    assert seen == INPUTS
    assert 0.1 < accepted / INPUTS < 0.95
