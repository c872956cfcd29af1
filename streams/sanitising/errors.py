"""Errors of the sanitising agent that an operator can mend."""

from __future__ import annotations


class OlderListError(RuntimeError):
    """Another worker has released by a later list of protected places than this process has."""
