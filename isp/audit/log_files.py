"""Reader of a log that its writer rolls over; each line is read once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

MOST_BYTES = 16 * 1024 * 1024
"""Limit on the bytes that one call reads."""

_TRIES = 10


class Lines(NamedTuple):
    """Lines that are new since a position, and the position after them.

    `lost` is True if the file of the old position no longer exists, so lines may be missing before these.
    `more` is True if more new lines are left to read.
    """

    lines: list[str]
    position: str
    lost: bool = False
    more: bool = False


Listed = list[tuple[int, Path]]
"""The files of a log, oldest first, each with its inode."""


class _File(NamedTuple):
    """An open file of the log; `name` is the digest of its first line, which a renamed file keeps."""

    name: str
    stream: BinaryIO


def new_lines(log: Path, position: str) -> Lines:
    """Return the complete lines after `position` of `log` and of the older files `log.1` and so on.

    The `position` of a log that was never read is empty. At most `MOST_BYTES` are read.
    """
    return _new_lines(lambda: _listed(log), position)


def new_lines_in(folder: Path, ending: str, position: str) -> Lines:
    """Return the complete lines after `position` of the files of a folder whose names end with `ending`.

    Their writer begins a file of another name from time to time, and never goes back to an earlier one. As
    `new_lines` otherwise.
    """
    return _new_lines(lambda: _by_age(folder, ending), position)


def _new_lines(listed: Callable[[], Listed], position: str) -> Lines:
    with ExitStack() as stack:
        files = _opened(listed, stack)
        name, _, offset = position.partition(":")
        at = next((i for i, file in enumerate(files) if file.name == name), None)
        lost = bool(position and files) and at is None
        begin = 0 if at is None else int(offset)
        lines: list[str] = []
        left = MOST_BYTES
        for file in files[at or 0 :]:
            file.stream.seek(begin)
            read = file.stream.read(left)
            taken = read[: read.rfind(b"\n") + 1]
            # Split at line feeds only: a name can have characters that `str.splitlines` treats as line ends.
            lines += taken.decode("utf-8", "replace").split("\n")[:-1]
            position = f"{file.name}:{begin + len(taken)}"
            left, begin = left - len(read), 0
            if not left:
                break
        return Lines(lines, position, lost, more=not left)


def identity(log: Path) -> int | None:
    """Return a number that differs between a file and its successor, or None if there is no file."""
    try:
        return log.stat().st_ino
    except FileNotFoundError:
        return None


def _opened(listed: Callable[[], Listed], stack: ExitStack) -> list[_File]:
    """Open the files of the log, oldest first; repeat if the writer rolled over in the meantime."""
    for _ in range(_TRIES):
        seen = listed()
        files = list(_named(seen, stack))
        if listed() == seen:
            return files
    return files


def _by_age(folder: Path, ending: str) -> Listed:
    found = []
    for path in folder.glob(f"*{ending}"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        # The name decides between files of one tick of the clock: it usually has the time.
        found.append((status.st_mtime_ns, path.name, status.st_ino, path))
    return [(inode, path) for _, _, inode, path in sorted(found)]


def _listed(log: Path) -> Listed:
    found = []
    for path in log.parent.glob(f"{log.name}*"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        # The active file comes last, without regard to its time.
        found.append((path != log, -status.st_mtime_ns, status.st_ino, path))
    return [(inode, path) for _, _, inode, path in sorted(found, reverse=True)]


def _named(listed: Listed, stack: ExitStack) -> Iterator[_File]:
    for _, path in listed:
        try:
            stream = stack.enter_context(path.open("rb"))
        except FileNotFoundError:
            continue
        first = stream.readline()
        if first.endswith(b"\n"):
            yield _File(sha256(first).hexdigest()[:32], stream)
