"""Each change, removal, move or cut of an entry is found, and the entry is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from isp.audit.chain import ChainHead, hash_of
from isp.audit.chains import Implied
from isp.audit.entries import told
from isp.audit.entry import Entry, Held
from isp.audit.verify import Break, first_rewritten, verify

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RECEIPTS = "x.receipts.police"


def chained(chains: Sequence[str]) -> list[Entry]:
    """Return entries of chains that write in the given order."""
    heads: dict[str, ChainHead] = {}
    entries = []
    for offset, chain in enumerate(chains):
        head = heads.get(chain, ChainHead(chain))
        content = head.link({"at": NOW + timedelta(minutes=offset), "what": offset})
        entries.append(Entry(offset, hashed(content), content))
        heads[chain] = entries[-1].head
    return entries


def hashed(content: dict[str, Any]) -> str:
    return hash_of(repr(sorted(content.items())).encode())


def heads_of(entries: Sequence[Entry]) -> list[Held]:
    return [Held(RECEIPTS, entry.head) for entry in entries]


def with_content(entry: Entry, **fields: Any) -> Entry:
    content = {**(entry.content or {}), **fields}
    return entry._replace(content=content, hash=hashed(content))


def breaks(entries: Sequence[Entry], elsewhere: Sequence[Held]) -> list[Break]:
    return verify(entries, elsewhere).breaks


WRITERS = st.lists(st.sampled_from("abc"), min_size=1, max_size=24)


@given(WRITERS)
def test_an_audit_that_nobody_touched_is_whole(writers: list[str]) -> None:
    entries = chained(writers)
    found = verify(entries, heads_of(entries))
    assert found.breaks == []
    assert found.entries == len(writers)
    assert {name: head.sequence for name, head in found.heads.items()} == {
        name: writers.count(name) for name in set(writers)
    }


@given(WRITERS, st.data())
def test_a_changed_entry_is_named_wherever_it_stands(writers: list[str], data: Any) -> None:
    entries = chained(writers)
    at = data.draw(st.integers(0, len(entries) - 1))
    forged = [*entries[:at], with_content(entries[at], what="else"), *entries[at + 1 :]]
    place = entries[at].head[:2]
    assert place in {(b.chain, b.sequence) for b in breaks(forged, heads_of(entries))}


@given(WRITERS, st.data())
def test_a_removed_entry_is_named_wherever_it_stood(writers: list[str], data: Any) -> None:
    entries = chained(writers)
    at = data.draw(st.integers(0, len(entries) - 1))
    found = breaks([*entries[:at], *entries[at + 1 :]], heads_of(entries))
    assert entries[at].head[:2] in {(b.chain, b.sequence) for b in found}


@given(WRITERS, st.data())
def test_a_tail_that_was_cut_off_is_named_from_its_first_entry(
    writers: list[str], data: Any
) -> None:
    entries = chained(writers)
    at = data.draw(st.integers(0, len(entries) - 1))
    found = {(b.chain, b.sequence) for b in breaks(entries[:at], heads_of(entries))}
    firsts = {chain: entry.head.sequence for entry in reversed(entries[at:])
              for chain in [entry.head.chain]}  # fmt: skip
    assert found == set(firsts.items())


@given(WRITERS, st.data())
def test_entries_that_changed_places_are_found(writers: list[str], data: Any) -> None:
    entries = chained(writers)
    chain = data.draw(st.sampled_from(writers))
    places = [i for i, entry in enumerate(entries) if entry.head.chain == chain]
    one, other = data.draw(st.tuples(st.sampled_from(places), st.sampled_from(places)))
    moved = list(entries)
    moved[one], moved[other] = moved[other], moved[one]
    assert bool(breaks(moved, heads_of(entries))) == (one != other)


@given(WRITERS, st.data())
def test_a_chain_that_was_rewritten_to_its_end_is_found_and_its_first_forgery_named(
    writers: list[str], data: Any
) -> None:
    entries = chained(writers)
    at = data.draw(st.integers(0, len(entries) - 1))
    forged = list(entries)
    forged[at] = with_content(entries[at], what="else")
    head = forged[at].head
    for i, entry in enumerate(entries[at + 1 :], at + 1):
        if entry.head.chain == head.chain:
            forged[i] = with_content(entry, previous=head.hash)
            head = forged[i].head
    elsewhere = heads_of(entries)
    (found,) = breaks(forged, elsewhere)
    assert found.rewritten
    (first,) = first_rewritten(forged, elsewhere, head.chain)
    assert (first.chain, first.sequence) == entries[at].head[:2]


def test_what_is_no_entry_is_told() -> None:
    (found,) = breaks([Entry(7, "h", None)], [])
    assert "offset 7" in str(found)


def test_what_retention_took_is_no_break_and_what_somebody_took_is() -> None:
    entries = chained("aaaaaa")[3:]
    held = heads_of(entries)
    assert verify(entries, held, NOW + timedelta(hours=1)).breaks == []
    (found,) = verify(entries, held, NOW).breaks
    assert found[:2] == ("a", 4)
    assert verify(entries, held).breaks, "nothing was deleted, so the first three must be there"


def crossed(chains: Sequence[str]) -> list[Entry]:
    """Return entries of chains that hold the heads of the other chains, as those of all writers do."""
    heads: dict[str, ChainHead] = {}
    entries = []
    for offset, chain in enumerate(chains):
        at = NOW + timedelta(minutes=offset)
        others = [{**h._asdict(), "at": at} for name, h in heads.items() if name != chain]
        content = heads.get(chain, ChainHead(chain)).link(
            {"at": at, "what": offset, "heads": others}
        )
        entries.append(Entry(offset, hashed(content), content))
        heads[chain] = entries[-1].head
    return entries


def relinked(entries: Sequence[Entry], chain: str) -> list[Entry]:
    """Return the entries, with one chain numbered and linked again, as by a forger."""
    made, head = [], ChainHead(chain)
    for entry in entries:
        if entry.head.chain == chain:
            forged = with_content(entry, sequence=head.sequence + 1, previous=head.hash)
            made.append(forged)
            head = forged.head
        else:
            made.append(entry)
    return made


@given(WRITERS, st.data())
def test_a_chain_that_was_rewritten_with_its_head_is_found_by_what_the_others_hold(
    writers: list[str], data: Any
) -> None:
    """No receipt and no topic of heads is needed: a forger who changes one chain must change all."""
    entries = crossed([*writers, "z"])
    at = data.draw(st.integers(0, len(writers) - 1))
    forged = relinked([*entries[:at], *entries[at + 1 :]], entries[at].head.chain)
    found = breaks(forged, list(told(forged)))
    assert {entry.chain for entry in found} == {entries[at].head.chain}
    assert breaks(entries, list(told(entries))) == []


def test_a_chain_that_was_dropped_with_its_head_is_missing_once() -> None:
    entries = crossed("abcaabca")
    left = [entry for entry in entries if entry.head.chain != "b"]
    (found,) = breaks(left, list(told(left)))
    assert str(found).startswith("b entry 1: is missing, with all up to entry 2")


def test_a_forged_head_beside_the_true_one_hides_nothing() -> None:
    entries = crossed("abab")
    forged = [entries[0], *relinked([with_content(entries[1], what="else"), *entries[2:]], "b")]
    last = next(entry.head for entry in reversed(forged) if entry.head.chain == "b")
    for held in ([*told(forged), Held("heads", last)], [Held("heads", last), *told(forged)]):
        assert [found.chain for found in breaks(forged, held)] == ["b"]
        (first,) = first_rewritten(forged, held, "b")
        assert first.sequence == 1


def test_one_forged_entry_is_told_once_however_many_hold_its_hash() -> None:
    entries = chained("aaa")
    held = [Held(f"x.receipts.{who}", entry.head) for who in "pqr" for entry in entries]
    forged = [*entries[:2], with_content(entries[2], what="else")]
    (found,) = breaks(forged, held)
    assert found[:2] == ("a", 3)
    (found,) = breaks(entries[:2], held)
    assert found[:2] == ("a", 3)


def test_a_chain_that_should_be_there_and_is_not_is_missing() -> None:
    entries = chained("aa")
    implied = [Implied("a", "because of it"), Implied("p", "a protocol was applied")]
    (found,) = verify(entries, [], implied=implied).breaks
    assert str(found) == "p entry 1: is missing; a protocol was applied"
    assert verify(entries, [], NOW + timedelta(hours=1), implied).breaks == []


def test_a_head_of_before_what_is_kept_asks_for_no_entry() -> None:
    entries = chained("aaaaaa")[3:]
    old = Held("x.internal.audit-heads", ChainHead("p", 2, "h"), NOW - timedelta(days=9))
    new = old._replace(at=NOW + timedelta(hours=2))
    assert verify(entries, [old], NOW + timedelta(hours=1)).breaks == []
    assert [b.chain for b in verify(entries, [new], NOW + timedelta(hours=1)).breaks] == ["p"]
    assert [b.chain for b in verify(chained("aaa"), [old]).breaks] == ["p"]
