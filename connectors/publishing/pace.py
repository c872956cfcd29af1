"""Limit the size of a transaction, and the rate of sending."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from transport.messages import Output

CHUNK_BYTES = 8 * 1_048_576
ARREARS_S = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """A chunk is written at `rows` rows or an age of `seconds`; `rate` is in records per second."""

    rows: int = 5_000
    seconds: float = 1.0
    rate: float | None = None


@dataclass(slots=True)
class Chunk:
    """The messages of the next transaction, and the number of rows that they cover."""

    pace: Pace
    messages: list[Output] = field(default_factory=list)
    rows: int = 0
    size: int = 0
    opened: float = field(default_factory=time.monotonic)

    def add(self, message: Output | None) -> None:
        """Add one row, with its message if it is in scope."""
        self.rows += 1
        if message is not None:
            self.messages.append(message)
            self.size += len(message.value or b"")

    @property
    def is_due(self) -> bool:
        """Return True if it is time to write the chunk."""
        full = self.rows >= self.pace.rows or self.size >= CHUNK_BYTES
        return full or time.monotonic() - self.opened >= self.pace.seconds


class Metronome:
    """A limit on the rate. After a stall it catches up on at most one second."""

    def __init__(self, rate: float | None) -> None:
        """Begin now; without a rate `wait` returns at once."""
        self._step = 1 / rate if rate else 0.0
        self._due = time.monotonic()

    def wait(self) -> None:
        """Wait until the next record is due."""
        if not self._step:
            return
        now = time.monotonic()
        self._due = max(self._due, now - ARREARS_S)
        if self._due > now:
            time.sleep(self._due - now)
        self._due += self._step
