"""Every batch is one entry of the audit, linked to the one before, with digests and counts alone."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from isp.agreement.protocol import Protocol
from isp.audit import chain
from isp.audit.chain import ChainHead, hash_of
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from streams.messages import BatchResult
from tests.streams.partnership import (
    ADDRESS,
    DAY,
    NAMES,
    Partnership,
    incident,
    offence,
    raw_intake,
)
from transport.messages import Output


def message(result: BatchResult) -> Output:
    (found,) = [output for output in result.outputs if output.topic == "banes.audit"]
    return found


def entry(partnership: Partnership, result: BatchResult) -> dict[str, Any]:
    return partnership.schemas.read(message(result))


def committed(partnership: Partnership, *intakes: Any) -> BatchResult:
    result = partnership.process(*intakes)
    partnership.pipeline.committed(result)
    return result


def restore(heir: Partnership, partnership: Partnership, *results: BatchResult) -> None:
    """Take in the heads that another worker's batches wrote."""
    for result in results:
        for output in result.outputs:
            if output.topic == NAMES.audit_heads:
                kept = partnership.schemas.read(output)
                head = ChainHead((output.key or b"").decode(), kept["sequence"], kept["hash"])
                heir.pipeline.heads.keep(head, 0)


def test_an_entry_tells_how_many_records_went_to_whom_and_their_names(
    partnership: Partnership,
) -> None:
    result = committed(
        partnership,
        partnership.intake("police-incident", incident(), 1, supply="a" * 32),
        partnership.intake(
            "police-incident", incident(incident_reference="IN-2"), 2, supply="a" * 32
        ),
        raw_intake("banes.intake.police.police-incident", b"junk", 3, "a" * 32),
    )
    shares = entry(partnership, result)["shares"]
    counts = {(s["what"], s["profile"]): s["records"] for s in shares}
    assert counts == {
        ("supplied", None): 3, ("rejected", None): 1,
        ("released", "central"): 2, ("released", "second"): 2,
    }  # fmt: skip
    assert {s["supply_id"] for s in shares} == {"a" * 32}
    central = next(s for s in shares if s["profile"] == "central")
    assert central["recipients"] == ["council", "fire"]
    names = sorted(r["record_id"] for r in partnership.releases(result, "central"))
    assert central["references"].hex() == "".join(names)


def test_what_is_taken_back_stands_there_too(partnership: Partnership) -> None:
    committed(partnership, partnership.intake("police-incident", incident()))
    result = committed(
        partnership, partnership.intake("police-incident", incident(domestic=True), 2)
    )
    (share,) = [s for s in entry(partnership, result)["shares"] if s["what"] == "taken-back"]
    assert (share["profile"], share["recipients"], share["records"]) == ("second", ["business"], 1)


def test_what_is_too_much_for_one_entry_is_told_by_several_in_one_chain(
    partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "ENTRY_BYTES", 1_000)
    intakes = [
        partnership.intake(
            "police-incident", incident(incident_reference=f"I-{n}"), n, supply=f"{n:032x}"
        )
        for n in range(8)
    ]
    result = committed(partnership, *intakes)
    messages = [output for output in result.outputs if output.topic == "banes.audit"]
    entries = [partnership.schemas.read(output) for output in messages]
    assert len(entries) > 4
    assert max(len(output.value or b"") for output in messages) < 1_200
    assert [e["sequence"] for e in entries] == list(range(1, len(entries) + 1))
    for before, after in itertools.pairwise(zip(messages, entries, strict=True)):
        assert after[1]["previous"] == hash_of(before[0].value or b"")
    shares = [share for e in entries for share in e["shares"]]
    supplied = [s["supply_id"] for s in shares if s["what"] == "supplied"]
    assert supplied == [f"{n:032x}" for n in range(8)]
    released = [s for s in shares if s["what"] == "released"]
    assert sum(s["records"] for s in released) == 16
    last = hash_of(messages[-1].value or b"")
    assert {r["audit_hash"] for r in partnership.receipts(result)} == {last}
    monkeypatch.undo()
    assert entry(partnership, committed(partnership, intakes[0]))["previous"] == last


