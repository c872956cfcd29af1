"""The tables on disk: private, of one process, whole after a kill, and built again when they are damaged."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from streams.state.disk import DiskTables
from streams.state.errors import StateStoreError, StoreDamaged
from streams.state.layout import SANITISING
from streams.state.origin import Origin
from streams.state.store import Entry, StateStore

ROOT = Path(__file__).parents[3]
ORIGIN = Origin("cluster", {"t": "id-1"})
ENDS = {"t": (0, 100_000)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run" / "state" / "banes.worker.0"


def tables_in(folder: Path) -> DiskTables:
    return DiskTables(folder, SANITISING.tables, lock_seconds=0)


def store_in(folder: Path) -> StateStore:
    store = StateStore(tables_in(folder), is_followed=True)
    store.open(ORIGIN)
    return store


def spoil(folder: Path, ending: str, least: int = 0) -> None:
    """Overwrite the middle of every file of a kind that has `least` bytes."""
    files = [file for file in folder.glob(f"*{ending}") if file.stat().st_size >= least]
    assert files
    for file in files:
        middle = file.stat().st_size // 2
        with file.open("r+b") as stream:
            stream.seek(max(0, middle - 500))
            stream.write(b"\xff" * 1_000)


def test_what_was_applied_is_there_after_the_store_was_closed(folder: Path) -> None:
    store = store_in(folder)
    store.apply([Entry(3, b"b1", b"1"), Entry(3, b"n1", b"12345678")], {"t": 7})
    store.flush()
    store.close()
    again = store_in(folder)
    assert (again.get(b"b1"), again.has_seen(b"12345678")) == (b"1", True)
    assert again.next_offsets(ENDS) == {"t": 7}
    again.close()


def test_a_look_up_after_the_close_fails_and_marks_nothing_as_damaged(folder: Path) -> None:
    """An agent that hangs can come back after the worker has given it up."""
    store = store_in(folder)
    assert store.get(b"b1") is None
    read = store._tables.reader("dates-ages")
    store.close()
    with pytest.raises(StateStoreError, match="used after it was closed"):
        read(b"b1")
    assert not tables_in(folder)._damage.exists()


def test_nobody_else_can_read_the_folder(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o755)
    store = store_in(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    store.close()


def test_nobody_else_can_read_the_files_of_a_store_even_if_they_once_could(folder: Path) -> None:
    before = os.umask(0o022)
    try:
        store = store_in(folder)
        store.apply([Entry(3, b"b1", b"1")], {"t": 7})
        store.flush()
        store.close()
        for file in folder.iterdir():
            file.chmod(0o644)
        store = store_in(folder)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
        (lock,) = folder.parent.glob("*.lock")
        store.close()
    finally:
        os.umask(before)
    assert {"LOG", "CURRENT"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600


WRITER = """
import sys
from pathlib import Path
from tests.streams.state.test_disk import Entry, store_in
store = store_in(Path(sys.argv[1]))
for n in range(1_000_000):
    store.apply([Entry(3, b"b%d" % n, b"1"), Entry(3, b"c%d" % n, b"2")], {"t": n + 1})
    if n == 3_000:
        print("written", flush=True)
"""


def test_a_killed_process_leaves_the_rows_of_exactly_the_offsets_in_the_store(folder: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        writer.send_signal(signal.SIGKILL)
    store = store_in(folder)
    offset = store.next_offsets({"t": (0, 2_000_000)})["t"]
    assert offset > 2_000
    assert (store.get(b"b%d" % (offset - 1)), store.get(b"c%d" % (offset - 1))) == (b"1", b"2")
    assert (store.get(b"b%d" % offset), store.get(b"c%d" % offset)) == (None, None)
    store.close()


def test_a_second_process_is_told_that_the_store_is_in_use_and_changes_nothing(
    folder: Path,
) -> None:
    store = store_in(folder)
    store.apply([Entry(3, b"b1", b"1")], {"t": 7})
    store.flush()
    with pytest.raises(StateStoreError, match=r"banes\.worker\.0: another process uses it"):
        store_in(folder)
    assert store.get(b"b1") == b"1"
    store.close()
    store_in(folder).close()


@pytest.mark.parametrize("ending", ["CURRENT", "MANIFEST-*"])
def test_a_store_that_cannot_be_opened_is_built_again(
    folder: Path, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_in(folder)
    store.apply([Entry(3, b"b1", b"1")], {"t": 7})
    store.flush()
    store.close()
    spoil(folder, ending)
    again = store_in(folder)
    assert (again.get(b"b1"), again.next_offsets(ENDS)) == (None, {"t": 0})
    assert "it cannot be opened" in caplog.text
    assert "built again from the changelog" in caplog.text
    again.close()


def test_a_row_that_cannot_be_read_ends_the_worker_and_the_next_start_builds_the_store_again(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_in(folder)
    # Enough to be written to a file of rows.
    entries = [Entry(3, b"b%06d" % n, os.urandom(1_000)) for n in range(12_000)]
    store.apply(entries, {"t": 7})
    store.flush()
    store.close()
    store_in(folder).close()
    # The small ones hold marks, which are read at once.
    spoil(folder, ".sst", 100_000)
    store = store_in(folder)
    with pytest.raises(StateStoreError, match="The next start builds the store again"):
        for entry in entries:
            store.get(entry.key)
    store.close()
    again = store_in(folder)
    assert again.next_offsets(ENDS) == {"t": 0}
    assert "found damaged" in caplog.text
    again.close()
    store_in(folder).close()


def test_a_folder_that_cannot_be_made_ends_the_worker_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file", encoding="utf-8")
    with pytest.raises(StateStoreError, match=r"state/banes\.worker\.0"):
        store_in(tmp_path / "state" / "banes.worker.0")


def test_a_damaged_folder_that_is_not_emptied_stays_damaged(folder: Path) -> None:
    tables_in(folder)._damage.parent.mkdir(parents=True)
    tables_in(folder)._damage.touch()
    tables = tables_in(folder)
    for _ in range(2):
        with pytest.raises(StoreDamaged):
            tables.open()
        tables.close()
    with pytest.raises(StoreDamaged):
        tables.open()
    tables.clear()
    tables.close()
    tables.open()
    tables.close()
