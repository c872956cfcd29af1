"""The state store: a batch's changes are visible at once, last once committed, and count for their days.

Every test runs on both tables, in main memory and on disk.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isp.agreement.topics import STATE_SLACK_DAYS
from schemas.state import RELEASED_PREFIX, RENEWAL_DAYS, SEEN_BYTES, StateKind
from streams.state.disk import DiskTables
from streams.state.errors import StoreDamaged
from streams.state.layout import SANITISING
from streams.state.origin import FORMAT, About, Origin
from streams.state.packing import packed
from streams.state.store import SWEPT_ROWS, Entry, StateStore
from streams.state.tables import GONE, MemoryTables, Tables

DIGEST = bytes([7] * SEEN_BYTES)
DAYS: dict[StateKind, int] = {"withdrawals": 60, "dates-ages": 60, "combinations": 90}
ORIGIN = Origin("cluster", {"t": "id-1", "u": "id-2"})
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(params=["memory", "disk"])
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tables]:
    if request.param == "memory":
        yield MemoryTables(SANITISING.tables)
        return
    made = DiskTables(tmp_path / "state" / "w.0", SANITISING.tables, lock_seconds=0)
    yield made
    made.close()


@pytest.fixture
def store(tables: Tables) -> StateStore:
    made = StateStore(tables, DAYS)
    made.open(ORIGIN)
    return made


def note(store: StateStore, day: int, *digests: bytes) -> None:
    """Have the store read digests as an earlier version wrote them to the changelog, in one entry."""
    store.apply([Entry(day, b"n" + digests[0], b"".join(digests))], {})


def commit(store: StateStore) -> None:
    store.commit(store.changes())


def test_a_change_is_seen_within_its_batch_and_gone_when_rolled_back(store: StateStore) -> None:
    store.put(b"b1", b"1")
    assert store.get(b"b1") == b"1"
    store.rollback()
    assert store.get(b"b1") is None


def test_a_value_that_is_set_after_the_key_was_missed_is_the_one_that_counts(
    store: StateStore,
) -> None:
    assert store.get(b"b1") is None
    store.apply([Entry(0, b"b1", b"1")], {})
    store.put(b"b1", b"1")
    assert store.changes() == {}
    assert store.get(b"b2") is None
    store.put(b"b2", b"2")
    store.put(b"b2", b"3")
    assert store.changes() == {b"b2": b"3"}


def test_a_committed_change_outlasts_the_batch(store: StateStore) -> None:
    store.put(b"b1", b"1")
    commit(store)
    assert (store.get(b"b1"), store.changes()) == (b"1", {})


def test_a_value_that_is_set_again_is_no_change(store: StateStore) -> None:
    store.put(b"b1", b"1")
    commit(store)
    store.put(b"b1", b"1")
    assert store.changes() == {}
    store.put(b"b1", b"2")
    assert store.changes() == {b"b1": b"2"}


def test_all_digests_of_an_entry_that_an_earlier_version_wrote_are_known_and_never_written_again(
    store: StateStore, tables: Tables
) -> None:
    digests = [bytes([n] * SEEN_BYTES) for n in range(3)]
    store.begin(1_000)
    assert not store.has_any_seen
    note(store, 1_000, *digests)
    store.flush()
    if isinstance(tables, DiskTables):
        store.close()
    store.open(ORIGIN)
    store.begin(1_000 + RENEWAL_DAYS)
    assert store.has_any_seen
    assert all(map(store.has_seen, digests))
    assert not store.has_seen(DIGEST)
    assert (store.count("withdrawals"), store.changes()) == (3, {})


def test_what_is_used_long_after_it_was_written_is_written_again(store: StateStore) -> None:
    store.begin(1_000)
    store.put(b"b1", b"1")
    commit(store)
    store.begin(1_000 + RENEWAL_DAYS - 1)
    store.put(b"b1", b"1")
    assert (store.get(b"b1"), store.changes()) == (b"1", {})
    store.begin(1_000 + RENEWAL_DAYS)
    assert store.get(b"b1") == b"1"
    assert store.changes() == {b"b1": b"1"}
    commit(store)
    store.begin(1_000 + 2 * RENEWAL_DAYS - 1)
    assert (store.get(b"b1"), store.changes()) == (b"1", {})


def test_an_earlier_writing_that_is_read_later_makes_nothing_older(
    store: StateStore, tables: Tables
) -> None:
    note(store, 1_000, DIGEST)
    store.flush()
    if isinstance(tables, DiskTables):
        store.close()
    store.open(ORIGIN)
    note(store, 950, DIGEST)
    store.begin(1_000 + DAYS["withdrawals"] - 1)
    assert store.has_seen(DIGEST)


def test_an_entry_is_absent_once_its_kind_is_kept_no_longer_whether_swept_or_not(
    store: StateStore,
) -> None:
    store.begin(1_000)
    store.put(b"b1", b"1")
    store.put(b"c1", b"2")
    commit(store)
    note(store, 1_000, DIGEST)
    store.begin(1_000 + DAYS["dates-ages"] - 1)
    assert (store.get(b"b1"), store.get(b"c1"), store.has_seen(DIGEST)) == (b"1", b"2", True)
    store.begin(1_000 + DAYS["dates-ages"])
    assert (store.get(b"b1"), store.get(b"c1"), store.has_seen(DIGEST)) == (None, b"2", False)
    store.put(b"b1", b"1")
    assert store.changes()[b"b1"] == b"1"
    store.begin(1_000 + DAYS["combinations"])
    assert store.get(b"c1") is None


def test_a_sweep_deletes_what_has_expired_a_few_rows_at_a_time_and_nothing_else(
    store: StateStore, tables: Tables
) -> None:
    old = [Entry(1_000, b"b%05d" % n, b"1") for n in range(3 * SWEPT_ROWS)]
    young = [Entry(1_010, b"bz%05d" % n, b"2") for n in range(5)]
    store.apply([*old, *young, Entry(1_000, b"n1", DIGEST)], {})
    store.flush()
    store.begin(1_000 + DAYS["dates-ages"])
    commit(store)
    left = []
    for _ in range(10):
        left.append(len(tables.portion("dates-ages", b"", 1_000)))
        store.sweep()
    steps = {before - after for before, after in pairwise(left)}
    assert max(steps) <= SWEPT_ROWS
    assert left[-1] == len(young)
    assert tables.portion("withdrawals", b"", 9) == []
    assert store.get(b"bz00003") == b"2"


def test_each_day_has_one_pass_of_the_sweep(store: StateStore, tables: Tables) -> None:
    store.begin(1_000 + DAYS["dates-ages"])
    commit(store)
    for _ in range(10):
        store.sweep()
    store.apply([Entry(1_000, b"b1", b"1")], {})
    store.flush()
    for _ in range(10):
        store.sweep()
    assert len(tables.portion("dates-ages", b"", 9)) == 1
    store.begin(1_001 + DAYS["dates-ages"])
    commit(store)
    for _ in range(10):
        store.sweep()
    assert tables.portion("dates-ages", b"", 9) == []


def test_a_clock_that_was_ahead_until_its_batch_failed_has_nothing_deleted(
    store: StateStore, tables: Tables
) -> None:
    """The broker refuses messages of a time that is far ahead, so such a batch is not committed."""
    store.apply([Entry(1_000, b"b1", b"1")], {})
    store.flush()
    store.begin(1_001)
    commit(store)
    store.begin(1_000 + DAYS["dates-ages"])
    for _ in range(10):
        store.sweep()
    store.begin(1_001)
    assert store.get(b"b1") == b"1"
    assert len(tables.portion("dates-ages", b"", 9)) == 1


def test_rows_come_in_portions_in_the_order_of_their_keys(tables: Tables) -> None:
    tables.open()
    rows = {b"b%d" % n: b"%d" % n for n in range(9)}
    tables.write({"dates-ages": rows}, {"next:t": b"1"})
    first = tables.portion("dates-ages", b"", 4)
    rest = tables.portion("dates-ages", first[-1][0], 99)
    assert [*first, *rest] == sorted(rows.items())
    assert tables.portion("combinations", b"", 4) == []
    tables.write({"dates-ages": {b"b3": GONE, b"b4": GONE}}, {})
    assert [key for key, _ in tables.portion("dates-ages", b"b2", 2)] == [b"b5", b"b6"]
    assert tables.marks() == {"next:t": b"1"}


@pytest.mark.parametrize("key", [b"b1", RELEASED_PREFIX + b"1"], ids=["alone", "packed"])
def test_what_was_committed_is_in_front_until_it_is_read_back_in_the_order_of_all(
    tables: Tables, key: bytes
) -> None:
    """Another worker's entry can be read after an own one that comes later in the topic."""
    store = StateStore(tables, DAYS, is_followed=True)
    store.open(ORIGIN)
    store.begin(1_000)
    store.put(key, b"own 1")
    commit(store)
    store.put(key, b"own 2")
    commit(store)
    read(store, key, b"other 0", at=1)
    assert store.get(key) == b"own 2"
    read(store, key, b"own 1", at=2, own=True)
    assert store.get(key) == b"own 2"
    read(store, key, b"own 2", at=3, own=True)
    assert store.get(key) == b"own 2"
    read(store, key, b"other 3", at=4)
    assert store.get(key) == b"other 3"


