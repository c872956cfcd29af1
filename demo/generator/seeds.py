"""Generators of pseudo-random numbers that repeat themselves."""

from __future__ import annotations

from random import Random


def seeded(seed: int, purpose: str) -> Random:
    """A generator that gives the same numbers for the same seed and purpose, on every machine."""
    return Random(f"{seed}:{purpose}")  # noqa: S311 - made-up records, nothing secret
