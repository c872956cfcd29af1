"""Entries of the audit and heads of its chains, as they were read. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from isp.audit.chain import ChainHead


class Held(NamedTuple):
    """A head outside its chain: in a topic, in another chain, or in an agency's file.

    `at` is the time at which it was written there.
    """

    where: str
    head: ChainHead
    at: datetime | None = None


class Entry(NamedTuple):
    """One message of the audit topic; `content` is None if the message cannot be read as an entry."""

    offset: int
    hash: str
    content: dict[str, Any] | None

    @property
    def head(self) -> ChainHead:
        """Return the head of the chain after this entry."""
        content = self.content or {}
        return ChainHead(content.get("chain", ""), content.get("sequence", 0), self.hash)
