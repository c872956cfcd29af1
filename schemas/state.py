"""The kinds of state that workers keep, and the prefixes of the keys of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

RENEWAL_DAYS = 28
"""How old an entry of the workers' state may be when it is used without being written again."""

SEEN_BYTES: Final = 8
"""Size of a digest in the set of those seen."""

StateKind = Literal["withdrawals", "dates-ages", "combinations"]
"""What workers remember: what may have to be taken back, dates of cases with steady ages, combinations."""

STATE_KINDS: Final[tuple[StateKind, ...]] = get_args(StateKind)

SEEN_PREFIX: Final = b"n"
"""The prefix of the set of digests seen. A changelog entry has all that a batch added."""

RELEASED_PREFIX: Final = b"r"
"""The prefix of the entry that says where a record is released."""

PACKED_PREFIX: Final = b"p"
"""The prefix of a changelog entry that has all such entries that a batch changed."""

KIND_OF_PREFIX: Final[Mapping[bytes, StateKind]] = {
    SEEN_PREFIX: "withdrawals",  # releases of earlier versions that may have to be taken back
    RELEASED_PREFIX: "withdrawals",
    PACKED_PREFIX: "withdrawals",
    b"b": "dates-ages",  # the birthday that a person's ages follow
    b"d": "dates-ages",  # the day of a case
    b"c": "combinations",  # the people seen with a combination
    b"l": "combinations",  # how coarsely a record was released
}
"""The kind of state of a key, by its first byte. A new kind of entry adds a line here."""


def kind_of(key: bytes) -> StateKind | None:
    """Return the kind of state that a key belongs to; None if it has none of its own."""
    return KIND_OF_PREFIX.get(key[:1])
