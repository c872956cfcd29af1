"""The broker's own record of who read what: lines of its authorizer's log (`kafka.authorizer.logger`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from schemas.topics import Topic

# As org.apache.kafka.metadata.authorizer.StandardAuthorizerData writes it, behind log4j's %d{UNIX_MILLIS}.
_LINE = re.compile(
    r"(?P<at>\d{13}) \S+ Principal = User:(?P<principal>\S+) is (?P<outcome>Allowed|Denied) "
    r"operation = (?P<operation>\S+) from host = \S+ "
    r"on resource = (?P<kind>\w+):\w+:(?P<name>\S+) for request = (?P<request>\S+) "
)


_READING = frozenset({"Fetch", "ShareFetch"})
"""Requests that hand records out."""


class Access(NamedTuple):
    """One decision of the broker's authorizer about a topic; `at` in milliseconds since 1970 UTC."""

    at: int
    principal: str
    topic: str
    allowed: bool
    operation: str


def access_of(line: str, prefix: str) -> Access | None:
    """The decision that a line tells of, where it concerns a topic of the partnership called `prefix`."""
    found = _LINE.match(line)
    if found is None or found["kind"] != "Topic" or not found["name"].startswith(f"{prefix}."):
        return None
    allowed = found["outcome"] == "Allowed"
    if allowed and (found["operation"] != "READ" or found["request"] not in _READING):
        return None
    # What the processor itself reads is no news; the recorder would tell of its own telling, for ever.
    if allowed and found["principal"] in {f"{prefix}.worker", f"{prefix}.recorder"}:
        return None
    operation = found["operation"].lower()
    return Access(int(found["at"]), found["principal"], found["name"], allowed, operation)


def entry_of(
    accesses: Iterable[Access], actor: str, known: Mapping[str, Topic]
) -> dict[str, Any] | None:
    """One audit entry for what was read and refused, by principal and topic; None for nothing.

    `known` are the protocol's topics by name, `actor` is the principal that writes the entry.
    """
    counts: Counter[Access] = Counter()
    newest = 0
    for access in accesses:
        newest = max(newest, access.at)
        counts[access._replace(at=0)] += 1
    if not counts:
        return None
    shares = [_share(a, n, known.get(a.topic)) for a, n in sorted(counts.items())]
    entry = {"action": "read", "actor": actor, "subject": "", "outcome": "done"}
    return {**entry, "at": newest, "shares": shares}


def _share(access: Access, requests: int, topic: Topic | None) -> dict[str, Any]:
    share = {
        "what": "read" if access.allowed else f"denied {access.operation}",
        "topic": access.topic,
        "recipients": [access.principal],
        "records": requests,
        "references": b"",
    }
    if topic is not None:
        share |= {"agency": topic.agency, "dataset": topic.dataset}
        share |= {"profile": topic.profile, "neighbour": topic.neighbour}
    return share
