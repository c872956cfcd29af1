"""What is remembered between records: digests to small values, kept once a batch is committed."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from sanitiser.packing import PACKED, RELEASED, packed, unpacked
from schemas.state import RENEWAL_DAYS, StateKind

NOTE_BYTES: Final = 8
_NOTES: Final = b"n"
_KEY_BYTES: Final = 16
_DAY_BYTES: Final = 4
_KINDS: Final[Mapping[bytes, StateKind]] = {
    _NOTES: "withdrawals",
    RELEASED: "withdrawals",
    PACKED: "withdrawals",
    b"b": "dates-ages",
    b"d": "dates-ages",
    b"c": "combinations",
    b"l": "combinations",
}


def kind_of(key: bytes) -> StateKind | None:
    """Return the kind of state that a key belongs to, by its first byte; None if it has none of its own."""
    return _KINDS.get(key[:1])


class Memory:
    """A map from keyed digests to bytes and a set of digests, with the changes of the batch on top.

    No name, reference or address goes in, as key or as value. Changes are seen by the records that
    follow in the batch; `keep` makes them last, `discard` undoes them.

    Each entry has the day on which it was last written, counted since 1970. An entry that is used
    `RENEWAL_DAYS` later or more is a change again, so that it outlasts what was made with it
    (isp.agreement.topics.state_days).
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._today = 0
        self._kept: dict[bytes, bytes] = {}
        self._changed: dict[bytes, bytes] = {}
        self._noted: dict[bytes, int] = {}
        self._newly_noted: dict[bytes, None] = {}

    def __len__(self) -> int:
        """How many things are kept."""
        return len(self._kept) + len(self._noted)

    def get(self, key: bytes) -> bytes | None:
        """What stands under the key, by this batch or by earlier ones."""
        found = self._changed.get(key)
        if found is not None:
            return found
        kept = self._kept.get(key)
        if kept is None:
            return None
        value = kept[:-_DAY_BYTES]
        if self._is_old(int.from_bytes(kept[-_DAY_BYTES:])):
            self._changed[key] = value
        return value

    def put(self, key: bytes, value: bytes) -> None:
        """Remember; writes nothing where the same stands there already. No key begins with an ``n``."""
        if self.get(key) != value:
            self._changed[key] = value

    def note(self, digest: bytes) -> None:
        """Remember that this was met; `digest` has `NOTE_BYTES`."""
        noted = self._noted.get(digest)
        if noted is None or self._is_old(noted):
            self._newly_noted[digest] = None

    @property
    def has_notes(self) -> bool:
        """Return whether anything was noted."""
        return bool(self._noted or self._newly_noted)

    def has_noted(self, digest: bytes) -> bool:
        """Whether it was met, in this batch or earlier."""
        return digest in self._noted or digest in self._newly_noted

    def changes(self) -> Mapping[bytes, bytes]:
        """What this batch has changed; all that it has noted is one entry, and so is where it released."""
        changes = packed(self._changed)
        if self._newly_noted:
            notes = b"".join(self._newly_noted)
            changes[_NOTES + blake2b(notes, digest_size=_KEY_BYTES).digest()] = notes
        return changes

    def keep(self, changes: Mapping[bytes, bytes], day: int | None = None) -> None:
        """Make changes last: those of a committed batch, or another worker's, written on that `day`."""
        written = self._today if day is None else day
        day_bytes, kept, noted = written.to_bytes(_DAY_BYTES), self._kept, self._noted
        for key, value in changes.items():
            if key.startswith(_NOTES):
                for at in range(0, len(value), NOTE_BYTES):
                    digest = value[at : at + NOTE_BYTES]
                    if noted.get(digest, -1) < written:
                        noted[digest] = written
            else:
                for name, entry in unpacked(key, value):
                    kept[name] = entry + day_bytes

    def begin(self, day: int) -> None:
        """Begin a batch on a day; what the batch before has changed and was not kept is forgotten."""
        self._today = day
        self.discard()

    def discard(self) -> None:
        """Forget what the batch has changed and was not kept."""
        self._changed.clear()
        self._newly_noted.clear()

    def _is_old(self, written: int) -> bool:
        return self._today - written >= RENEWAL_DAYS
