"""An agency compares each head that it sees with those it saw before."""

from __future__ import annotations

from pathlib import Path

import pytest

from isp.audit.chain import ChainHead
from isp.audit.kept_heads import HeadKeeper, HeadsDiffer, Seen, held_in, seen_in

TOPIC = "x.receipts.police"


def seen(offset: int, sequence: int, hash_: str = "", chain: str = "x.worker.0.t") -> Seen:
    return Seen(TOPIC, offset, ChainHead(chain, sequence, hash_ or f"h{sequence}"), 1_000)


def read(file: Path, *found: Seen, to_the_end: bool = True) -> None:
    keeper = HeadKeeper(file)
    watch = keeper.watch()
    for one in found:
        watch.note(one)
    if to_the_end:
        watch.note_end(TOPIC)
    keeper.settle(watch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "run" / "heads" / "x.police.json"
    read(made, seen(10, 4), seen(12, 5), seen(13, 5), seen(20, 8))
    return made


def test_the_furthest_head_is_kept_for_its_owner_alone(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert [(held.where, held.head) for held in held_in(file)] == [
        (str(file), ChainHead("x.worker.0.t", 8, "h8"))
    ]


@pytest.mark.parametrize(
    "later",
    [
        [seen(10, 4), seen(20, 8), seen(22, 9)],
        [seen(20, 8)],
        [seen(22, 9), seen(24, 9)],
        [seen(21, 1, chain="x.worker.0.later")],
        [],
    ],
)
def test_what_goes_on_from_what_was_seen_is_right(file: Path, later: list[Seen]) -> None:
    read(file, *later)


@pytest.mark.parametrize(
    ("forged", "told"),
    [
        ([seen(20, 8, "other")], "entry 8 has another hash"),
        ([seen(25, 8, "other")], "entry 8 has another hash"),
        ([seen(25, 6)], "entry 6 at offset 25 comes after entry 8"),
        ([seen(22, 9), seen(23, 7)], "entry 7 at offset 23 comes after entry 9"),
        ([seen(3, 9)], "comes before entry 8: rewritten"),
        ([seen(20, 7)], "where entry 8 was"),
        ([seen(10, 4), seen(12, 5)], "ends before entry 8"),
    ],
)
def test_a_chain_that_goes_back_or_differs_is_told_each_time(
    file: Path, forged: list[Seen], told: str
) -> None:
    for _ in range(2):
        with pytest.raises(HeadsDiffer, match=told):
            read(file, *forged)
    assert [held.head.sequence for held in held_in(file)] == [8]


def test_a_reading_of_a_part_says_nothing_of_the_end(file: Path) -> None:
    read(file, seen(10, 4), to_the_end=False)


def test_a_file_that_is_none_of_heads_is_told(file: Path) -> None:
    file.write_text('{"x": 1}')
    with pytest.raises(HeadsDiffer, match="does not hold heads"):
        HeadKeeper(file).watch()
    file.chmod(0o644)
    with pytest.raises(HeadsDiffer, match="mode 0644"):
        HeadKeeper(file).watch()


def test_messages_of_before_there_were_heads_are_no_heads() -> None:
    assert seen_in(TOPIC, 1, {"kind": "case"}, 0) is None
    assert seen_in(TOPIC, 1, {"audit_chain": "", "audit_sequence": 0, "audit_hash": ""}, 0) is None
