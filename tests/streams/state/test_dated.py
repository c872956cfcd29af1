"""State with derived keys: the same in main memory and on disk, restored, lost, expired and swept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.state import TODAY_KEY, StateKind
from streams.state.dated import MISSED_DAYS, DatedStore
from streams.state.disk import DiskTables
from streams.state.errors import StateStoreError
from streams.state.layout import alerts_layout
from streams.state.origin import Origin
from streams.state.store import SWEPT_ROWS, Entry
from streams.state.tables import MemoryTables, Tables

ORIGIN = Origin("cluster", {"t": "id-1"})
KEPT = 100
DAYS: dict[StateKind, int] = {"incidents": KEPT}
TODAY = 10_000
DAY_S = 86_400


def derive(key: bytes, value: bytes) -> Iterable[bytes]:
    """Derive a key for each letter of the value: `h`, the letter, the id of the row."""
    return [b"h%c" % letter + key[1:] for letter in value]


LAYOUT = alerts_layout(derive)


def on_disk(folder: Path) -> DiskTables:
    return DiskTables(folder / "state" / "a.0", LAYOUT.every_table, lock_seconds=0)


@pytest.fixture(params=["memory", "disk"])
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tables]:
    made = MemoryTables(LAYOUT.every_table) if request.param == "memory" else on_disk(tmp_path)
    yield made
    made.close()


@pytest.fixture
def store(tables: Tables) -> DatedStore:
    made = DatedStore(LAYOUT, tables, DAYS)
    made.open(ORIGIN)
    made.begin(TODAY)
    return made


def commit(store: DatedStore) -> None:
    store.commit(store.changes())


def every(store: DatedStore) -> list[bytes]:
    return list(store.keys(b"h", b"i"))


def sweep(store: DatedStore, times: int = 10) -> None:
    for _ in range(times):
        store.sweep()


def rows(tables: Tables, table: str = "incidents") -> list[bytes]:
    return [key for key, _ in tables.portion(table, b"", 10_000) if key != TODAY_KEY]


def test_derived_keys_are_found_within_the_batch_and_gone_when_it_is_rolled_back(
    store: DatedStore,
) -> None:
    store.put(b"e1", b"ba")
    store.put(b"e2", b"a")
    assert every(store) == [b"ha1", b"ha2", b"hb1"]
    assert list(store.keys(b"ha", b"hb")) == [b"ha1", b"ha2"]
    assert list(store.keys(b"ha2", b"i", 1)) == [b"ha2"]
    assert list(store.keys(b"i", b"h")) == []
    store.rollback()
    assert (every(store), store.changes()) == ([], {})


@pytest.mark.parametrize("is_flushed", [False, True])
def test_derived_keys_follow_the_changes_and_the_deletion_of_their_row(
    store: DatedStore, *, is_flushed: bool
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


def test_a_key_that_was_never_committed_needs_no_deletion(store: DatedStore) -> None:
    store.put(b"e1", b"a")
    store.delete(b"e1")
    store.delete(b"e2")
    assert (store.get(b"e1"), every(store), store.changes()) == (None, [], {})


def test_a_deleted_entry_can_be_set_again_to_the_same_value(store: DatedStore) -> None:
    store.put(b"e1", b"a", TODAY)
    commit(store)
    store.delete(b"e1")
    store.put(b"e1", b"a", TODAY)
    assert (store.get(b"e1"), every(store)) == (b"a", [b"ha1"])
    commit(store)
    assert (store.get(b"e1"), every(store)) == (b"a", [b"ha1"])


def test_an_entry_in_the_changelog_is_whole_with_the_day_of_its_event(store: DatedStore) -> None:
    store.put(b"e1", b"a", TODAY - 3)
    store.put(b"x1", b"b")
    assert store.changes() == {
        b"e1": (TODAY - 3).to_bytes(4) + b"a",
        b"x1": TODAY.to_bytes(4) + b"b",
        TODAY_KEY: (TODAY - 3).to_bytes(4),
    }
    commit(store)
    store.put(b"e1", b"a", TODAY - 3)
    assert store.changes() == {}
    store.put(b"e1", b"a", TODAY - 4)
    assert store.changes() == {b"e1": (TODAY - 4).to_bytes(4) + b"a"}


def test_a_range_of_any_number_of_keys_is_read_in_order(store: DatedStore) -> None:
    for number in range(1_000):
        store.put(b"e%04d" % number, b"ab")
    commit(store)
    store.flush()
    for number in range(0, 1_000, 7):
        store.delete(b"e%04d" % number)
    for number in range(0, 1_000, 11):
        store.put(b"e%04d" % number, b"b")
    found = [b"ha%04d" % n for n in range(1_000) if n % 7 and n % 11]
    assert list(store.keys(b"ha", b"hb")) == found
    assert list(store.keys(b"ha0500", b"hb", 3)) == [k for k in found if k >= b"ha0500"][:3]


def test_a_key_is_no_beginning_of_another_one_for_any_deletion(
    store: DatedStore, tables: Tables
) -> None:
    """As users of other stores found, an expiry of `user_1` must not delete `user_12`."""
    store.put(b"e1", b"a", TODAY - KEPT + 1)
    store.put(b"e12", b"a", TODAY)
    commit(store)
    store.flush()
    store.begin(TODAY + 1)
    store.put(b"e9", b"a", TODAY + 1)
    commit(store)
    store.flush()
    sweep(store)
    assert rows(tables) == [b"e12", b"e9"]
    assert rows(tables, "incidents.keys") == [b"ha12", b"ha9"]


def test_an_expired_row_is_absent_with_its_keys_and_swept_with_them(
    store: DatedStore, tables: Tables
) -> None:
    for number in range(3 * SWEPT_ROWS):
        store.put(b"e%04d" % number, b"a", TODAY - KEPT + 1)
    store.put(b"ez", b"a", TODAY)
    commit(store)
    store.flush()
    store.begin(TODAY)
    assert len(every(store)) == 3 * SWEPT_ROWS + 1
    store.begin(TODAY + 1)
    store.put(b"ey", b"a", TODAY + 1)
    commit(store)
    store.begin(TODAY + 1)
    assert (store.get(b"e0001"), every(store)) == (None, [b"hay", b"haz"])
    store.flush()
    sweep(store)
    assert rows(tables) == [b"ey", b"ez"]
    assert rows(tables, "incidents.keys") == [b"hay", b"haz"]
    assert every(store) == [b"hay", b"haz"]


def test_an_event_that_is_older_than_the_retention_is_not_kept(store: DatedStore) -> None:
    store.put(b"e1", b"a", TODAY)
    commit(store)
    store.begin(TODAY)
    store.put(b"e2", b"a", TODAY - KEPT)
    assert (store.get(b"e2"), store.changes()) == (None, {})
    store.put(b"e1", b"a", TODAY - KEPT)
    assert store.changes() == {b"e1": None}


def test_a_clock_that_jumps_ahead_makes_no_entry_expire(store: DatedStore, tables: Tables) -> None:
    """Not even if what it wrote without the day of an event is committed."""
    store.put(b"e1", b"a", TODAY)
    commit(store)
    store.begin(TODAY + 10 * KEPT)
    store.put(b"x1", b"")
    assert store.get(b"e1") == b"a"
    commit(store)
    store.begin(TODAY + 1)
    store.flush()
    sweep(store)
    assert (store.get(b"e1"), every(store)) == (b"a", [b"ha1"])
    assert rows(tables) == [b"e1", b"x1"]


def test_a_date_far_in_the_future_is_the_day_of_its_batch_and_makes_no_entry_expire(
    store: DatedStore,
) -> None:
    store.put(b"e1", b"a", TODAY - 1)
    store.put(b"e2", b"b", TODAY + 365_000)
    assert store.changes()[b"e2"] == TODAY.to_bytes(4) + b"b"
    commit(store)
    store.begin(TODAY + 1)
    assert (store.get(b"e1"), store.get(b"e2")) == (b"a", b"b")


def test_a_long_outage_makes_no_entry_expire(store: DatedStore) -> None:
    """Events that were held up for months are still compared with those before them."""
    store.put(b"e1", b"a", TODAY)
    commit(store)
    store.begin(TODAY + 2 * KEPT)
    store.put(b"e2", b"b", TODAY + 1)
    commit(store)
    store.begin(TODAY + 2 * KEPT)
    assert store.get(b"e1") == b"a"


def test_a_date_before_1970_is_an_old_day_and_no_error(store: DatedStore) -> None:
    store.put(b"e1", b"a", -700_000)
    assert store.changes() == {b"e1": bytes(4) + b"a"}


def test_a_message_without_a_time_expires_no_sooner(store: DatedStore) -> None:
    store.apply([Entry(0, b"e1", TODAY.to_bytes(4) + b"a")], {})
    store.apply([Entry(0, TODAY_KEY, TODAY.to_bytes(4))], {})
    store.begin(TODAY)
    assert store.get(b"e1") == b"a"


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_sweep_that_meets_a_fresh_put_does_not_delete_it(
    tables: Tables, *, is_committed: bool
) -> None:
    """The table still has the old row: the new one is staged, or committed and not read back."""
    store = DatedStore(LAYOUT, tables, DAYS, is_followed=True)
    store.open(ORIGIN)
    old, new = (TODAY - KEPT).to_bytes(4), TODAY.to_bytes(4)
    store.apply([Entry(0, b"e1", old + b"a"), Entry(0, TODAY_KEY, new)], {"t": 2})
    store.restored()
    store.begin(TODAY)
    store.put(b"e1", b"b", TODAY)
    if is_committed:
        commit(store)
    sweep(store)
    assert rows(tables) == rows(tables, "incidents.keys") == []
    assert (store.get(b"e1"), every(store)) == (b"b", [b"hb1"])
    if not is_committed:
        commit(store)
    store.apply([Entry(0, b"e1", new + b"b", own=True)], {"t": 3})
    store.flush()
    sweep(store)
    assert (store.get(b"e1"), every(store)) == (b"b", [b"hb1"])
    assert rows(tables, "incidents.keys") == [b"hb1"]


def test_a_standby_sweeps_what_the_events_of_others_make_old(tables: Tables) -> None:
    store = DatedStore(LAYOUT, tables, DAYS, is_followed=True)
    store.open(ORIGIN)
    store.apply([Entry(0, b"e1", TODAY.to_bytes(4) + b"a")], {"t": 1})
    store.restored()
    store.apply([Entry(0, TODAY_KEY, (TODAY + KEPT).to_bytes(4))], {"t": 2})
    sweep(store)
    assert rows(tables) == []


def filled(store: DatedStore, upto: int = 2) -> None:
    """Fill an empty store from a changelog of two entries."""
    store.open(ORIGIN)
    assert store.next_offsets({"t": (0, 2)}) == {"t": 0}
    store.apply([Entry(0, b"e1", TODAY.to_bytes(4) + b"ab")], {"t": 1})
    if upto == 2:
        store.apply([Entry(0, b"e2", TODAY.to_bytes(4) + b"b")], {"t": 2})
        store.restored()


def again(tables: Tables, now: float = 0) -> DatedStore:
    store = DatedStore(LAYOUT, tables, DAYS, is_followed=True, clock=lambda: now)
    store.open(ORIGIN)
    return store


def test_an_empty_store_that_is_filled_has_the_keys_of_all_rows(tables: Tables) -> None:
    store = DatedStore(LAYOUT, tables, DAYS, is_followed=True, clock=lambda: 0)
    filled(store)
    assert every(store) == [b"ha1", b"hb1", b"hb2"]
    store.apply([Entry(0, b"e1", None)], {"t": 3})
    assert every(store) == [b"hb2"]
    store.flush()
    store.close()
    assert every(again(tables)) == [b"hb2"]


def test_a_store_that_was_not_filled_to_the_end_is_built_again(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    store = DatedStore(LAYOUT, tables, DAYS, is_followed=True, clock=lambda: 0)
    filled(store, upto=1)
    store.flush()
    store.close()
    store = again(tables)
    assert "it was not filled to the end; built again" in caplog.text
    filled(store)
    assert every(store) == [b"ha1", b"hb1", b"hb2"]


@pytest.mark.parametrize(
    ("days", "is_kept"),
    [(0, True), (MISSED_DAYS - 0.1, True), (MISSED_DAYS + 0.1, False), (-1, False), (400, False)],
)
def test_a_store_that_can_have_missed_a_deletion_is_built_again(
    tables: Tables, days: float, *, is_kept: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Also if the clock was ahead when the store was used: then it is older than it seems."""
    store = DatedStore(LAYOUT, tables, DAYS, is_followed=True, clock=lambda: 1_000 * DAY_S)
    filled(store)
    store.close()
    caplog.set_level(logging.WARNING)
    store = again(tables, (1_000 + days) * DAY_S)
    assert (store.get(b"e1") == b"ab") == is_kept
    assert ("missed deletions" not in caplog.text) == is_kept


