"""Memory: the changes of a batch are seen at once and last only when they are kept."""

from __future__ import annotations

from sanitiser.memory import Memory


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
