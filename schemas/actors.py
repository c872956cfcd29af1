"""The actors in a case: a post of a party, the alerts agent, or the discloser itself."""

from __future__ import annotations

from typing import NamedTuple


class Actor(NamedTuple):
    """A party and the post that acts for it, such as `police.deputy`; without a post, the whole party."""

    party: str
    post: str | None = None

    def __str__(self) -> str:
        return self.party if self.post is None else f"{self.party}.{self.post}"

    @classmethod
    def read(cls, text: str) -> Actor:
        """Parse an actor from a command or a history. It is not checked that the post exists."""
        party, _, post = text.partition(".")
        return cls(party, post or None)


DISCLOSER = Actor("discloser")
"""The actor of steps that no officer takes, such as the opening of a case, or its end after a time limit."""

ALERTER = Actor("alerter")
"""The alerts agent, which prepares requests from alerts under the terms of the protocol."""
