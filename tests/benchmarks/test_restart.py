"""The generated day equals what workers write; a takeover concerns the dead worker's partitions."""

from __future__ import annotations

import pytest

from schemas.state import STATE_KINDS, kind_of
from streams.state.packing import unpacked
from streams.state.store import Entry, StateStore
from tests.benchmarks.day import NOTES_OF_A_BATCH, Amounts, combinations, dates_and_ages, notes
from tests.benchmarks.errors import BenchError
from tests.benchmarks.restart import _moved, restored


def test_what_is_made_is_what_a_worker_remembers_of_each_kind() -> None:
    made = {
        "withdrawals": list(notes(5)),
        "dates-ages": list(dates_and_ages(3, 4)),
        "combinations": list(combinations(6, 0)),
    }
    assert [len(entries) for entries in made.values()] == [5, 7, 6]
    store = StateStore()
    for kind, entries in made.items():
        assert {kind_of(key) for key, _ in entries} == {kind}
        store.apply([Entry(1, key, value) for key, value in entries], {})
    counts = [store.count(kind) for kind in STATE_KINDS["worker"]]
    assert counts == [5 * NOTES_OF_A_BATCH, 7, 6]


def test_an_entry_of_released_records_has_the_name_that_a_worker_gives_it() -> None:
    ((key, content),) = notes(1)
    store = StateStore()
    for name, value in unpacked(key, content):
        store.put(name, value)
    assert store.changes() == {key: content}


def test_a_combination_changes_under_its_key_and_no_day_has_more_keys_than_are_counted() -> None:
    first, then = dict(combinations(9, 0)), dict(combinations(9, 1))
    assert first.keys() == then.keys()
    assert all(first[key] != then[key] for key in first)
    amounts = Amounts(notes=5, cases=3, people=4, combinations=9)
    keys = {*dict(notes(5)), *dict(dates_and_ages(3, 4)), *first}
    assert len(keys) == amounts.keys


def test_what_the_last_start_took_is_read_from_the_log() -> None:
    log = "restored 3 state entries in 9.00 s\nrestored 443000 state entries in 2.51 s\nreading\n"
    assert restored(log) == 2.51
    with pytest.raises(BenchError):
        restored("reading 4 intake topics")


def test_only_a_commit_of_what_the_dead_worker_had_is_a_takeover() -> None:
    before = {("t", 0): 5, ("t", 1): 5}
    lost = {("t", 0), ("t", 2)}
    assert not _moved(before, {("t", 0): 5, ("t", 1): 9}, lost)
    assert _moved(before, {("t", 0): 6, ("t", 1): 5}, lost)
    assert _moved(before, {**before, ("t", 2): 1}, lost)
