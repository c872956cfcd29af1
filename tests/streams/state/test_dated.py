"""State with derived keys: the same in main memory and on disk, restored, lost, expired and swept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from schemas.state import StateKind
from streams.state.disk import DiskTables
from streams.state.layout import alerts_layout
from streams.state.origin import Origin
from streams.state.store import StateStore
from streams.state.tables import MemoryTables, Tables

ORIGIN = Origin("cluster", {"t": "id-1"})
DAYS: dict[StateKind, int] = {"incidents": 100}


def derive(key: bytes, value: bytes) -> Iterable[bytes]:
    """Derive a key for each letter of the value: `h`, the letter, the id of the row."""
    return [b"h%c" % letter + key[1:] for letter in value]


LAYOUT = alerts_layout(derive)


@pytest.fixture(params=["memory", "disk"])
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tables]:
    if request.param == "memory":
        yield MemoryTables(LAYOUT.every_table)
        return
    made = DiskTables(tmp_path / "state" / "a.0", LAYOUT.every_table, lock_seconds=0)
    yield made
    made.close()


@pytest.fixture
def store(tables: Tables) -> StateStore:
    made = StateStore(tables, DAYS, LAYOUT)
    made.open(ORIGIN)
    made.begin(1_000)
    return made


def commit(store: StateStore) -> None:
    store.commit(store.changes())


def every(store: StateStore) -> list[bytes]:
    return list(store.keys(b"h", b"i"))


def test_derived_keys_are_found_within_the_batch_and_gone_when_it_is_rolled_back(
    store: StateStore,
) -> None:
    store.put(b"e1", b"ba")
    store.put(b"e2", b"a")
    assert every(store) == [b"ha1", b"ha2", b"hb1"]
    assert list(store.keys(b"ha", b"hb")) == [b"ha1", b"ha2"]
    assert list(store.keys(b"ha2", b"i", 1)) == [b"ha2"]
    store.rollback()
    assert every(store) == []


@pytest.mark.parametrize("is_flushed", [False, True])
def test_derived_keys_follow_the_changes_and_the_deletion_of_their_row(
    store: StateStore, *, is_flushed: bool
) -> None:
    store.put(b"e1", b"ab")
    store.put(b"e2", b"b")
    commit(store)
    if is_flushed:
        store.flush()
    store.put(b"e1", b"bc")
    assert every(store) == [b"hb1", b"hb2", b"hc1"]
    commit(store)
    if is_flushed:
        store.flush()
    store.delete(b"e1")
    assert (store.get(b"e1"), every(store)) == (None, [b"hb2"])
    assert store.changes() == {b"e1": None}
    commit(store)
    store.flush()
    assert (store.get(b"e1"), every(store)) == (None, [b"hb2"])
