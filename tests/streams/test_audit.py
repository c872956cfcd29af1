"""An agent's audit entries are one chain. Entries that are not committed leave no trace in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from isp.audit import chain
from isp.audit.chain import ChainHead, Heads, hash_of
from streams.audit import AuditWriter
from streams.steps.route import Destination
from transport.messages import Output

CHAIN = "banes.alerts"
OTHER = ChainHead("banes.protocol", 3, "c")


def encode(record: Any) -> bytes:
    return json.dumps(record).encode()


def read(output: Output) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output.value or b"")
    return found


@pytest.fixture
def heads() -> Heads:
    known = Heads()
    known.keep(OTHER, 1_000)
    return known


@pytest.fixture
def writer(heads: Heads) -> AuditWriter:
    return AuditWriter(
        Destination("banes.audit", encode, "OFFICIAL"),
        Destination("banes.internal.audit-heads", encode, "OFFICIAL-SENSITIVE"),
        heads,
        lambda _now_ms: heads.of(CHAIN),
    )


def test_an_entry_is_followed_by_the_head_that_it_makes(writer: AuditWriter) -> None:
    entry, head = writer.write({"action": "batch"}, 2_000)
    assert read(entry) == {
        "at": 2_000, "action": "batch", "shares": [],
        "heads": [{"chain": OTHER.chain, "sequence": 3, "hash": "c", "at": 1_000}],
        "chain": CHAIN, "sequence": 1, "previous": "",
    }  # fmt: skip
    assert read(head) == {"sequence": 1, "hash": hash_of(entry.value or b""), "position": ""}
    assert (entry.topic, head.topic) == ("banes.audit", "banes.internal.audit-heads")
    assert entry.key == head.key == CHAIN.encode()
    assert entry.headers == [("marking", b"OFFICIAL")]
    assert head.headers == [("marking", b"OFFICIAL-SENSITIVE")]


def test_entries_of_one_batch_are_linked_to_each_other(writer: AuditWriter) -> None:
    first, _, second, head = writer.write({}, 1) + writer.write({}, 2)
    assert read(second)["previous"] == hash_of(first.value or b"")
    assert (read(first)["sequence"], read(second)["sequence"], read(head)["sequence"]) == (1, 2, 2)
    assert read(second)["heads"] == []


def test_a_large_entry_has_several_parts_and_one_head(
    writer: AuditWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "ENTRY_BYTES", 100)
    shares = [{"what": "released", "references": ""}] * 3
    *parts, head = writer.write({"shares": shares}, 1)
    assert [read(part)["sequence"] for part in parts] == [1, 2, 3]
    assert [len(read(part)["heads"]) for part in parts] == [1, 0, 0]
    assert read(head)["hash"] == hash_of(parts[-1].value or b"") == writer.head(1).hash


def test_what_is_rolled_back_is_written_again(writer: AuditWriter) -> None:
    rolled_back = writer.write({}, 1)
    writer.rollback()
    assert writer.write({}, 1) == rolled_back


def test_the_chain_continues_from_what_is_committed(writer: AuditWriter, heads: Heads) -> None:
    entry, _ = writer.write({}, 1)
    writer.commit()
    assert heads.of(CHAIN) == ChainHead(CHAIN, 1, hash_of(entry.value or b""))
    again, _ = writer.write({}, 2)
    assert read(again)["previous"] == hash_of(entry.value or b"")
    assert read(again)["heads"] == [], "the other chain has not changed"
    writer.rollback()
    heads.keep(ChainHead(OTHER.chain, 4, "d"), 3_000)
    (changed,) = read(writer.write({}, 3)[0])["heads"]
    assert changed["sequence"] == 4
