"""A contender that is a script of the benchmarks, in an environment of its own choice."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.job import Job

_STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Script:
    """`python -m module` with the job on its standard input."""

    name: str
    group: str
    topics: tuple[str, ...]
    outcomes: tuple[str, ...]
    python: Path
    module: str
    job: Job
    log: Path
    workers: int = 1

    @contextmanager
    def running(self) -> Iterator[Callable[[], bool]]:
        """Start the script, and stop it by SIGTERM."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [self.python, "-m", self.module],
                stdin=subprocess.PIPE, stdout=log, stderr=log, env=dict(os.environ),
            )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(self.job.text().encode() + b"\n")
        process.stdin.close()
        try:
            yield lambda: process.poll() is None
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
