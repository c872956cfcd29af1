"""How much goes into one transaction, and how fast records are sent."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from transport.messages import Output

CHUNK_BYTES = 8 * 1_048_576
ARREARS_S = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """A chunk is written at `rows` rows or `seconds` of age; `rate` is records a second."""

    rows: int = 5_000
    seconds: float = 1.0
    rate: float | None = None


@dataclass(slots=True)
class Chunk:
    """The messages of the next transaction and how many rows of the file they stand for."""

    pace: Pace
    messages: list[Output] = field(default_factory=list)
    rows: int = 0
    size: int = 0
    opened: float = field(default_factory=time.monotonic)

    def add(self, message: Output | None) -> None:
        """Take one row, with its message if it is in scope."""
        self.rows += 1
        if message is not None:
            self.messages.append(message)
            self.size += len(message.value or b"")

    @property
    def is_due(self) -> bool:
        """Whether it is time to write it."""
        full = self.rows >= self.pace.rows or self.size >= CHUNK_BYTES
        return full or time.monotonic() - self.opened >= self.pace.seconds


class Metronome:
    """Keeps to a rate. What a stall held up is made good for at most a second of it."""

    def __init__(self, rate: float | None) -> None:
        """Begin now; without a rate nothing is waited for."""
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
