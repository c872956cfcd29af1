"""What is remembered between records: digests to small values, kept once a batch is committed."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

NOTE_BYTES: Final = 8
_NOTES: Final = b"n"
_KEY_BYTES: Final = 16


class Memory:
    """A map from keyed digests to bytes and a set of digests, with the changes of the batch on top.

    No name, reference or address goes in, as key or as value. Changes are seen by the records that
    follow in the batch; `keep` makes them last, `discard` undoes them.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._kept: dict[bytes, bytes] = {}
        self._changed: dict[bytes, bytes] = {}
        self._noted: set[bytes] = set()
        self._newly_noted: dict[bytes, None] = {}

    def __len__(self) -> int:
        """How many things are kept."""
        return len(self._kept) + len(self._noted)

    def get(self, key: bytes) -> bytes | None:
        """What stands under the key, by this batch or by earlier ones."""
        found = self._changed.get(key)
        return self._kept.get(key) if found is None else found

    def put(self, key: bytes, value: bytes) -> None:
        """Remember; writes nothing where the same stands there already. No key begins with an ``n``."""
        if self.get(key) != value:
            self._changed[key] = value

    def note(self, digest: bytes) -> None:
        """Remember that this was met; `digest` has `NOTE_BYTES`."""
        if digest not in self._noted:
            self._newly_noted[digest] = None

    def has_noted(self, digest: bytes) -> bool:
        """Whether it was met, in this batch or earlier."""
        return digest in self._noted or digest in self._newly_noted

    def changes(self) -> Mapping[bytes, bytes]:
        """What this batch has changed; all that it has noted is one entry."""
        if not self._newly_noted:
            return dict(self._changed)
        notes = b"".join(self._newly_noted)
        name = _NOTES + blake2b(notes, digest_size=_KEY_BYTES).digest()
        return {**self._changed, name: notes}

    def keep(self, changes: Mapping[bytes, bytes]) -> None:
        """Make changes last: those of a committed batch, or another worker's."""
        for key, value in changes.items():
            if key.startswith(_NOTES):
                starts = range(0, len(value), NOTE_BYTES)
                self._noted.update(value[at : at + NOTE_BYTES] for at in starts)
            else:
                self._kept[key] = value

    def discard(self) -> None:
        """Forget what the batch has changed and was not kept."""
        self._changed.clear()
        self._newly_noted.clear()
