"""The state that the steps of a record read and write between records."""

from __future__ import annotations

from typing import Protocol


class State(Protocol):
    """A map from keyed digests to small values, and a set of digests that earlier versions stored.

    No name, reference or address goes in, as key or as value. A change is visible to the records that follow
    in the batch, and lasts once the batch is committed (`streams.state.store`).
    """

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key; None if it has none, or if its retention is over."""
        ...

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key. Its first byte is in `schemas.state.KIND_OF_PREFIX`."""
        ...

    @property
    def has_any_seen(self) -> bool:
        """Return True if an earlier version stored any digest as seen."""
        ...

    def has_seen(self, digest: bytes) -> bool:
        """Return True if an earlier version stored the digest, of `SEEN_BYTES` bytes, as seen."""
        ...
