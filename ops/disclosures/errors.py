"""What stops an act on a case."""

from __future__ import annotations


class DisclosureError(RuntimeError):
    """A letter that was not taken, or a case that is not there; the message says all there is to know."""
