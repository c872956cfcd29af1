"""Memory: the changes of a batch are seen at once and last only when they are kept."""

from __future__ import annotations

from sanitiser.memory import NOTE_BYTES, Memory


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
