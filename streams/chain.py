"""A chain of audit entries: each holds the hash of the one before, so that none changes or goes unseen."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple


class Head(NamedTuple):
    """The last entry of a chain: its number, from 1, and its hash. That of an empty chain is 0 and no hash.

    The hash is the SHA-256, in hexadecimal, of the entry's bytes as they stand in the topic.
    """

    chain: str
    sequence: int = 0
    hash: str = ""

    def linked(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """The entry in its place behind this one."""
        place = {"chain": self.chain, "sequence": self.sequence + 1, "previous": self.hash}
        return {**entry, **place}

    def after(self, value: bytes) -> Head:
        """The head once `value`, the bytes of the entry that was linked, stands behind this one."""
        return Head(self.chain, self.sequence + 1, hash_of(value))


def hash_of(value: bytes) -> str:
    """The hash by which the next entry names this one."""
    return sha256(value).hexdigest()
