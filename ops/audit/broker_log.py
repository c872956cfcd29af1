"""The broker's own record of who read what: lines of its authorizer's log (`kafka.authorizer.logger`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from schemas.protocol import PROCESSES
from schemas.topics import Names, Topic

# As org.apache.kafka.metadata.authorizer.StandardAuthorizerData writes it, behind log4j's %d{UNIX_MILLIS}.
_LINE = re.compile(
    r"(?P<at>\d{13}) \S+ Principal = User:(?P<principal>\S+) is (?P<outcome>Allowed|Denied) "
    r"operation = (?P<operation>\S+) from host = \S+ "
    r"on resource = (?P<kind>\w+):\w+:(?P<name>\S+) for request = (?P<request>\S+) "
)
_PRINCIPAL = re.compile(r"\d{13} \S+ Principal = User:(\S+) is (?:Allowed|Denied) ")

_READING = frozenset({"Fetch", "ShareFetch"})
"""Requests that hand records out."""

UNKNOWN = "unknown topic"
"""The name under which refusals of all topics that the protocol does not have are summed.

Anybody can make such names up, as many as they like.
"""


class Access(NamedTuple):
    """One decision of the broker's authorizer about a topic; `at` in milliseconds since 1970 UTC."""

    at: int
    principal: str
    topic: str
    allowed: bool
    operation: str


class Loudest(NamedTuple):
    """The principal that most of some lines are about, and how many."""

    principal: str
    lines: int


def access_of(line: str, prefix: str) -> Access | None:
    """Return the decision of a line, if it concerns a topic of the partnership called `prefix`."""
    found = _LINE.match(line)
    names = Names(prefix)
    if found is None or found["kind"] != "Topic" or not names.owns(found["name"]):
        return None
    allowed = found["outcome"] == "Allowed"
    if allowed and (found["operation"] != "READ" or found["request"] not in _READING):
        return None
    # What the processor itself reads is no news; the recorder would tell of its own telling, for ever.
    if allowed and names.party_of(found["principal"]) in PROCESSES:
        return None
    operation = found["operation"].lower()
    return Access(int(found["at"]), found["principal"], found["name"], allowed, operation)


def loudest(lines: Iterable[str]) -> Loudest | None:
    """Return the principal that most lines are about; None if they are about nobody."""
    found = (_PRINCIPAL.match(line) for line in lines)
    for principal, number in Counter(m[1] for m in found if m is not None).most_common(1):
        return Loudest(principal, number)
    return None


def entry_of(
    accesses: Iterable[Access], actor: str, known: Mapping[str, Topic], names: Names
) -> dict[str, Any] | None:
    """Return one audit entry of what was read and refused, by principal and topic; None for nothing.

    `known` are the protocol's topics by name, `actor` is the principal that writes the entry. A principal
    has a share for each topic that it read, and for each of the protocol's that it was refused. All other
    refusals are summed, so that the number of shares has a bound.
    """
    counts: Counter[Access] = Counter()
    newest = 0
    for access in accesses:
        newest = max(newest, access.at)
        counts[access._replace(at=0, topic=_told(access, known, names))] += 1
    if not counts:
        return None
    shares = [_share(a, n, known.get(a.topic)) for a, n in sorted(counts.items())]
    entry = {"action": "read", "actor": actor, "subject": "", "outcome": "done"}
    return {**entry, "at": newest, "shares": shares}


def gap_share(found: Loudest) -> dict[str, Any]:
    """Return the share of a gap's entry that names who was loudest in what is left of the log."""
    return {
        "what": "loudest",
        "topic": "",
        "recipients": [found.principal],
        "records": found.lines,
        "references": b"",
    }


def _told(access: Access, known: Mapping[str, Topic], names: Names) -> str:
    """Return the name under which a decision is counted: the topic's own only if the topic exists."""
    if access.allowed or access.topic in known:
        return access.topic
    return UNKNOWN if names.case_of(access.topic) is None else names.all_disclosed


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
