"""Following a log that its writer rolls over: every line once, whoever read it before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

MOST_BYTES = 16 * 1024 * 1024
"""How much is read at once."""

_TRIES = 10


class Lines(NamedTuple):
    """Lines that are new since a position, and the position behind them.

    `lost` says that the file of the old position is gone, so that lines may be missing before these;
    `more` that not all of the new lines were read.
    """

    lines: list[str]
    position: str
    lost: bool = False
    more: bool = False


class _File(NamedTuple):
    """An open file of the log; `name` is a digest of its first line, which it keeps when it is renamed."""

    name: str
    stream: BinaryIO


def new_lines(log: Path, position: str) -> Lines:
    """Whole lines of `log` and of the older files beside it (`log.1` and so on) behind `position`.

    The `position` of a log that was never read is empty. Reads `MOST_BYTES` at most.
    """
    with ExitStack() as stack:
        files = _opened(log, stack)
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
            # At line feeds alone: a name can hold characters that `str.splitlines` takes for ends of lines.
            lines += taken.decode("utf-8", "replace").split("\n")[:-1]
            position = f"{file.name}:{begin + len(taken)}"
            left, begin = left - len(read), 0
            if not left:
                break
        return Lines(lines, position, lost, more=not left)


def identity(log: Path) -> int | None:
    """Return a number that the file has and its successor has not; None if there is no file."""
    try:
        return log.stat().st_ino
    except FileNotFoundError:
        return None


def _opened(log: Path, stack: ExitStack) -> list[_File]:
    """The files of the log, oldest first; looked at again where the writer rolled over in between."""
    for _ in range(_TRIES):
        seen = _listed(log)
        files = list(_named(seen, stack))
        if _listed(log) == seen:
            return files
    return files


def _listed(log: Path) -> list[tuple[int, Path]]:
    found = []
    for path in log.parent.glob(f"{log.name}*"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        # The newest, which is still written to, comes last whatever its time is.
        found.append((path != log, -status.st_mtime_ns, status.st_ino, path))
    return [(inode, path) for _, _, inode, path in sorted(found, reverse=True)]


def _named(listed: list[tuple[int, Path]], stack: ExitStack) -> Iterator[_File]:
    for _, path in listed:
        try:
            stream = stack.enter_context(path.open("rb"))
        except FileNotFoundError:
            continue
        first = stream.readline()
        if first.endswith(b"\n"):
            yield _File(sha256(first).hexdigest()[:32], stream)