def read(store: StateStore, key: bytes, value: bytes, at: int, *, own: bool = False) -> None:
    """Have the store read an entry as it is written to the changelog."""
    written = packed({key: value}).items()
    store.apply([Entry(1_000, name, content, own) for name, content in written], {"t": at})


def test_a_worker_that_dies_before_it_reads_back_what_it_committed_reads_it_at_its_next_start(
    tables: Tables,
) -> None:
    store = StateStore(tables, DAYS, is_followed=True)
    store.open(ORIGIN)
    store.begin(1_000)
    store.apply([Entry(1_000, b"b1", b"1")], {"t": 1})
    store.flush()
    store.put(b"b2", b"2")
    commit(store)
    again = StateStore(tables, DAYS, is_followed=True)
    if isinstance(tables, DiskTables):
        store.close()
    again.open(ORIGIN)
    assert again.next_offsets({"t": (0, 2), "u": (0, 0)}) == {"t": 1, "u": 0}
    again.apply([Entry(1_000, b"b2", b"2")], {"t": 2})
    assert (again.get(b"b1"), again.get(b"b2")) == (b"1", b"2")


@pytest.mark.parametrize(
    ("ends", "starts"),
    [
        ({"t": (0, 9), "u": (0, 5)}, {"t": 7, "u": 0}),
        ({"t": (7, 7), "u": (2, 5)}, {"t": 7, "u": 2}),
        ({"t": (8, 9), "u": (0, 5)}, {"t": 8, "u": 0}),
        ({"t": (0, 6), "u": (0, 5)}, {"t": 0, "u": 0}),
    ],
)
def test_a_topic_is_read_from_where_the_store_has_it_or_else_the_store_is_built_again(
    store: StateStore,
    ends: dict[str, tuple[int, int]],
    starts: dict[str, int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.apply([Entry(1_000, b"b1", b"1")], {"t": 7})
    store.flush()
    assert store.next_offsets(ends) == starts
    is_rebuilt = starts["t"] != 7
    assert (store.get(b"b1") is None) == is_rebuilt
    assert ("next offset 7 of topic t" in caplog.text) == is_rebuilt


@pytest.mark.parametrize(
    ("changed", "days", "reason"),
    [
        (Origin("other", ORIGIN.topics), DAYS, "another Kafka cluster"),
        (Origin("cluster", {"t": "id-9", "u": "id-2"}), DAYS, "topic t was deleted"),
        (ORIGIN, {**DAYS, "combinations": 91}, "combinations were kept for fewer days"),
        (Origin("cluster", {**ORIGIN.topics, "v": "id-3"}), DAYS, None),
        (ORIGIN, {**DAYS, "combinations": 89}, None),
    ],
)
def test_a_store_of_another_changelog_or_of_shorter_days_is_built_again(
    store: StateStore,
    tables: Tables,
    changed: Origin,
    days: dict[StateKind, int],
    reason: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.apply([Entry(1_000, b"b1", b"1")], {"t": 7})
    store.flush()
    if isinstance(tables, DiskTables):
        store.close()
    again = StateStore(tables, days)
    with caplog.at_level(logging.WARNING):
        again.open(changed)
    assert (again.get(b"b1") is None) == (reason is not None)
    assert (reason or "") in caplog.text
    assert bool(caplog.records) == (reason is not None)


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        (b'{"format": 2, "new": 1}', f"its format is 2, this release has format {FORMAT}"),
        (b"no json", "its description cannot be read"),
        (b"[]", "its description cannot be read"),
        (b'{"format": 1, "cluster": "cluster", "topics": ["t"]}', "its description cannot be read"),
    ],
)
def test_a_store_of_another_release_is_built_again(
    store: StateStore,
    tables: Tables,
    about: bytes,
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tables.write({"dates-ages": {b"b1": b"\0\0\0\x011"}}, {"about": about})
    if isinstance(tables, DiskTables):
        store.close()
    store.open(ORIGIN)
    assert store.get(b"b1") is None
    assert reason in caplog.text


def test_what_a_store_says_of_itself_is_understood() -> None:
    about = About(ORIGIN, {"combinations": 3})
    assert about.refusal(about.to_bytes()) is None


def test_tables_that_cannot_be_read_are_built_again(caplog: pytest.LogCaptureFixture) -> None:
    class Damaged(MemoryTables):
        def open(self) -> None:
            raise StoreDamaged("it cannot be opened (checksum)")

    store = StateStore(Damaged(SANITISING.tables), DAYS)
    store.open(ORIGIN)
    assert "it cannot be opened (checksum)" in caplog.text
    assert store.next_offsets({"t": (3, 9)}) == {"t": 3}


KEYS = [b"b1", b"b2", b"c1", RELEASED_PREFIX + b"1", RELEASED_PREFIX + b"2"]
DIGESTS = [bytes([n] * SEEN_BYTES) for n in range(3)]
USES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(KEYS), st.sampled_from([b"1", b"2"])),
        st.tuples(st.just("get"), st.sampled_from(KEYS), st.just(b"")),
        st.tuples(st.just("see"), st.sampled_from(DIGESTS), st.just(b"")),
    ),
    max_size=3,
)
# Days that go by, what the batch uses, its fate, how often the worker sweeps, how far its clock is off.
BATCH = st.tuples(
    st.integers(0, 40),
    USES,
    st.sampled_from(["committed", "aborted", "another worker's"]),
    st.integers(0, 6),
    st.integers(0, STATE_SLACK_DAYS - 1),
)


