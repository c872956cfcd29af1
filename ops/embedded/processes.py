"""Child processes that outlive the command that started them, and are found again later."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil  # type: ignore[import-untyped, unused-ignore]

TOLERANCE = 0.05
STOP_SECONDS = 20.0


class ProcessRecord(NamedTuple):
    """A process, told apart from a later one of the same pid by when it was created.

    ``created`` is in seconds since the epoch, as the operating system reports it.
    """

    pid: int
    created: float


def spawn(command: Sequence[str], log: Path) -> ProcessRecord:
    """Start ``command`` in a session of its own, its output appended to ``log`` (mode 0600).

    What the program itself writes is for its user alone, too. Raises ``OSError`` where the program
    cannot be started.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    with _private_files():
        pid = os.posix_spawn(
            command[0],
            list(command),
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
    return ProcessRecord(pid, psutil.Process(pid).create_time())


@contextmanager
def _private_files() -> Iterator[None]:
    """A child has the mask of its parent: neither group nor others may read or write its files."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def is_running(record: ProcessRecord) -> bool:
    """Say whether this very process still runs; a zombie does not."""
    return _process(record) is not None


def stop(record: ProcessRecord, grace: float = STOP_SECONDS) -> bool:
    """End this process alone: SIGTERM, and SIGKILL after ``grace`` seconds.

    ``False`` if it was not running any more.
    """
    process = _process(record)
    if process is None:
        return False
    try:
        process.terminate()
        process.wait(grace)
    except psutil.TimeoutExpired:
        kill(record)
    except psutil.NoSuchProcess:
        pass
    return True


def kill(record: ProcessRecord) -> bool:
    """End this process alone at once (SIGKILL) and wait until it is gone."""
    process = _process(record)
    if process is None:
        return False
    try:
        process.kill()
        process.wait(STOP_SECONDS)
    except psutil.NoSuchProcess:
        pass
    return True


def _process(record: ProcessRecord) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.created) < TOLERANCE
        ended = process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return None
    return process if same and not ended else None
