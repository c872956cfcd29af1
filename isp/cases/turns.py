"""The rate limit for the letters of each party, so that no party delays the others. Pure."""

from __future__ import annotations

import math

MINUTE_S = 60.0
_FIRST_PAUSE_S = 1.0


class Allowance:
    """The number of one party's letters that may still be read now; times are seconds of one clock.

    After a turn with refused letters a pause follows. If refused letters come again soon after it, the next
    pause is twice as long, up to a minute. The refused letters of a turn have one audit entry and one answer.
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
