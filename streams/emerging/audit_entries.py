"""The audit entry of what the detector publishes. It has no value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

REFERENCE_BYTES: Final = 16
"""Size of the reference of a finding in an entry: the id of its problem, then zeros."""


class Told(NamedTuple):
    """A finding that is published: its topic, recipient and problem."""

    topic: str
    recipient: str
    problem: bytes


def batch_entry(actor: str, told: Iterable[Told]) -> dict[str, Any]:
    """Return the entry of a batch, with a share for each recipient."""
    return {
        "actor": actor,
        "action": "finding",
        "subject": "",
        "outcome": "done",
        "shares": list(_shares(told)),
    }


def _shares(told: Iterable[Told]) -> Iterator[dict[str, Any]]:
    problems: dict[tuple[str, str], list[bytes]] = {}
    for each in told:
        problems.setdefault((each.topic, each.recipient), []).append(each.problem)
    for (topic, recipient), ids in sorted(problems.items()):
        yield {
            "what": "released",
            "topic": topic,
            "agency": None,
            "profile": None,
            "recipients": [recipient],
            "records": len(ids),
            "references": b"".join(i.ljust(REFERENCE_BYTES, b"\0") for i in sorted(ids)),
        }