def test_a_store_whose_keys_an_earlier_release_derived_is_built_again(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    store = DatedStore(LAYOUT, tables, DAYS, is_followed=True, clock=lambda: 0)
    filled(store)
    store.close()
    newer = alerts_layout(lambda key, _value: [b"h" + key[1:]], version=2)
    store = DatedStore(newer, tables, DAYS, is_followed=True, clock=lambda: 0)
    filled(store)
    assert every(store) == [b"h1", b"h2"]
    assert "its keys are of version 1, this release has 2" in caplog.text


def test_a_store_in_use_is_complete_each_day_although_nothing_changes(tables: Tables) -> None:
    now = 1_000.0 * DAY_S
    store = DatedStore(LAYOUT, tables, DAYS, is_followed=True, clock=lambda: now)
    filled(store)
    for _ in range(3 * MISSED_DAYS):
        now += DAY_S
        store.sweep()
    store.close()
    assert again(tables, now + DAY_S).get(b"e1") == b"ab"


def test_a_store_whose_offset_the_changelog_no_longer_has_is_built_again(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    store = DatedStore(LAYOUT, tables, DAYS, is_followed=True, clock=lambda: 0)
    filled(store)
    store.close()
    store = again(tables)
    assert store.next_offsets({"t": (5, 9)}) == {"t": 5}
    assert "its next offset 2 of topic t is below the first, 5" in caplog.text
    store.apply([Entry(0, b"e3", TODAY.to_bytes(4) + b"c")], {"t": 9})
    store.restored()
    assert (store.get(b"e1"), every(store)) == (None, [b"hc3"])


@pytest.mark.parametrize("ending", ["*", "*.log", "*.sst", "MANIFEST-*", "CURRENT", "OPTIONS-*"])
def test_a_store_whose_files_are_cut_in_half_has_the_same_state_after_the_next_start(
    tmp_path: Path, ending: str
) -> None:
    """If damage is found only when a row is read, the process ends, and the next start builds the store."""
    value = b"ab" + bytes(500)
    log = [Entry(0, b"e%05d" % n, TODAY.to_bytes(4) + value) for n in range(900)]
    log += [Entry(0, b"e%05d" % n, None) for n in range(0, 900, 3)]
    store = started(on_disk(tmp_path), log[:600], 600)
    store.apply(log[600:], {"t": len(log)})
    store.flush()
    store.close()
    for file in (tmp_path / "state" / "a.0").glob(ending):
        with file.open("r+b") as stream:
            stream.truncate(file.stat().st_size // 2)

    def state() -> tuple[list[bytes], int]:
        store = started(on_disk(tmp_path), log, len(log))
        try:
            return every(store), sum(store.get(entry.key) == value for entry in log[:900])
        finally:
            store.close()

    try:
        found = state()
    except StateStoreError:
        found = state()
    kept = [n for n in range(900) if n % 3]
    assert found[1] == len(kept)
    assert found[0] == sorted({b"h%c%05d" % (c, n) for c in set(value) for n in kept})


KEYS = [b"e1", b"e2", b"f3", b"e12"]
USES = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "delete"]),
        st.sampled_from(KEYS),
        st.sampled_from([b"", b"a", b"ab", b"bc"]),
        st.none() | st.integers(-2 * KEPT, 5),
    ),
    max_size=4,
)
# Days that go by, how far the clock is ahead, what the batch uses, its fate, how often the worker sweeps.
BATCH = st.tuples(
    st.integers(0, 60),
    st.sampled_from([0, 0, 0, 1, 5 * KEPT]),
    USES,
    st.sampled_from(["committed", "committed", "aborted", "another worker's"]),
    st.integers(0, 3),
    st.sampled_from(["running", "running", "flushed", "kept", "lost"]),
)


