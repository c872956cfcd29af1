"""The error that ends a benchmark without a figure."""

from __future__ import annotations


class BenchError(RuntimeError):
    """A run gave no figure that could be trusted; says what was seen and where to look."""
