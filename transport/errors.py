"""Errors that prevent messages from being read or written for a time."""

from __future__ import annotations


class DependencyUnavailable(RuntimeError):
    """A service that the whole batch needs is unavailable. Retry the batch; no record is at fault."""
