"""The broker's own record of reads: the lines of its authorizer's log (`kafka.authorizer.logger`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from isp.agreement.protocol import PROCESSES
from isp.agreement.topics import Names, Topic

# As org.apache.kafka.metadata.authorizer.StandardAuthorizerData writes it, after log4j's %d{UNIX_MILLIS}.
_LINE = re.compile(
    r"(?P<at>\d{13}) \S+ Principal = User:(?P<principal>\S+) is (?P<outcome>Allowed|Denied) "
    r"operation = (?P<operation>\S+) from host = \S+ "
    r"on resource = (?P<kind>\w+):\w+:(?P<name>\S+) for request = (?P<request>\S+) "
)
_PRINCIPAL = re.compile(r"\d{13} \S+ Principal = User:(\S+) is (?:Allowed|Denied) ")

_READING = frozenset({"Fetch", "ShareFetch"})
"""Requests that return records."""

UNKNOWN = "unknown topic"
"""The name under which the refusals of all topics outside the protocol are counted together.

A client can invent any number of such names.
"""


class Access(NamedTuple):
    """One decision of the broker's authorizer about a topic; `at` is in milliseconds since 1970 UTC."""

    at: int
    principal: str
    topic: str
    allowed: bool
    operation: str


class Loudest(NamedTuple):
    """The principal with the most lines in a part of the log, and the number of its lines."""

    principal: str
    lines: int


def access_of(line: str, prefix: str) -> Access | None:
    """Return the decision of a line if it concerns a topic of the partnership `prefix`, else None.

    Reads by the processor's own components, and allowed operations that return no records, give None too.
    """
    found = _LINE.match(line)
    names = Names(prefix)
    if found is None or found["kind"] != "Topic" or not names.owns(found["name"]):
        return None
    allowed = found["outcome"] == "Allowed"
    if allowed and (found["operation"] != "READ" or found["request"] not in _READING):
        return None
    # Reads by the processor are not audited. Otherwise the recorder would record its own reads without end.
    if allowed and names.party_of(found["principal"]) in PROCESSES:
        return None
    operation = found["operation"].lower()
    return Access(int(found["at"]), found["principal"], found["name"], allowed, operation)


def loudest(lines: Iterable[str]) -> Loudest | None:
    """Return the principal with the most lines, or None if no line names a principal."""
    found = (_PRINCIPAL.match(line) for line in lines)
    for principal, number in Counter(m[1] for m in found if m is not None).most_common(1):
        return Loudest(principal, number)
    return None


def entry_of(
    accesses: Iterable[Access], actor: str, known: Mapping[str, Topic], names: Names
) -> dict[str, Any] | None:
    """Return one audit entry of reads and refusals by principal and topic, or None if there are none.

    `known` are the protocol's topics by name. `actor` is the principal that writes the entry. The entry has a
    share for each topic that a principal read, and for each topic of the protocol that it was refused. All
    other refusals are counted together, so that the number of shares is limited.
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
    """Return the share of a gap's entry with the principal that has the most lines in the rest of the log."""
    return {
        "what": "loudest",
        "topic": "",
        "recipients": [found.principal],
        "records": found.lines,
        "references": b"",
    }


def _told(access: Access, known: Mapping[str, Topic], names: Names) -> str:
    """Return the name under which a decision is counted: the topic's own only for a topic that exists."""
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
