"""What is remembered between records: digests to small values, kept once a batch is committed."""

from __future__ import annotations

from collections.abc import Mapping


class Memory:
    """A map from keyed digests to bytes, with the changes of the batch at hand on top of it.

    No name, reference or address goes in, as key or as value. Changes are seen by the records that
    follow in the batch; `keep` makes them last, `discard` undoes them.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._kept: dict[bytes, bytes] = {}
        self._changed: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        """How many things are kept."""
        return len(self._kept)

    def get(self, key: bytes) -> bytes | None:
        """What stands under the key, by this batch or by earlier ones."""
        found = self._changed.get(key)
        return self._kept.get(key) if found is None else found

    def put(self, key: bytes, value: bytes) -> None:
        """Remember; writes nothing where the same stands there already."""
        if self.get(key) != value:
            self._changed[key] = value

    def changes(self) -> Mapping[bytes, bytes]:
        """What this batch has changed."""
        return dict(self._changed)

    def keep(self, changes: Mapping[bytes, bytes]) -> None:
        """Make changes last: those of a committed batch, or another worker's."""
        self._kept.update(changes)

    def discard(self) -> None:
        """Forget what the batch has changed and was not kept."""
        self._changed.clear()
