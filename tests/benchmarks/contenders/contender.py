"""The interface of a contender in the throughput benchmark."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Contender(Protocol):
    """Reads the whole intake topic in a consumer group of its own and writes exactly once."""

    @property
    def name(self) -> str:
        """The key of its figure."""
        ...

    @property
    def group(self) -> str:
        """Its consumer group."""
        ...

    @property
    def workers(self) -> int:
        """Return the number of processes that share the partitions."""
        ...

    @property
    def topics(self) -> tuple[str, ...]:
        """Return the topics of its outputs."""
        ...

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Return the topics that together have exactly one outcome of each record."""
        ...

    def running(self) -> AbstractContextManager[Callable[[], bool]]:
        """Run the contender until the end of the block; yield a function that says whether it still runs."""
        ...