@dataclass
class Model:
    """The state by its definition: rows with their days, and the newest day of any event."""

    rows: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    newest: int = 0

    def after(self, uses: list[tuple[str, bytes, bytes, int | None]], today: int) -> Model:
        made, newest = Model(dict(self.rows), self.newest), self.newest
        for name, key, value, offset in uses:
            day = today if offset is None else min(today, today + offset)
            if name == "put" and offset is not None:
                newest = max(newest, day)
            made.rows.pop(key, None)
            if name == "put" and day > self.newest - KEPT:
                made.rows[key] = (day, value)
        made.newest = newest
        return made

    def known(self, expired: int) -> tuple[object, ...]:
        there = {key: value for key, (day, value) in self.rows.items() if day > expired}
        derived = sorted(each for key, value in there.items() for each in derive(key, value))
        return [there.get(key) for key in KEYS], derived


def known(store: DatedStore) -> tuple[object, ...]:
    return [store.get(key) for key in KEYS], every(store)


def use(store: DatedStore, name: str, key: bytes, value: bytes, day: int | None) -> None:
    if name == "put":
        store.put(key, value, day)
    else:
        store.delete(key)


def left_of(log: list[Entry], newest: int, data: st.DataObject) -> list[Entry]:
    """The changelog after the broker has deleted any of what it may delete."""
    last = {entry.key: number for number, entry in enumerate(log)}
    gone = set[bytes]()
    left = list[Entry]()
    for number, entry in reversed(list(enumerate(log))):
        key, value = entry.key, entry.value
        is_old = value is not None and int.from_bytes(value[:4]) <= newest - KEPT
        is_last = last[key] == number
        may_go = key in gone or not is_last or (is_old and key != TODAY_KEY) or value is None
        if may_go and (key in gone or data.draw(st.booleans())):
            # What was deleted or has expired goes with all that came before.
            if is_last:
                gone.add(key)
        else:
            left.append(entry._replace(own=False))
    return left[::-1]


