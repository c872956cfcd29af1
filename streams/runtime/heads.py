"""Follows the heads of the audit's chains. Each audit entry records the heads of the other chains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from isp.audit.chain import ChainHead, Heads
from transport.follower import Follower
from transport.reader import Message

_SELDOM = {
    # Every batch of every worker writes a head, and none is urgent: one fetch may collect many.
    "fetch.wait.max.ms": 200,
    "fetch.min.bytes": 65_536,
}


class HeadsFollower(Follower):
    """Reads the topic of heads into `heads`: to its end at the start, then what other programs write."""

    def __init__(
        self,
        reader: Mapping[str, Any],
        topic: str,
        heads: Heads,
        decode: Callable[[bytes], Any],
    ) -> None:
        """Connect nothing yet; `reader` configures a consumer that reads what is committed."""
        super().__init__({**reader, **_SELDOM}, ([topic],), self._note)
        self._heads = heads
        self._decode = decode

    def _note(self, messages: Sequence[Message]) -> None:
        for message in messages:
            key, value = message.key(), message.value()
            if key is not None and value is not None:
                kept = self._decode(value)
                chain = key.decode() if isinstance(key, bytes) else key
                head = ChainHead(chain, kept["sequence"], kept["hash"])
                self._heads.keep(head, message.timestamp()[1])
