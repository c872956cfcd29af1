"""Chains of audit entries: each entry holds the hash of the previous one, so each change or removal is found.

A chain proves its order, but not its end. So each entry also holds the heads of the other chains. A forger
who rewrites or removes one chain must rewrite all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

ENTRY_BYTES = 131_072
"""Approximate limit on the size of an entry. It is well below the limit of the topic."""

_SHARE_BYTES = 128


class ChainHead(NamedTuple):
    """The head of a chain: the number of its last entry, from 1, and the entry's hash.

    The head of an empty chain has number 0 and an empty hash. The hash is the SHA-256, in hexadecimal, of the
    entry's bytes in the topic.
    """

    chain: str
    sequence: int = 0
    hash: str = ""

    def link(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Return the entry with the fields that link it to this head."""
        place = {"chain": self.chain, "sequence": self.sequence + 1, "previous": self.hash}
        return {**entry, **place}

    def advance(self, value: bytes) -> ChainHead:
        """Return the head after the linked entry; `value` is the entry's bytes."""
        return ChainHead(self.chain, self.sequence + 1, hash_of(value))


class Heads:
    """The last known head of each chain, with the time at which it was written."""

    def __init__(self) -> None:
        """Begin without chains."""
        self._known: dict[str, tuple[ChainHead, int]] = {}

    def keep(self, head: ChainHead, at_ms: int) -> None:
        """Store a head, unless one with the same or a higher number is known; `at_ms` is since 1970 UTC."""
        known, _ = self._known.get(head.chain, (ChainHead(head.chain), 0))
        if head.sequence > known.sequence:
            self._known[head.chain] = head, at_ms

    def of(self, chain: str) -> ChainHead:
        """Return the head of a chain; for an unknown chain, the head of an empty one."""
        return self._known.get(chain, (ChainHead(chain), 0))[0]

    def newest(self, name: str) -> ChainHead | None:
        """Return the head of the newest chain whose name is `name`, a dot, and the time of its beginning.

        Return None if there is no such chain.
        """
        named = [chain for chain in self._known if chain.rpartition(".")[0] == name]
        return self._known[max(named)][0] if named else None

    def others(self, chain: str, told: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
        """Return the heads of all other chains, in the form of an entry.

        Leave out each chain whose number has not changed since `told`, the numbers last written, by chain.
        """
        return [
            {**head._asdict(), "at": at_ms}
            for name, (head, at_ms) in sorted(self._known.items())
            if name != chain and (told or {}).get(name) != head.sequence
        ]


def hash_of(value: bytes) -> str:
    """Return the hash of an entry's bytes, which the next entry holds."""
    return sha256(value).hexdigest()


def in_parts(shares: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the shares in parts of at most about `ENTRY_BYTES`, one per entry; at least one part."""
    part: list[Mapping[str, Any]] = []
    size = 0
    for share in shares:
        bytes_more = _size(share)
        if part and size + bytes_more > ENTRY_BYTES:
            yield part
            part, size = [], 0
        part.append(share)
        size += bytes_more
    yield part


def entries_of(
    entry: Mapping[str, Any], heads: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield an entry, split into several if it is too large; the first holds the `heads` of other chains."""
    for number, part in enumerate(in_parts(entry.get("shares", ()))):
        yield {**entry, "shares": part, "heads": [] if number else heads}


def link_entries(
    head: ChainHead,
    entry: Mapping[str, Any],
    others: Sequence[Mapping[str, Any]],
    encode: Callable[[Any], bytes],
) -> tuple[list[bytes], ChainHead]:
    """Return the bytes of an entry, or of its parts, linked to the head of its chain, and the new head.

    `others` are the heads of the other chains. `encode` returns the bytes of a linked entry.
    """
    values = []
    for part in entries_of(entry, others):
        values.append(encode(head.link(part)))
        head = head.advance(values[-1])
    return values, head


def head_record(head: ChainHead, position: str = "") -> dict[str, Any]:
    """Return a head in the form of the topic of heads, whose key is the chain."""
    return {"sequence": head.sequence, "hash": head.hash, "position": position}


def _size(share: Mapping[str, Any]) -> int:
    """Return an upper estimate of the size of a share in bytes."""
    texts = [v for v in share.values() if isinstance(v, str)] + list(share.get("recipients", ()))
    return _SHARE_BYTES + sum(4 * len(text) for text in texts) + len(share["references"])
