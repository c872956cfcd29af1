"""What takes part in the throughput benchmark."""

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
        """How many processes share the partitions."""
        ...

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics its outputs go to."""
        ...

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Those of the topics of which one, and one only, holds each record's outcome."""
        ...

    def running(self) -> AbstractContextManager[Callable[[], bool]]:
        """The contender at work, stopped at the end of the block; says whether it still runs."""
        ...
