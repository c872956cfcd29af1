"""A process of a benchmark: it gets a job on its standard input, and answers in JSON on its output."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from tests.benchmarks.errors import BenchError
from tests.benchmarks.job import Job
from tests.benchmarks.setting import Files


@dataclass(frozen=True, slots=True)
class Probe:
    """A started process, with its name and its log."""

    name: str
    log: Path
    process: subprocess.Popen[str]

    @classmethod
    def started(cls, files: Files, python: Path, name: str, job: Job) -> Self:
        """Start the module of this name in `tests.benchmarks.probes`, and give it its job."""
        log = files.log(name)
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [python, "-m", f"tests.benchmarks.probes.{name}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stream, text=True,
            )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(job.text() + "\n")
        process.stdin.close()
        return cls(name, log, process)

    def await_ready(self) -> None:
        """Wait for the line `ready`.

        Raises:
            BenchError: it did not come.
        """
        if self._out.readline().strip() != "ready":
            raise BenchError(f"the {self.name} did not start; its log is {self.log}")

    def answer(self) -> dict[str, int]:
        """Wait for the end, and return the answer.

        Raises:
            BenchError: the process failed.
        """
        text = self._out.read()
        if self.process.wait() != 0:
            raise BenchError(f"the {self.name} failed; its log is {self.log}")
        answer: dict[str, int] = json.loads(text)
        return answer

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    @property
    def _out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout
