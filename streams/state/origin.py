"""Which changelog a state store was built from, and when it must be built again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

FORMAT: Final = 1
"""Format of the rows and marks on disk. Another format is another store."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The cluster and the topics that a changelog consists of, by name and id.

    A topic that was deleted and created again has another id, and offsets of its own.
    """

    cluster: str
    topics: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class About:
    """The description in a store: its origin, and for how many days it has kept each kind of state."""

    origin: Origin
    days: Mapping[str, int]

    def to_bytes(self) -> bytes:
        """Return it as the store keeps it."""
        document = {
            "format": FORMAT,
            "cluster": self.origin.cluster,
            "topics": dict(self.origin.topics),
            "days": dict(self.days),
        }
        return json.dumps(document).encode()

    def refusal(self, kept: bytes) -> str | None:
        """Return why a store that says `kept` of itself must be built again; None if it can be used."""
        try:
            document = json.loads(kept)
            version = document["format"]
            if version != FORMAT:
                return f"its format is {version}, this release has format {FORMAT}"
            return self._difference(document)
        except (ValueError, TypeError, KeyError, AttributeError):
            return "it does not say what it is"

    def _difference(self, document: Any) -> str | None:
        if document["cluster"] != self.origin.cluster:
            return "it belongs to another Kafka cluster"
        for topic, known in document["topics"].items():
            if self.origin.topics.get(topic, known) != known:
                return f"topic {topic} was deleted and created again"
        for kind, days in self.days.items():
            if days > document["days"].get(kind, days):
                return f"{kind} were kept for fewer days than now"
        return None


def misplaced(offsets: Mapping[str, int], ends: Mapping[str, tuple[int, int]]) -> str | None:
    """Return which of the next offsets lies outside its topic, and how; None if all can be read from.

    `ends` has the first offset of each topic and the next that will be written.
    """
    for topic, offset in offsets.items():
        low, high = ends.get(topic, (offset, offset))
        if offset < low:
            return f"its next offset {offset} of topic {topic} is below the first, {low}"
        if offset > high:
            return f"its next offset {offset} of topic {topic} is beyond the end, {high}"
    return None
