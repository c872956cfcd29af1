"""The share of an audit entry that says who got how much of a topic."""

from __future__ import annotations

from typing import Any

from isp.agreement.topics import Topic


def read_share(topic: Topic, principal: str, records: int) -> dict[str, Any]:
    """Return the share of what a principal read of a topic: records, or requests where the broker counted."""
    return {
        "what": "read",
        "topic": topic.name,
        "agency": topic.agency,
        "dataset": topic.dataset,
        "profile": topic.profile,
        "neighbour": topic.neighbour,
        "recipients": [principal],
        "records": records,
        "references": b"",
    }
