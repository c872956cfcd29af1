"""Follows lasting topics, which keep the newest value of each key, for a processor that needs all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from transport.follower import Follower
from transport.reader import Message

Learn = Callable[[str, bytes, bytes | None], None]
"""Takes a topic, a key and its newest value; None if the key was removed."""


class LastingFollower(Follower):
    """Reads lasting topics to their ends at the start, then what is new.

    A processor that also reads them as a member of its group sees a message twice, in any order of the two.
    """

    def __init__(self, reader: Mapping[str, Any], topics: Sequence[str], learn: Learn) -> None:
        """Connect nothing yet; `reader` configures a consumer that reads what is committed."""
        super().__init__(reader, (topics,), self._pass_on)
        self._learn = learn

    def _pass_on(self, messages: Sequence[Message]) -> None:
        for message in messages:
            key, value = message.key(), message.value()
            if key is not None:
                self._learn(
                    str(message.topic()), bytes(key), None if value is None else bytes(value)
                )


LearnAt = Callable[[str, bytes | None, int], None]
"""Takes a topic, a value and the time of its message in milliseconds since 1970 UTC."""


class TimedFollower(Follower):
    """Reads topics of one partition each from their beginnings, and then what is new, with the times."""

    def __init__(self, reader: Mapping[str, Any], topics: Sequence[str], learn: LearnAt) -> None:
        """Connect nothing yet; `reader` configures a consumer that reads what is committed."""
        super().__init__(reader, (topics,), self._pass_on)
        self._learn = learn

    def _pass_on(self, messages: Sequence[Message]) -> None:
        for message in messages:
            value = message.value()
            given = None if value is None else bytes(value)
            self._learn(str(message.topic()), given, message.timestamp()[1])
