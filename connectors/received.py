"""A decoded message of a topic with one message per key. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple


class Received(NamedTuple):
    """A message: `content` is None if it has no value, or if it cannot be read here.

    `at` is the time of the message.
    """

    key: str
    content: Mapping[str, Any] | None
    at: datetime
    is_readable: bool = True

    def checked(self, identity: str) -> Received:
        """Return the message if its field `identity` is its key; if not, as one that cannot be read."""
        if self.content is None or self.content[identity] == self.key:
            return self
        return Received(self.key, None, self.at, is_readable=False)
