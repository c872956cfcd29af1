"""Runs long computations away from the stream: in other processes, at a low priority.

The detector submits a job and collects its answer later. A job that fails, or a process that dies, is counted
and logged, and its answer is that it has failed. Nothing in the stream waits for a job.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, Final, NamedTuple, Protocol

log = logging.getLogger(__name__)

NICENESS: Final = 10
LIMIT_S: Final = 3_600.0
"""A process that answers nothing for so long is ended, and its jobs have failed."""

_PR_SET_PDEATHSIG: Final = 1


class Answer(NamedTuple):
    """The answer to a job, by its name; None if the job failed."""

    name: object
    value: Any


class Background(Protocol):
    """Runs jobs. A name is in use from `submit` until its answer is collected."""

    @property
    def busy(self) -> int:
        """Return the number of jobs whose answers were not collected yet."""
        ...

    @property
    def failures(self) -> int:
        """Return the number of jobs that have failed."""
        ...

    def submit(self, name: object, function: Callable[..., Any], *arguments: Any) -> None:
        """Have a function of a module called, with arguments that can be pickled."""
        ...

    def collect(self) -> Iterator[Answer]:
        """Yield the answers that are there, without waiting."""
        ...

    def stop(self) -> None:
        """End what runs."""
        ...


class Processes:
    """Runs jobs in so many processes of its own, which are made when the first jobs are submitted.

    They have a low share of the processor, so that they hardly delay a release on the same machine.
    """

    def __init__(self, number: int = 1, limit_s: float = LIMIT_S) -> None:
        """Start nothing yet."""
        self.failures = 0
        self._number = number
        self.limit_s = limit_s
        self._answered_at = 0.0
        self._pool: ProcessPoolExecutor | None = None
        self._jobs: dict[object, Future[Any]] = {}

    @property
    def busy(self) -> int:
        """Return the number of jobs whose answers were not collected yet."""
        return len(self._jobs)

    def submit(self, name: object, function: Callable[..., Any], *arguments: Any) -> None:
        """Have a function called in the process. A process that has died is replaced."""
        if not self._jobs:
            self._answered_at = time.monotonic()
        try:
            self._jobs[name] = self._running().submit(function, *arguments)
        except BrokenProcessPool:
            self._replace()
            self._jobs[name] = self._running().submit(function, *arguments)

    def collect(self) -> Iterator[Answer]:
        """Yield the answers that are there."""
        done = [item for item in self._jobs.items() if item[1].done()]
        if done:
            self._answered_at = time.monotonic()
        elif self._jobs and time.monotonic() - self._answered_at > self.limit_s:
            log.error("a computation in the background has not ended in %.0f s", self.limit_s)
            self._answered_at = time.monotonic()
            self._end(self._pool)
        for name, job in done:
            del self._jobs[name]
            yield Answer(name, self._value(job))

    def stop(self) -> None:
        """End the process, also in the middle of a job."""
        self._jobs.clear()
        self._replace()

    def _value(self, job: Future[Any]) -> Any:
        try:
            return job.result()
        except BrokenProcessPool:
            log.error("the process in the background has ended; another one is started")  # noqa: TRY400 - a trace would show nothing of use
            self._replace()
        except Exception as error:  # noqa: BLE001 - whatever fails in a job must not end the stream
            # Its text can quote content.
            log.error("a computation in the background failed: %s", type(error).__name__)  # noqa: TRY400
        self.failures += 1
        return None

    def _running(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._number,
                # A fork would copy the Kafka client, whose threads would be missing.
                mp_context=get_context("spawn"),
                initializer=_begin,
                initargs=(os.getpid(),),
            )
        return self._pool

    def _replace(self) -> None:
        pool, self._pool = self._pool, None
        self._end(pool)

    @staticmethod
    def _end(pool: ProcessPoolExecutor | None) -> None:
        """End the processes of a pool, also in the middle of a job. What they have not answered fails."""
        if pool is not None:
            processes = list((getattr(pool, "_processes", None) or {}).values())
            pool.shutdown(wait=False)
            for process in processes:
                process.kill()


def _begin(parent: int) -> None:
    """Lower the priority of the process, and have it end with its parent."""
    os.nice(NICENESS)
    # A stop signal to the group is for the parent, which ends this process itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # It would outlive a parent that is killed.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
