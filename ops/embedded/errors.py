"""What can keep the embedded stack from running."""

from __future__ import annotations


class StackError(RuntimeError):
    """The embedded stack cannot do what was asked; the message says why and what to do."""


class ArtefactError(StackError):
    """A pinned file is missing, cannot be fetched, or is not the file that was pinned."""
