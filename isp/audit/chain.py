"""Chains of audit entries: each entry holds the hash of the one before, so that none changes or goes unseen.

A chain proves its order, not its end. So each entry also holds the heads of the other chains: whoever
rewrites or drops one chain must rewrite all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

ENTRY_BYTES = 131_072
"""About how large an entry may be: well below what its topic takes, so that none is refused for its size."""

_SHARE_BYTES = 128


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


class Heads:
    """The last known entry of each chain, with the time at which its head was written."""

    def __init__(self) -> None:
        """Know no chain yet."""
        self._known: dict[str, tuple[Head, int]] = {}

    def keep(self, head: Head, at_ms: int) -> None:
        """Take in a head that was written at `at_ms` since 1970 UTC, unless one as far on is known."""
        known, _ = self._known.get(head.chain, (Head(head.chain), 0))
        if head.sequence > known.sequence:
            self._known[head.chain] = head, at_ms

    def of(self, chain: str) -> Head:
        """Return the head of a chain; that of an empty chain if it is not known."""
        return self._known.get(chain, (Head(chain), 0))[0]

    def newest(self, name: str) -> Head | None:
        """Return the head of the chain that is called `name` and, behind a point, the time of its beginning.

        If there are several it is the one that began last.
        """
        named = [chain for chain in self._known if chain.rpartition(".")[0] == name]
        return self._known[max(named)][0] if named else None

    def others(self, chain: str, told: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
        """Return the heads of all other chains as an entry holds them.

        Leave out a chain of which the entry number in `told` has been told before.
        """
        return [
            {**head._asdict(), "at": at_ms}
            for name, (head, at_ms) in sorted(self._known.items())
            if name != chain and (told or {}).get(name) != head.sequence
        ]


def hash_of(value: bytes) -> str:
    """The hash by which the next entry names this one."""
    return sha256(value).hexdigest()


def in_parts(shares: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the shares in parts of about `ENTRY_BYTES` at most, an entry each; one part if there are none."""
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
    """Yield an entry in as many as its size asks for; the first holds the `heads` of the other chains."""
    for number, part in enumerate(in_parts(entry.get("shares", ()))):
        yield {**entry, "shares": part, "heads": [] if number else heads}


def _size(share: Mapping[str, Any]) -> int:
    """Return about how many bytes a share takes; more rather than fewer."""
    texts = [v for v in share.values() if isinstance(v, str)] + list(share.get("recipients", ()))
    return _SHARE_BYTES + sum(4 * len(text) for text in texts) + len(share["references"])
