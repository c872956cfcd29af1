"""Who acts in a case: a post of a party, or the discloser itself."""

from __future__ import annotations

from typing import NamedTuple


class Actor(NamedTuple):
    """A party with the post that acts for it, as in `police.deputy`; without one, the party as a whole."""

    party: str
    post: str | None = None

    def __str__(self) -> str:
        return self.party if self.post is None else f"{self.party}.{self.post}"

    @classmethod
    def read(cls, text: str) -> Actor:
        """Return the actor that a person or a history names. Whether there is such a post is not checked."""
        party, _, post = text.partition(".")
        return cls(party, post or None)


DISCLOSER = Actor("discloser")
"""Acts when time has passed, or when the broker lacks what a case needs."""
