"""PostgreSQL's own record of reads of the hub: the lines of its log in JSON, with those of pgaudit.

A line says who, when and which table. Statements and values are not in it, and nothing else of the line is
used (https://www.postgresql.org/docs/15/runtime-config-logging.html, the format `jsonlog`).
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from connectors.hub.errors import HubError
from isp.agreement.topics import Topic
from isp.audit.broker_log import UNKNOWN
from isp.audit.shares import read_share

Place = tuple[str, str]
"""Schema and name of a table. The schema is empty where a refusal does not name it."""

_NONE: Final = ("", "")

_AUDITED: Final = "AUDIT: "
_OF_EXTENSION: Final = frozenset({"spatial_ref_sys", "geometry_columns", "geography_columns"})
"""Tables and views of PostGIS itself: they have nothing of a record."""
_SYSTEM: Final = re.compile("pg_|information_schema$")
_REFUSED: Final = frozenset({"42501", "25006"})
"""Codes of refusals: a right is lacking, or a session that only reads was asked to write."""
_TABLE: Final = re.compile(r'permission denied for (?:table|view) "?(?P<table>.+?)"?$')
_OPERATIONS: Final[dict[str, str]] = {
    "SELECT": "read",
    "EXPLAIN": "read",
    "INSERT": "write",
    "UPDATE": "write",
    "DELETE": "write",
    "TRUNCATE TABLE": "write",
}
_OTHERWISE: Final = "use"
_ZONES: Final = {"UTC": 0, "GMT": 0, "BST": 1}
"""Hours before UTC, by what a time ends with."""


class Use(NamedTuple):
    """A statement's use of a table, or its refusal; `at` is in milliseconds since 1970 UTC.

    `statement` is the same for all uses by one statement. `place` is None if a refusal names no table.
    """

    at: int
    statement: tuple[str, str]
    login: str
    place: Place | None
    operation: str
    allowed: bool


class Known(NamedTuple):
    """The topic of a table, the agencies that supply what it has, and the groups that may read it."""

    topic: Topic
    agencies: tuple[str, ...]
    readers: frozenset[str]


def uses_of(lines: Iterable[str], database: str) -> tuple[list[Use], int]:
    """Return the uses of tables of a database, and the number of lines that cannot be read.

    Raises:
        HubError: the times are of a zone that is not accepted.
    """
    found: list[Use] = []
    unreadable = 0
    for line in lines:
        try:
            entry = json.loads(line)
            use = _use(entry) if entry.get("dbname") == database else None
        except (ValueError, AttributeError, KeyError, TypeError):
            unreadable += 1
            continue
        if use is not None:
            found.append(use)
    return found, unreadable


def entry_of(
    uses: Iterable[Use], actor: str, known: Mapping[Place, Known]
) -> dict[str, Any] | None:
    """Return one audit entry of reads and refusals by login and table, or None if there are none.

    `actor` is the principal that writes the entry. A table has a share for each agency that supplies its
    dataset, so that each sees who read its records. `records` is the number of statements. What is no table
    of the protocol is counted together.
    """
    statements: defaultdict[tuple[str, str, Place], set[tuple[str, str]]] = defaultdict(set)
    newest = 0
    for use in uses:
        newest = max(newest, use.at)
        what = use.operation if use.allowed else f"denied {use.operation}"
        statements[what, use.login, _place(use, known)].add(use.statement)
    if not statements:
        return None
    shares = [
        share
        for (what, login, place), found in sorted(statements.items())
        for share in _shares(what, login, known.get(place), len(found))
    ]
    entry = {"action": "read", "actor": actor, "subject": "", "outcome": "done"}
    return {**entry, "at": newest, "shares": shares}


def _use(entry: Mapping[str, Any]) -> Use | None:
    message, session = entry["message"], entry["session_id"]
    if message.startswith(_AUDITED):
        number, place = _audited(message)
        if place is None:
            return None
        return Use(_instant(entry), (session, number), entry["user"], place, "read", allowed=True)
    if entry.get("state_code") in _REFUSED:
        found = _TABLE.match(message)
        place = ("", found["table"].replace('""', '"')) if found else None
        operation = _OPERATIONS.get(entry.get("ps", ""), _OTHERWISE)
        line = f"line {entry['line_num']}"
        return Use(_instant(entry), (session, line), entry["user"], place, operation, allowed=False)
    return None


def _audited(message: str) -> tuple[str, Place | None]:
    """Return statement and table of an entry of pgaudit; None if it reads no table with records."""
    # AUDIT: kind, statement, substatement, class, command, type of object, object, statement, parameters
    _, number, _, kind, _, _, name, *_ = next(csv.reader([message.removeprefix(_AUDITED)]))
    if kind != "READ" or not name:
        return number, None
    schema, table = _parts(name)
    is_own = not _SYSTEM.match(schema) and table not in _OF_EXTENSION
    return number, (schema, table) if is_own else None


def _parts(name: str) -> Place:
    """Return schema and name of `schema.name`, each quoted if it has other than small letters and digits."""
    first, second = re.findall(r'"(?:[^"]|"")+"|[^".]+', name)
    return _unquoted(first), _unquoted(second)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _instant(entry: Mapping[str, Any]) -> int:
    """Return the time of a line in milliseconds since 1970 UTC."""
    time, _, zone = entry["timestamp"].rpartition(" ")
    if zone not in _ZONES:
        accepted = ", ".join(_ZONES)
        raise HubError(
            f"the server's log: log_timezone {zone!r}; accepted: {accepted}; set it to UTC"
        )
    local = datetime.fromisoformat(f"{time}+00:00") - timedelta(hours=_ZONES[zone])
    return int(local.timestamp() * 1_000)


def _place(use: Use, known: Mapping[Place, Known]) -> Place:
    """Return the table of the protocol that a use is of, or `_NONE`.

    A refusal names no schema. The schema is one that the login may use, and a table that it was refused to
    read is none that it may read.
    """
    if use.place is None or use.place in known:
        return use.place or _NONE
    schema, name = use.place
    group = use.login.rpartition(".")[0]
    usable = {place[0] for place, each in known.items() if group in each.readers}
    named = [place for place in known if place[1] == name and place[0] in usable]
    if use.operation == "read":
        named = [place for place in named if group not in known[place].readers]
    return named[0] if not schema and len(named) == 1 else _NONE


def _shares(what: str, login: str, found: Known | None, number: int) -> Iterator[dict[str, Any]]:
    if found is None:
        share = {"what": what, "topic": UNKNOWN, "recipients": [login], "records": number}
        yield {**share, "references": b""}
        return
    for agency in found.agencies:
        yield {**read_share(found.topic, login, number), "what": what, "agency": agency}
