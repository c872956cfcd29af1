"""The changelog that a state store was built from, and the reasons to build the store again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

FORMAT: Final = 1
"""Format of the rows and marks on disk. A store of another format is built again."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The cluster of a changelog, and its topics by name and id.

    A topic that was deleted and created again has another id, and its offsets start again.
    """

    cluster: str
    topics: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class About:
    """The description in a store: its origin, and the days for which it has kept each kind of state."""

    origin: Origin
    days: Mapping[str, int]

    def to_bytes(self) -> bytes:
        """Return the description as stored."""
        document = {
            "format": FORMAT,
            "cluster": self.origin.cluster,
            "topics": dict(self.origin.topics),
            "days": dict(self.days),
        }
        return json.dumps(document).encode()

    def refusal(self, kept: bytes) -> str | None:
        """Return the reason to build a store with the description `kept` again; None if it can be used."""
        try:
            document = json.loads(kept)
            version = document["format"]
            if version != FORMAT:
                return f"its format is {version}, this release has format {FORMAT}"
            return self._difference(document)
        except (ValueError, TypeError, KeyError, AttributeError):
            return "its description cannot be read"

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
    """Return a message about a next offset that is outside its topic; None if every offset can be read.

    `ends` has the first offset of each topic and the next that will be written.
    """
    for topic, offset in offsets.items():
        low, high = ends.get(topic, (offset, offset))
        if offset < low:
            return f"its next offset {offset} of topic {topic} is below the first, {low}"
        if offset > high:
            return f"its next offset {offset} of topic {topic} is beyond the end, {high}"
    return None
