"""Start child processes that outlive the command that started them, and find them again later."""

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
    """A process, identified by pid and creation time, because pids are used again.

    ``created`` is in seconds since the Unix epoch, as the operating system reports it.
    """

    pid: int
    created: float


def spawn(command: Sequence[str], log: Path) -> ProcessRecord:
    """Start ``command`` in its own session, with its output appended to ``log`` (mode 0600).

    Files that the program creates are private to its user, too.

    Raises:
        OSError: the program cannot be started.
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
    """Set a umask for the child: neither group nor others may read or write its files."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def is_running(record: ProcessRecord) -> bool:
    """Return True if exactly this process still runs; a zombie does not count."""
    return _process(record) is not None


def stop(record: ProcessRecord, grace: float = STOP_SECONDS) -> bool:
    """Stop this process alone: SIGTERM, and SIGKILL after ``grace`` seconds.

    Returns ``False`` if it was not running.
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
    """Kill this process alone (SIGKILL) and wait until it has ended.

    Return False if it was not running.
    """
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