def test_each_entry_holds_the_hash_of_the_one_before(partnership: Partnership) -> None:
    results = [
        committed(partnership, partnership.intake("police-incident", incident(), n))
        for n in range(3)
    ]
    entries = [entry(partnership, result) for result in results]
    assert [e["sequence"] for e in entries] == [1, 2, 3]
    assert len({e["chain"] for e in entries}) == 1
    assert entries[0]["previous"] == ""
    for before, after in zip(results, entries[1:], strict=False):
        assert after["previous"] == hash_of(message(before).value or b"")


def test_a_batch_that_was_aborted_leaves_the_chain_where_it_was(partnership: Partnership) -> None:
    committed(partnership, partnership.intake("police-incident", incident()))
    aborted = partnership.process(partnership.intake("police-incident", incident(), 2))
    again = partnership.process(partnership.intake("police-incident", incident(), 2))
    assert message(aborted) == message(again)
    assert entry(partnership, again)["sequence"] == 2


def test_the_next_worker_goes_on_with_the_chain_and_another_slot_has_its_own(
    partnership: Partnership, protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    first = committed(partnership, partnership.intake("police-incident", incident()))
    heir = Partnership.of(protocol, catalogue, index)
    restore(heir, partnership, first)
    second = entry(heir, committed(heir, heir.intake("police-incident", incident(), 2)))
    assert (second["chain"], second["sequence"]) == (entry(partnership, first)["chain"], 2)
    other = Partnership.of(protocol, catalogue, index, slot="1")
    restore(other, partnership, first)
    third = entry(other, committed(other, other.intake("police-incident", incident(), 3)))
    assert third["sequence"] == 1
    assert third["chain"].startswith("banes.worker.1.")


def test_a_worker_goes_on_from_the_head_that_an_earlier_release_remembered_in_memory(
    partnership: Partnership,
) -> None:
    partnership.pipeline.state.begin(DAY)
    partnership.pipeline.state.commit({b"audit:0": b"banes.worker.0.20260101T000000000Z 7 abc"})
    told = entry(
        partnership, committed(partnership, partnership.intake("police-incident", incident()))
    )
    assert (told["chain"], told["sequence"], told["previous"]) == (
        "banes.worker.0.20260101T000000000Z",
        8,
        "abc",
    )
    again = entry(
        partnership, committed(partnership, partnership.intake("police-incident", incident(), 2))
    )
    assert again["sequence"] == 9


def test_an_entry_holds_the_heads_of_the_other_chains_once_each_time_they_change(
    partnership: Partnership,
) -> None:
    def told(n: int) -> dict[str, tuple[int, str]]:
        heads = entry(
            partnership,
            committed(partnership, partnership.intake("police-incident", incident(), n)),
        )
        return {head["chain"]: (head["sequence"], head["hash"]) for head in heads["heads"]}

    partnership.pipeline.heads.keep(ChainHead("banes.recorder.broker-log", 3, "c"), 1_000)
    partnership.pipeline.heads.keep(ChainHead("banes.protocol", 1, "a"), 2_000)
    assert told(1) == {"banes.recorder.broker-log": (3, "c"), "banes.protocol": (1, "a")}
    assert told(2) == {}
    partnership.pipeline.heads.keep(ChainHead("banes.recorder.broker-log", 4, "d"), 3_000)
    partnership.process(partnership.intake("police-incident", incident(), 3))
    assert told(3) == {"banes.recorder.broker-log": (4, "d")}, "what was aborted told nobody"
    assert told(4) == {}


def test_a_receipt_holds_the_hash_of_its_entry(partnership: Partnership) -> None:
    result = committed(partnership, partnership.intake("police-incident", incident()))
    told = entry(partnership, result)
    for receipt in partnership.receipts(result):
        assert receipt["audit_chain"] == told["chain"]
        assert receipt["audit_sequence"] == told["sequence"]
        assert receipt["audit_hash"] == hash_of(message(result).value or b"")


def test_nothing_that_a_record_says_stands_in_its_entry(partnership: Partnership) -> None:
    record = offence(method_of_entry="forced the rear window of no 5")
    result = committed(partnership, partnership.intake("police-crime-offence", record))
    told = str(entry(partnership, result))
    value = message(result).value or b""
    for secret in (record["crime_reference"], ADDRESS, "Acacia", "SW1A", "rear window"):
        assert secret not in told
        assert secret.encode() not in value
