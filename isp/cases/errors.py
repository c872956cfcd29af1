"""Errors of operations on a case."""

from __future__ import annotations


class DisclosureError(RuntimeError):
    """An operation on a case failed; the message holds the complete reason."""


class NotTaken(DisclosureError):
    """A letter was answered and not accepted."""
