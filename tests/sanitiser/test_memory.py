"""Memory: the changes of a batch are seen at once and last only when they are kept."""

from __future__ import annotations

from sanitiser.memory import NOTE_BYTES, Memory
from schemas.state import RENEWAL_DAYS

DIGEST = bytes([7] * NOTE_BYTES)


def test_a_change_is_seen_within_its_batch_and_gone_when_discarded() -> None:
    memory = Memory()
    memory.put(b"a", b"1")
    assert memory.get(b"a") == b"1"
    memory.discard()
    assert memory.get(b"a") is None


def test_a_kept_change_outlasts_the_batch() -> None:
    memory = Memory()
    memory.put(b"a", b"1")
    memory.keep(memory.changes())
    memory.discard()
    assert (memory.get(b"a"), len(memory), memory.changes()) == (b"1", 1, {})


def test_what_stands_there_already_is_no_change() -> None:
    memory = Memory()
    memory.keep({b"a": b"1"})
    memory.put(b"a", b"1")
    assert memory.changes() == {}
    memory.put(b"a", b"2")
    assert memory.changes() == {b"a": b"2"}


def test_all_that_a_batch_notes_is_one_change_that_another_memory_understands() -> None:
    memory, other = Memory(), Memory()
    digests = [bytes([n] * NOTE_BYTES) for n in range(3)]
    for digest in digests:
        memory.note(digest)
    assert all(map(memory.has_noted, digests))
    assert len(memory.changes()) == 1
    other.keep(memory.changes())
    memory.discard()
    assert not any(map(memory.has_noted, digests))
    assert all(map(other.has_noted, digests))
    other.note(digests[0])
    assert (len(other), other.changes()) == (3, {})


def test_what_is_used_long_after_it_was_written_is_written_again() -> None:
    memory = Memory()
    memory.begin(1_000)
    memory.put(b"a", b"1")
    memory.note(DIGEST)
    memory.keep(memory.changes())
    memory.begin(1_000 + RENEWAL_DAYS - 1)
    memory.put(b"a", b"1")
    memory.note(DIGEST)
    assert (memory.get(b"a"), memory.changes()) == (b"1", {})
    memory.begin(1_000 + RENEWAL_DAYS)
    memory.note(DIGEST)
    assert memory.get(b"a") == b"1"
    renewed = memory.changes()
    assert sorted(renewed.values()) == sorted([b"1", DIGEST])
    memory.keep(renewed)
    memory.begin(1_000 + 2 * RENEWAL_DAYS - 1)
    memory.note(DIGEST)
    assert (memory.get(b"a"), memory.changes()) == (b"1", {})


def test_an_earlier_writing_that_is_read_later_makes_nothing_older() -> None:
    memory = Memory()
    memory.keep({b"n2": DIGEST}, 1_000)
    memory.keep({b"n1": DIGEST}, 900)
    memory.begin(1_001)
    memory.note(DIGEST)
    assert memory.changes() == {}
