"""Make repeatable generators of pseudo-random numbers."""

from __future__ import annotations

from random import Random


def seeded(seed: int, purpose: str) -> Random:
    """Return a generator with the same numbers for the same seed and purpose, on every machine."""
    return Random(f"{seed}:{purpose}")  # noqa: S311 - made-up records, nothing secret
