"""Errors of the embedded stack."""

from __future__ import annotations


class StackError(RuntimeError):
    """The embedded stack cannot do what was asked; the message says why and what to do."""


class ArtefactError(StackError):
    """A pinned file is missing, cannot be downloaded, or has another hash than the pinned one."""
