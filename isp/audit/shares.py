"""The share of an audit entry that says who got how much of a topic."""

from __future__ import annotations

from collections.abc import Mapping
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


def read_shares(topic: Topic, principal: str, records: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return a share for each supplier; `records` are their numbers by agency. One if there are none."""
    shares = [
        {**read_share(topic, principal, number), "agency": agency}
        for agency, number in sorted(records.items())
    ]
    return shares or [read_share(topic, principal, 0)]
