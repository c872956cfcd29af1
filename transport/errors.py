"""What keeps a message from being read or written for now."""

from __future__ import annotations


class DependencyUnavailable(RuntimeError):
    """Something the whole batch needs is away; the batch must be tried again, no record is at fault."""
