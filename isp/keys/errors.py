"""What can keep a secret from being read or written."""

from __future__ import annotations


class SecretError(RuntimeError):
    """A secret is missing, or lies open to other users of this machine."""
