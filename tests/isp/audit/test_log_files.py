"""Each line of a log is read once, without regard to how the log is rolled over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp.audit import log_files
from isp.audit.log_files import Lines, new_lines, new_lines_in


class RollingLog:
    """A log as log4j writes it: a full file gets the highest number, and the first file is deleted."""

    def __init__(self, folder: Path, kept: int = 100) -> None:
        self.path = folder / "a.log"
        self._kept = kept
        self._lines = 0

    def write(self, lines: int) -> list[str]:
        new = [f"line {n}" for n in range(self._lines, self._lines + lines)]
        self._lines += lines
        with self.path.open("a") as stream:
            stream.writelines(f"{line}\n" for line in new)
        return new

    def roll(self) -> None:
        if not self.path.exists():
            return
        numbered = sorted(self.path.parent.glob("a.log.*"), key=lambda p: int(p.suffix[1:]))
        if len(numbered) == self._kept:
            numbered.pop(0).unlink()
        for number, path in enumerate(numbered, 1):
            path.rename(path.with_name(f"a.log.{number}"))
        self.path.rename(self.path.with_name(f"a.log.{len(numbered) + 1}"))


@given(st.lists(st.one_of(st.integers(1, 5), st.sampled_from(["roll", "read"])), max_size=30))
def test_every_line_is_read_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, acts: list[int | str]
) -> None:
    log = RollingLog(tmp_path_factory.mktemp("log"))
    written: list[str] = []
    read: list[str] = []
    position = ""
    for act in [*acts, "read"]:
        if isinstance(act, int):
            written += log.write(act)
        elif act == "roll":
            log.roll()
        else:
            lines, position, lost, _ = new_lines(log.path, position)
            assert not lost
            read += lines
    assert read == written


def test_a_line_that_is_not_ended_waits(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\ntw")
    found = new_lines(log, "")
    assert found.lines == ["one"]
    log.write_text("one\ntwo\n")
    assert new_lines(log, found.position).lines == ["two"]


def test_a_name_with_control_characters_makes_no_lines(tmp_path: Path) -> None:
    """A refused client chooses the topic's name. A forged line would record an event that never happened."""
    log = tmp_path / "a.log"
    name = "a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i\rj"
    log.write_bytes(f"one {name}\ntwo\n".encode())
    assert new_lines(log, "").lines == [f"one {name}", "two"]


def test_more_than_can_be_held_at_once_is_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "MOST_BYTES", 64)
    log = RollingLog(tmp_path)
    written = log.write(30)
    log.roll()
    written += log.write(30)
    read: list[str] = []
    found = Lines([], "", more=True)
    while found.more:
        found = new_lines(log.path, found.position)
        read += found.lines
    assert read == written


def test_lines_that_were_deleted_unread_are_told(tmp_path: Path) -> None:
    log = RollingLog(tmp_path, kept=1)
    log.write(2)
    found = new_lines(log.path, "")
    for _ in range(2):
        log.roll()
        last = log.write(2)
    after = new_lines(log.path, found.position)
    assert after.lost
    assert after.lines[-2:] == last


def test_a_log_that_is_not_there_yet_is_no_loss(tmp_path: Path) -> None:
    assert new_lines(tmp_path / "a.log", "") == Lines([], "")
    assert new_lines(tmp_path / "a.log", "x:5") == Lines([], "x:5")


class DatedLog:
    """A log as PostgreSQL writes it: a new file has another name, and old ones stay."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = self._lines = 0

    def write(self, lines: int) -> list[str]:
        new = [f"line {n}" for n in range(self._lines, self._lines + lines)]
        self._lines += lines
        with (self.folder / f"{self._files:04}.json").open("a") as stream:
            stream.writelines(f"{line}\n" for line in new)
        (self.folder / f"{self._files:04}.log").touch()
        return new

    def begin_another(self) -> None:
        self._files += 1


@given(st.lists(st.one_of(st.integers(1, 5), st.sampled_from(["next", "read"])), max_size=30))
def test_every_line_of_a_folder_is_read_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, acts: list[int | str]
) -> None:
    log = DatedLog(tmp_path_factory.mktemp("log"))
    written: list[str] = []
    read: list[str] = []
    position = ""
    for act in [*acts, "read"]:
        if isinstance(act, int):
            written += log.write(act)
        elif act == "next":
            log.begin_another()
        else:
            lines, position, lost, _ = new_lines_in(log.folder, ".json", position)
            assert not lost
            read += lines
    assert read == written


def test_a_file_of_a_folder_that_is_gone_before_it_was_read_is_a_gap(tmp_path: Path) -> None:
    log = DatedLog(tmp_path)
    log.write(2)
    position = new_lines_in(tmp_path, ".json", "").position
    log.begin_another()
    left = log.write(1)
    (tmp_path / "0000.json").unlink()
    found = new_lines_in(tmp_path, ".json", position)
    assert (found.lines, found.lost) == (left, True)
