"""Errors that prevent a secret from being read or written."""

from __future__ import annotations


class SecretError(RuntimeError):
    """A secret is missing, is not valid, or may be read by other users of this machine."""
