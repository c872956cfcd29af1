"""A built folder takes the place of another one; a crash at any moment loses neither for good."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sanitiser.build import successor
from sanitiser.build.folders import (
    FolderBusy,
    folder_lock,
    new_folder,
    replace_folder,
    restore_folder,
)
from sanitiser.build.history import index_digest
from sanitiser.build.reference import PostcodeTable, table_of
from sanitiser.build.reference_sources import BadReference
from sanitiser.build.successor import ChangeRefused, build_next
from sanitiser.places.postcode_store import load_metadata


class Crashed(BaseException):
    """The program died: nothing more of it runs."""


def put(out: Path, content: str) -> None:
    with new_folder(out) as draft:
        (draft / "file").write_text(content)


def held(out: Path) -> str:
    return (out / "file").read_text()


def fail_at(monkeypatch: pytest.MonkeyPatch, nth: int, error: BaseException, most: int = 1) -> None:
    """Let the rename with this number, from 1, fail; after a crash all others fail too."""
    rename, done = Path.rename, 0

    def failing(path: Path, target: Path) -> Path:
        nonlocal done
        done += 1
        if nth <= done < nth + most:
            raise error
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)


@pytest.mark.parametrize("nth", [1, 2])
def test_a_rename_that_fails_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    put(tmp_path / "out", "first")
    with monkeypatch.context() as patch:
        fail_at(patch, nth, OSError("no space"))
        with pytest.raises(OSError, match="no space"):
            put(tmp_path / "out", "second")
    assert held(tmp_path / "out") == "first"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.lock", "out"]


@pytest.mark.parametrize(("nth", "left"), [(1, "first"), (2, "first"), (3, "second")])
def test_a_crash_at_any_rename_leaves_a_whole_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int, left: str
) -> None:
    put(tmp_path / "out", "first")
    crash(monkeypatch, nth, lambda: put(tmp_path / "out", "second"))
    assert (tmp_path / "out").exists() == (nth != 2)
    restore_folder(tmp_path / "out")
    assert held(tmp_path / "out") == left
    put(tmp_path / "out", "third")
    assert held(tmp_path / "out") == "third"
    assert not list(tmp_path.glob(".out.*.old"))


def crash(monkeypatch: pytest.MonkeyPatch, nth: int, build: Callable[[], object]) -> None:
    """Run a build that dies at the rename with this number."""
    with monkeypatch.context() as patch:
        fail_at(patch, nth, Crashed(), most=9)
        patch.setattr(shutil, "rmtree", lambda *_args, **_named: None)
        with pytest.raises(Crashed):
            build()


def test_of_several_folders_left_over_none_is_guessed(tmp_path: Path) -> None:
    for name in (".out.aaa.old", ".out.bbb.old", ".out.more.ccc.old"):
        (tmp_path / name).mkdir()
    with pytest.raises(BadReference, match=r"2 earlier ones are left: .*aaa\.old, .*bbb\.old\. Re"):
        restore_folder(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_left_over_is_removed_before_the_next_replacement(tmp_path: Path) -> None:
    put(tmp_path / "out", "first")
    (tmp_path / ".out.aaa.old").mkdir()
    draft = tmp_path / ".out.draft"
    draft.mkdir()
    replace_folder(draft, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.lock", "out"]


def test_a_folder_that_was_never_built_is_not_made_up(tmp_path: Path) -> None:
    restore_folder(tmp_path / "none" / "out")
    assert not list(tmp_path.iterdir())


def table(version: str) -> PostcodeTable:
    return table_of([("BA1 1AA", 375_000, 165_000, "E1")], "test", version)


def test_after_a_crash_an_index_succeeds_the_one_that_was_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "index"
    build_next(out, table("1"))
    before = index_digest(out)
    crash(monkeypatch, 2, lambda: build_next(out, table("2")))
    assert not out.exists()
    assert build_next(out, table("3")).metadata.succeeds == before


def test_an_index_that_another_program_builds_is_refused_after_a_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "index"
    monkeypatch.setattr(successor, "folder_lock", lambda folder: folder_lock(folder, 0.1))
    held_now, done = threading.Event(), threading.Event()

    def hold() -> None:
        with folder_lock(out):
            held_now.set()
            done.wait(60)

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert held_now.wait(60)
        with pytest.raises(FolderBusy), folder_lock(out, 0):
            pass
        with pytest.raises(ChangeRefused, match="another program has been building it"):
            build_next(out, table("1"))
    finally:
        done.set()
        other.join()
    assert not out.exists()
    assert build_next(out, table("1")).metadata.succeeds is None


def test_two_builds_at_once_make_one_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "index"
    build_next(out, table("0"))
    begun, digests = threading.Barrier(2), list[str | None]()

    def build(version: str) -> None:
        begun.wait(60)
        digests.append(build_next(out, table(version)).metadata.succeeds)

    threads = [threading.Thread(target=build, args=(version,)) for version in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(digests)) == 2
    assert load_metadata(out).succeeds in digests