def use(store: StateStore, name: str, key: bytes, value: bytes) -> None:
    if name == "put":
        store.put(key, value)
    elif name == "get":
        store.get(key)


def known(store: StateStore) -> tuple[object, ...]:
    """Everything that decisions depend on; asking changes nothing that lasts."""
    found = (*map(store.get, KEYS), *map(store.has_seen, DIGESTS))
    store.rollback()
    return found


@given(st.lists(BATCH, max_size=12), st.integers(0, 120), st.data())
@SETTINGS
def test_a_worker_that_ran_through_decides_like_one_that_restores_what_the_broker_has_left(
    batches: list[tuple[int, list[tuple[str, bytes, bytes]], str, int, int]],
    later: int,
    data: st.DataObject,
) -> None:
    """Workers' clocks are up to a week apart. The broker may have deleted any of what it may delete."""
    running = StateStore(days=DAYS, is_followed=True)
    changelog: list[Entry] = []
    today, read = 10_000, 0
    for days, uses, fate, sweeps, ahead in batches:
        today += days
        running.begin(today + ahead)
        for step in uses:
            use(running, *step)
        changes = running.changes()
        is_own = fate == "committed"
        if is_own:
            running.commit(changes)
        if fate != "aborted":
            changelog += [Entry(today + ahead, k, v, is_own) for k, v in changes.items()]
            # Only an earlier version writes them, so no worker of this version does.
            seen = [key for name, key, _ in uses if name == "see"]
            changelog += [Entry(today + ahead, b"n" + key, key) for key in seen]
        # It reads what was committed, or a part of it.
        upto = data.draw(st.integers(read, len(changelog)))
        running.apply(changelog[read:upto], {})
        read = upto
        for _ in range(sweeps):
            running.sweep()
    running.apply(changelog[read:], {})
    today += later
    left = []
    for entry in changelog:
        kind: StateKind = {b"n": "withdrawals", b"p": "withdrawals", b"b": "dates-ages"}.get(
            entry.key[:1], "combinations"
        )  # type: ignore[assignment]
        may_go = today - entry.day > DAYS[kind] + STATE_SLACK_DAYS
        if not (may_go and data.draw(st.booleans())):
            left.append(entry._replace(own=False))
    restored = StateStore(days=DAYS)
    restored.apply(left, {})
    for day in (today, today + 1, today + 60):
        running.begin(day)
        restored.begin(day)
        assert known(running) == known(restored)
