"""Copies of the hub for its parties: each has what the party may read on the broker, and no more.

A party never opens the hub itself. The copies are written by the sink, which alone has the hub's file: at the
times of the protocol, and when a copy is asked for. A copy exists only once the audit has it.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Protocol

from connectors.hub.tables import AnyTable
from isp.agreement.access import rules
from isp.agreement.protocol import Protocol as SharingProtocol
from isp.agreement.topics import Names
from isp.audit.errors import AuditError
from schemas.london import latest_of

log = logging.getLogger(__name__)

FOLDER = "copies"
"""The name of the folder of the copies, in the folder of the hub."""
_ENDING = ".duckdb"
_DRAFT = ".draft"
_WANTED = "wanted"
_TAKEN = ".taken"
_AGAIN_S = 10.0


Rows = Mapping[str, Mapping[str, int]]
"""The number of rows by topic and supplier."""


class Copier(Protocol):
    """Copies tables to a file of their own, as `connectors.hub.duckdb_copy.DuckDbCopier`."""

    def copy(self, file: Path, tables: Sequence[AnyTable], now_ms: int) -> Rows:
        """Write a file with the rows of some tables; return their numbers."""


Audited = Callable[[str, Sequence[AnyTable], Rows], None]
"""Writes to the audit that a party gets the rows of some tables. Raises `AuditError` if it cannot."""


def readable(
    protocol: SharingProtocol, closed: frozenset[str], party: str, tables: Sequence[AnyTable]
) -> tuple[AnyTable, ...]:
    """Return the tables whose topics a party may read on the broker.

    Raises:
        ProtocolError: there is no such party; the text names all parties.
    """
    principal = Names(protocol.prefix).principal(protocol.party(party).id)
    own = {
        rule.name
        for rule in rules(protocol, closed)
        if (rule.principal, rule.operation, rule.resource) == (principal, "read", "topic")
    }
    return tuple(table for table in tables if table.topic.name in own)


class CopyFolder:
    """The folder of the copies, in which a copy can be asked for."""

    def __init__(self, folder: Path) -> None:
        """Take the folder. `make` makes it, for its owner alone."""
        self._folder = folder

    def make(self) -> None:
        """Make the folder."""
        (self._folder / _WANTED).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.chmod(0o700)

    def file(self, party: str) -> Path:
        """Return the file of the copy of a party."""
        return self._folder / f"{party}{_ENDING}"

    def draft(self, party: str) -> Path:
        """Return the file in which the copy of a party is written, before it replaces the earlier one."""
        return self._folder / f"{party}{_DRAFT}"

    def ask(self, party: str) -> None:
        """Ask for a new copy of a party."""
        (self._folder / _WANTED / party).touch(mode=0o600)

    def is_asked(self, party: str) -> bool:
        """Return True if a copy of a party was asked for and is not written yet."""
        return party in self.asked()

    def asked(self) -> set[str]:
        """Return the parties for whom a copy was asked for."""
        return {path.name.removesuffix(_TAKEN) for path in (self._folder / _WANTED).iterdir()}

    def take(self, party: str) -> None:
        """Note that the copy of a party is begun. What is asked for from now on needs another copy."""
        asked = self._folder / _WANTED / party
        if asked.exists():
            asked.replace(asked.with_name(f"{party}{_TAKEN}"))

    def answer(self, party: str) -> None:
        """Note that the copy of a party is written which was begun last."""
        (self._folder / _WANTED / f"{party}{_TAKEN}").unlink(missing_ok=True)

    def written(self, party: str) -> datetime | None:
        """Return when the copy of a party was written, or None if there is none."""
        try:
            return datetime.fromtimestamp(self.file(party).stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    def keep_only(self, parties: Collection[str]) -> None:
        """Delete what is no copy of one of `parties`: drafts, and copies of former parties."""
        own = {self.file(party).name for party in parties} | {_WANTED}
        for path in self._folder.iterdir():
            if path.name not in own:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


class Copies:
    """Writes the copies that are due, one in each call."""

    def __init__(
        self,
        folder: CopyFolder,
        copier: Copier,
        audited: Audited,
        tables: Mapping[str, Sequence[AnyTable]],
        times: Sequence[time],
        clock: Callable[[], float],
    ) -> None:
        """Take the tables of each party, and the local times at which all copies are written."""
        self._folder = folder
        self._copier = copier
        self._audited = audited
        self._tables = tables
        self._times = times
        self._clock = clock
        folder.make()
        folder.keep_only(tables)
        self._not_before = 0.0
        self._written = {party: folder.written(party) for party in tables}

    def turn(self) -> bool:
        """Write one copy that is due, if there is one; return True then.

        Without its entry in the audit there is no copy. It is tried again after a while.
        """
        now = self._clock()
        party = self._due(datetime.fromtimestamp(now, UTC)) if now >= self._not_before else None
        if party is None:
            return False
        try:
            self._write(party, datetime.fromtimestamp(now, UTC))
        except AuditError as error:
            self._not_before = now + _AGAIN_S
            log.warning("wrote no copy of %s: %s", party, error)
            return False
        return True

    def _due(self, now: datetime) -> str | None:
        asked = self._folder.asked()
        for stranger in asked - self._tables.keys():
            self._folder.take(stranger)
            self._folder.answer(stranger)
        since = latest_of(self._times, now)
        due = (p for p, at in self._written.items() if p in asked or at is None or at < since)
        return next(due, None)

    def _write(self, party: str, now: datetime) -> None:
        tables, draft = self._tables[party], self._folder.draft(party)
        self._folder.take(party)
        rows = self._copier.copy(draft, tables, int(now.timestamp() * 1_000))
        try:
            self._audited(party, tables, rows)
        except AuditError:
            draft.unlink()
            raise
        draft.replace(self._folder.file(party))
        self._written[party] = now
        self._folder.answer(party)
        log.info("wrote the copy of %s: %d tables", party, len(tables))
