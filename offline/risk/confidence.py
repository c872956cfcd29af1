"""Estimate rates of success with their confidence, and the risk beyond what chance gives."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

Z_95 = 1.959964
"""Quantile of the normal distribution for a confidence of 95 %."""

_DIGITS = 4


class Rate(NamedTuple):
    """A rate with half the width of its interval; both are between 0 and 1."""

    value: float
    error: float

    def document(self) -> dict[str, float]:
        """Return the rate and its interval for JSON."""
        return {
            "rate": round(self.value, _DIGITS),
            "from": round(max(self.value - self.error, 0.0), _DIGITS),
            "to": round(min(self.value + self.error, 1.0), _DIGITS),
        }


def success_rate(successes: int, attempts: int) -> Rate:
    """Return the centre and half width of Wilson's score interval at 95 % (Wilson 1927).

    Without attempts the interval is everything.
    """
    if attempts == 0:
        return Rate(0.5, 0.5)
    z2 = Z_95 * Z_95
    share = successes / attempts
    whole = 1 + z2 / attempts
    centre = (share + z2 / (2 * attempts)) / whole
    spread = math.sqrt(share * (1 - share) / attempts + z2 / (4 * attempts * attempts))
    return Rate(centre, Z_95 * spread / whole)


def risk_beyond(attack: Rate, control: Rate) -> Rate:
    """Return (attack - control) / (1 - control), 0 at least (Giomi et al. 2023, section 3.2).

    The error is propagated from both rates as if they were independent.
    """
    left = 1 - control.value
    if left <= 0:
        return Rate(0.0, 1.0)
    value = (attack.value - control.value) / left
    by_attack = attack.error / left
    by_control = (attack.value - 1) / (left * left) * control.error
    return Rate(max(value, 0.0), math.hypot(by_attack, by_control))


class Measured(NamedTuple):
    """Attempts and successes of one attack, on originals and on controls."""

    successes: int
    attempts: int
    control_successes: int
    control_attempts: int

    @property
    def attack(self) -> Rate:
        """Return the rate of success on originals that are in the release."""
        return success_rate(self.successes, self.attempts)

    @property
    def control(self) -> Rate:
        """Return the rate of success on originals that are not in it."""
        return success_rate(self.control_successes, self.control_attempts)

    @property
    def risk(self) -> Rate:
        """Return the risk beyond what an intruder would have without the originals' rows."""
        return risk_beyond(self.attack, self.control)

    def document(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return {
            "attempts": self.attempts,
            "successes": self.successes,
            "control_successes": self.control_successes,
            "control_attempts": self.control_attempts,
            "attack": self.attack.document(),
            "control": self.control.document(),
            "risk": self.risk.document(),
        }
