"""How many of a party's letters are taken at a time, so that one party delays no other. Pure."""

from __future__ import annotations

import math

MINUTE_S = 60.0
_FIRST_PAUSE_S = 1.0


class Allowance:
    """What one party has left of its letters a minute; times are seconds of one clock.

    A turn with letters that were refused is followed by a pause, which doubles up to a minute where the
    next turn has more of them at once: what is refused in a turn is audited and answered once, with its
    number.
    """

    def __init__(self, a_minute: int, now: float) -> None:
        self._most = float(a_minute)
        self._left = float(a_minute)
        self._at = now
        self._pause = 0.0
        self._not_before = -math.inf

    def letters(self, now: float) -> int:
        """Return how many letters may be taken now."""
        self._left = min(self._most, self._left + (now - self._at) * self._most / MINUTE_S)
        self._at = now
        return int(self._left) if now >= self._not_before else 0

    def took(self, letters: int, refused: int, now: float) -> None:
        """Count what a turn has taken, and how much of it was refused."""
        self._left -= letters
        if not refused:
            return
        goes_on = now - self._not_before <= self._pause
        self._pause = min(MINUTE_S, 2 * self._pause) if goes_on else _FIRST_PAUSE_S
        self._not_before = now + self._pause
