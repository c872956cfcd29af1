"""The writer of an agent's audit entries. An agent has one chain, and its next process continues it.

The entries are in the transaction of their batch, so both are committed or neither. The transaction also
writes the head of the chain to the topic of heads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from isp.audit.chain import ChainHead, Heads, head_record, link_entries
from sanitiser.state import State
from streams.steps.route import Destination
from transport.messages import MARKING_HEADER, Headers, Output

_REMEMBERED = b"audit:"


class AuditWriter:
    """Makes an agent's audit entries, and links each to the entry before it in the agent's chain.

    An entry has the heads of the other chains that have changed since this chain last recorded them. Entries
    made after a commit are linked to each other. `commit` keeps them, `rollback` forgets them.
    """

    def __init__(
        self,
        audit: Destination,
        heads_topic: Destination,
        heads: Heads,
        committed_head: Callable[[int], ChainHead],
    ) -> None:
        """Take the topics of the audit and of its heads, and the heads of all chains of the audit.

        `committed_head` returns the committed head of the agent's chain at a time in milliseconds since 1970
        UTC. `heads` has it once it is restored.
        """
        self.heads = heads
        self._audit, self._heads_topic = audit, heads_topic
        self._committed_head = committed_head
        self._told: dict[str, int] = {}
        self._told_since: dict[str, int] = {}
        self._made_head: tuple[ChainHead, int] | None = None

    def head(self, now_ms: int) -> ChainHead:
        """Return the head that the next entry is linked to."""
        return self._made_head[0] if self._made_head else self._committed_head(now_ms)

    def write(self, entry: Mapping[str, Any], now_ms: int) -> list[Output]:
        """Return the messages of an entry, or of its parts if it is too large, and the new head."""
        before = self.head(now_ms)
        others = self.heads.others(before.chain, self._told | self._told_since)
        values, head = link_entries(before, {"at": now_ms, **entry}, others, self._audit.encode)
        self._told_since |= {other["chain"]: other["sequence"] for other in others}
        self._made_head = head, now_ms
        kept = self._heads_topic.encode(head_record(head))
        return [
            *(_output(self._audit, head.chain, value) for value in values),
            _output(self._heads_topic, head.chain, kept),
        ]

    def commit(self) -> None:
        """Continue from the entries made, which are committed."""
        if self._made_head is not None:
            self.heads.keep(*self._made_head)
        self._told |= self._told_since
        self.rollback()

    def rollback(self) -> None:
        """Continue from the last committed entry."""
        self._made_head = None
        self._told_since = {}


class SlotChain:
    """The chain of one slot of an agent, which the next process of the slot continues."""

    def __init__(self, heads: Heads, state: State | None, actor: str, slot: str) -> None:
        """Take the heads of all chains of the audit, and actor and slot, which name the chain.

        `state` may have the chain's head from a release in which heads had no topic of their own.
        """
        self._heads = heads
        self._state = state
        self._name = f"{actor}.{slot}"
        self._key = _REMEMBERED + slot.encode()

    def committed_head(self, now_ms: int) -> ChainHead:
        """Return the head of the chain. The name of a new chain has its start time, so it is unique."""
        known = self._heads.newest(self._name)
        if known is not None:
            return known
        remembered = self._state.get(self._key) if self._state is not None else None
        if remembered is not None:
            return _from_bytes(remembered)
        began = datetime.fromtimestamp(now_ms / 1000, UTC)
        return ChainHead(f"{self._name}.{began:%Y%m%dT%H%M%S}{began.microsecond // 1000:03}Z")


def _output(destination: Destination, chain: str, value: bytes) -> Output:
    headers: Headers = [(MARKING_HEADER, destination.marking.encode())]
    return Output(destination.topic, chain.encode(), value, headers)


def _from_bytes(value: bytes) -> ChainHead:
    chain, sequence, digest = value.decode().split(" ")
    return ChainHead(chain, int(sequence), digest)
