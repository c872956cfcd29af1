"""What stops an act on a case."""

from __future__ import annotations


class DisclosureError(RuntimeError):
    """What stands in the way of an act on a case; the message says all there is to know."""


class NotTaken(DisclosureError):
    """A letter that was answered, and not taken."""
