"""The kinds of state that agents keep, the owner of each, and the prefixes of the keys of the worker's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

RENEWAL_DAYS = 28
"""Age in days from which an entry of the workers' state is written again when it is used."""

SEEN_BYTES: Final = 8
"""Size of a digest that earlier versions stored as seen."""

STATE_TOMBSTONE_DAYS: Final = 7
"""Days for which the broker keeps the deletion of a key of the state, at least."""

StateKind = Literal["withdrawals", "dates-ages", "combinations", "incidents", "problems"]
"""Kinds of state: releases that may be withdrawn, dates for steady ages of a case, seen combinations,
domestic incidents with their alerts, cases with the emerging problems that they are of."""

StateOwner = Literal["worker", "alerter", "detector"]
"""The component that reads and writes a kind of state."""

STATE_KINDS: Final[Mapping[StateOwner, tuple[StateKind, ...]]] = {
    "worker": ("withdrawals", "dates-ages", "combinations"),
    "alerter": ("incidents",),
    "detector": ("problems",),
}
"""The kinds of state of each owner."""

SEEN_PREFIX: Final = b"n"
"""Prefix of the digests that earlier versions stored as seen. One changelog entry has those of a batch."""

RELEASED_PREFIX: Final = b"r"
"""Prefix of the entry with the places where a record is released."""

PACKED_PREFIX: Final = b"p"
"""Prefix of a changelog entry that holds all such entries that a batch changed."""

CHECKED_PREFIX: Final = b"a"
"""Prefix of the entry with the version of the protected places by which a partition was checked."""

KIND_OF_PREFIX: Final[Mapping[bytes, StateKind]] = {
    SEEN_PREFIX: "withdrawals",  # releases of earlier versions that may have to be withdrawn
    RELEASED_PREFIX: "withdrawals",
    PACKED_PREFIX: "withdrawals",
    CHECKED_PREFIX: "withdrawals",
    b"b": "dates-ages",  # the birthday from which a person's ages are computed
    b"d": "dates-ages",  # the day of a case
    b"c": "combinations",  # the people seen with a combination
    b"l": "combinations",  # the generalisation with which a record was released
    b"j": "combinations",  # the people of a case of whom joined releases tell
}
"""The worker's kind of state of a key, by its first byte. A new kind of entry adds a line here."""

TODAY_KEY: Final = b"t"
"""Key of the newest day of any event of the kinds `incidents` and `problems`.

No other key of these kinds begins so.
"""


def kind_of(key: bytes) -> StateKind | None:
    """Return the kind of a key of the worker's state, or None if it has no kind."""
    return KIND_OF_PREFIX.get(key[:1])
