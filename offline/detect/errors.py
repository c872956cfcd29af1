"""The error of a file that cannot be scanned."""

from __future__ import annotations


class DetectError(RuntimeError):
    """A file cannot be scanned. Each line of the message has the file, the line and what is accepted."""


class NothingInPeriod(DetectError):
    """The file has no event in the period that was asked for."""