def started(tables: Tables, log: list[Entry], end: int) -> DatedStore:
    """A worker that starts with these tables, and reads the changelog from their offset to its end."""
    store = DatedStore(LAYOUT, tables, DAYS, is_followed=True, clock=lambda: 0)
    store.open(ORIGIN)
    at = store.next_offsets({"t": (0, end)})["t"]
    store.apply([entry._replace(own=False) for entry in log[at:]], {"t": end})
    store.restored()
    return store


Uses = list[tuple[str, bytes, bytes, int | None]]


def check_all(
    make: Callable[[], Tables],
    batches: list[tuple[int, int, Uses, str, int, str]],
    data: st.DataObject,
) -> None:
    """A worker that runs, starts again or loses its store has the state by its definition."""
    model, log, day, read = Model(), list[Entry](), TODAY, 0
    tables = make()
    store = started(tables, log, 0)
    for days, ahead, uses, fate, sweeps, then in batches:
        day += days
        store.begin(day + ahead)
        for name, key, value, offset in uses:
            use(store, name, key, value, None if offset is None else day + ahead + offset)
        after = model.after(uses, day + ahead)
        assert known(store) == after.known(model.newest - KEPT)
        changes = store.changes()
        if fate == "committed":
            store.commit(changes)
        if fate != "aborted":
            model = after
            log += [Entry(0, k, v, fate == "committed") for k, v in changes.items()]
        # What another worker wrote is read before the next batch.
        least = len(log) if fate == "another worker's" else read
        upto = data.draw(st.integers(least, len(log)))
        store.apply(log[read:upto], {"t": upto})
        read = upto
        for _ in range(sweeps):
            store.sweep()
        if then == "flushed":
            store.flush()
        elif then in {"kept", "lost"}:
            store.close()
            if then == "lost":
                tables = make()
                store = started(tables, left_of(log, model.newest, data), len(log))
            else:
                store = started(tables, log, len(log))
            read = len(log)
        store.begin(day)
        assert known(store) == model.known(model.newest - KEPT)
    store.flush()
    stored = tables.portion("incidents", b"", 99), tables.portion("incidents.keys", b"", 99)
    assert dict(stored[1]) == {
        derived: row[:4] + key
        for key, row in stored[0]
        if key != TODAY_KEY
        for derived in derive(key, row[4:])
    }
    store.close()


