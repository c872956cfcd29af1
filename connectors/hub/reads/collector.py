"""Collection of PostgreSQL's record of reads of the hub into the audit."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from connectors.hub.accounts.wanted import Agreed, places_of
from connectors.hub.reads.server_log import Known, Place, entry_of, uses_of
from connectors.hub.tables import AnyTable
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names, Topic
from isp.audit.log_files import Lines, new_lines_in
from isp.audit.recorder import Recorder

log = logging.getLogger(__name__)

ENDING: Final = ".json"
"""The ending of the files of PostgreSQL's log in JSON (`log_destination = 'jsonlog'`)."""


class Collected(NamedTuple):
    """The number of uses of tables that were collected, and the number of gaps in the log."""

    uses: int = 0
    gaps: int = 0


class ReadCollector(NamedTuple):
    """A reader of a server's log that writes to the chain of `recorder`; `known` are the hub's tables."""

    folder: Path
    database: str
    recorder: Recorder
    known: Mapping[Place, Known]

    def collect(self) -> Collected:
        """Write the reads and refusals since the last entry to the audit.

        Raises:
            AuditError: an entry could not be written. The next call reads the same lines again.
            HubError: the times in the log are of a zone that is not accepted.
        """
        _, position = self.recorder.last()
        taken, more = Collected(), True
        while more:
            read = new_lines_in(self.folder, ENDING, position)
            uses, gaps = self._record(read, position)
            position, more = read.position, read.more
            taken = Collected(taken.uses + uses, taken.gaps + gaps)
        return taken

    def _record(self, read: Lines, before: str) -> Collected:
        base = {"action": "read", "actor": Names(self.recorder.protocol.prefix).recorder}
        uses, unreadable = uses_of(read.lines, self.database)
        entry: dict[str, Any] | None = entry_of(uses, base["actor"], self.known)
        has_gap = read.lost or unreadable > 0
        if has_gap:
            entry = {**base, "subject": "", "shares": [], **(entry or {}), "outcome": "gap"}
            self._warn(read, unreadable)
        elif entry is None and _file(read.position) != _file(before):
            # Otherwise the file of the last position would one day be deleted, which looks like a gap.
            entry = {**base, "subject": "", "outcome": "done"}
        if entry is not None:
            self.recorder.write(entry, read.position)
        return Collected(len(uses), int(has_gap))

    def _warn(self, read: Lines, unreadable: int) -> None:
        if read.lost:
            log.error("%s: a part of the log was deleted before it was read", self.folder.name)
        if unreadable:
            log.error("%s: %d lines of the log cannot be read", self.folder.name, unreadable)


def _file(position: str) -> str:
    return position.partition(":")[0]


def known_tables(
    protocol: Protocol, agreed: Agreed, tables: Sequence[AnyTable]
) -> dict[Place, Known]:
    """Return the tables of the hub by schema and name, with their suppliers and readers."""
    return {
        place: Known(
            table.topic,
            _agencies(protocol, table.topic),
            frozenset(agreed.group(p) for p, own in agreed.tables.items() if table in own),
        )
        for table in tables
        for place in places_of(table)
    }


def _agencies(protocol: Protocol, topic: Topic) -> tuple[str, ...]:
    """Return the agencies whose records or tables a topic has."""
    if topic.agency is not None:
        return (topic.agency,)
    return tuple(s.agency for s in protocol.supplies if s.dataset == topic.dataset)
