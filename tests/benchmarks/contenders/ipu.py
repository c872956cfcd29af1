"""Contender `ipu`: the project's own worker processes, supervised, as `ipu up` starts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ops.background import start_worker
from ops.embedded import processes
from streams.runtime.kafka_config import WorkerClients
from tests.benchmarks.setting import Setting

_STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Ipu:
    """One worker or several of one group."""

    setting: Setting
    name: str = "ipu"
    workers: int = 1

    @property
    def group(self) -> str:
        """The workers' consumer group."""
        return WorkerClients({}, self.setting.names.worker).group

    @property
    def topics(self) -> tuple[str, ...]:
        """Both profiles, and what was rejected."""
        return (*self.setting.released, self.setting.rejected)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The profile that excludes no row, and what was rejected."""
        return self.setting.outcomes

    @contextmanager
    def running(self) -> Iterator[Callable[[], bool]]:
        """Start the workers and stop them as an operator would."""
        slots = [str(slot) for slot in range(self.workers)]
        stack, protocol = self.setting.stack, self.setting.files.protocol
        started = [start_worker(stack, protocol, slot, exercise=True) for slot in slots]
        try:
            yield lambda: all(processes.is_running(worker.process) for worker in started)
        finally:
            for worker in started:
                processes.stop(worker.process, _STOP_SECONDS)