@given(st.lists(BATCH, max_size=10), st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_worker_that_ran_restarted_or_lost_its_store_has_the_same_state(
    batches: list[tuple[int, int, Uses, str, int, str]], data: st.DataObject
) -> None:
    """The broker may have deleted any entry that is replaced or past its retention."""
    check_all(lambda: MemoryTables(LAYOUT.every_table), batches, data)


@given(st.lists(BATCH, max_size=6), st.data())
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_worker_with_its_state_on_disk_has_the_same_state_as_in_main_memory(
    batches: list[tuple[int, int, Uses, str, int, str]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        number = count()
        check_all(lambda: on_disk(Path(folder) / str(next(number))), batches, data)


def committed_rows(store: DatedStore) -> dict[bytes, bytes]:
    found = list(store.rows())
    assert len(found) == len(dict(found))
    return dict(found)


@pytest.mark.parametrize("is_flushed", [False, True])
def test_all_rows_are_read_that_are_committed_and_count(
    store: DatedStore, is_flushed: bool
) -> None:
    for number in range(3):
        store.put(b"e%d" % number, b"%d" % number, TODAY - number)
    store.put(b"eold", b"x", TODAY - KEPT + 1)
    commit(store)
    if is_flushed:
        store.flush()
    store.begin(TODAY + 1)
    store.put(b"enew", b"y", TODAY + 1)
    store.delete(b"e1")
    commit(store)
    store.begin(TODAY + 1)
    store.put(b"e9", b"not committed")
    store.rollback()
    assert committed_rows(store) == {b"e0": b"0", b"e2": b"2", b"enew": b"y"}


def test_all_rows_include_those_that_were_committed_and_not_read_back(tables: Tables) -> None:
    store = DatedStore(LAYOUT, tables, DAYS, is_followed=True)
    store.open(ORIGIN)
    store.begin(TODAY)
    store.apply([Entry(TODAY, b"e1", TODAY.to_bytes(4) + b"a")], {"t": 1})
    store.apply([Entry(TODAY, b"e2", TODAY.to_bytes(4) + b"b")], {"t": 2})
    store.begin(TODAY)
    store.put(b"e1", b"c")
    store.put(b"e3", b"d")
    store.delete(b"e2")
    commit(store)
    assert committed_rows(store) == {b"e1": b"c", b"e3": b"d"}
    assert store.followed == 2
