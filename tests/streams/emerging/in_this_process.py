"""A background without a process of its own, for unit tests."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from streams.emerging.background import Answer

log = logging.getLogger(__name__)


@dataclass
class InThisProcess:
    """Runs each job when its answer is collected."""

    jobs: list[tuple[object, Callable[..., Any], tuple[Any, ...]]] = field(default_factory=list)
    failures: int = 0

    @property
    def busy(self) -> int:
        """Return the number of jobs that wait."""
        return len(self.jobs)

    def submit(self, name: object, function: Callable[..., Any], *arguments: Any) -> None:
        """Keep the job."""
        self.jobs.append((name, function, arguments))

    def collect(self) -> Iterator[Answer]:
        """Run the jobs, the first one first."""
        while self.jobs:
            name, function, arguments = self.jobs.pop(0)
            try:
                value = function(*arguments)
            except Exception:
                log.exception("a computation in the background failed")
                self.failures += 1
                value = None
            yield Answer(name, value)

    def stop(self) -> None:
        """Forget the jobs."""
        self.jobs.clear()
