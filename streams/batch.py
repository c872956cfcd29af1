"""A polled batch on its way through an agent and back: the hand-over between two threads."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from streams.messages import BatchResult, Handling, Intake


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages of one poll; the agent answers by setting `result`, the source waits for it."""

    intakes: Sequence[Intake]
    handling: Handling = Handling.PROCESS
    result: Future[BatchResult] = field(default_factory=Future)
