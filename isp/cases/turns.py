"""The rate limit for the letters of each party, so that no party delays the others. Pure."""

from __future__ import annotations

import math

MINUTE_S = 60.0
_FIRST_PAUSE_S = 1.0


class Allowance:
    """The number of letters that one party may still send now; times are seconds of one clock.

    After a turn with refused letters a pause follows. If the next turn has refused letters again, the pause
    doubles, up to a minute. So one audit entry and one answer can cover all refused letters of a turn.
    """

    def __init__(self, a_minute: int, now: float) -> None:
        self._most = float(a_minute)
        self._left = float(a_minute)
        self._at = now
        self._pause = 0.0
        self._not_before = -math.inf

    def letters(self, now: float) -> int:
        """Return the number of letters that may be read now."""
        self._left = min(self._most, self._left + (now - self._at) * self._most / MINUTE_S)
        self._at = now
        return int(self._left) if now >= self._not_before else 0

    def took(self, letters: int, refused: int, now: float) -> None:
        """Count the letters that a turn has read, and those of them that were refused."""
        self._left -= letters
        if not refused:
            return
        goes_on = now - self._not_before <= self._pause
        self._pause = min(MINUTE_S, 2 * self._pause) if goes_on else _FIRST_PAUSE_S
        self._not_before = now + self._pause
