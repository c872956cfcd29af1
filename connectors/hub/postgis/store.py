"""The hub in PostgreSQL with PostGIS: a table for each dataset and profile, in a schema for each profile.

A batch of changes and the offsets of its messages are one transaction. So each message counts once, also if
the sink or the database is killed. One sink at a time stores into a database.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any, Final

from psycopg import Cursor, sql

from connectors.hub.accounts.followed import follow
from connectors.hub.accounts.wanted import Agreed
from connectors.hub.changes import Changes, instant
from connectors.hub.postgis.ddl import Form
from connectors.hub.postgis.preparing import Preparation
from connectors.hub.postgis.rows import Loader
from connectors.hub.postgis.session import Session
from connectors.hub.postgis.sources import PostgisSources
from connectors.hub.postgis.target import Target
from connectors.hub.source import Source
from connectors.hub.tables import RELEASED_AT, HubTable
from transport.assigned_reader import Places

log = logging.getLogger(__name__)

_KEEP_OFFSET: Final = """
    INSERT INTO ipu.offsets VALUES (%s, %s, %s)
    ON CONFLICT (topic, topic_partition) DO UPDATE SET next_offset = EXCLUDED.next_offset
"""


class PostgisStore:
    """A database of the hub; a context manager. Not safe for use by several threads.

    Each method raises `HubError` if the connection is lost or the database refuses; then the store is of no
    use any more, and what the database has is what the next one goes on with.
    """

    def __init__(self, target: Target) -> None:
        """Connect, as the only sink of the database.

        Raises:
            HubError: nobody answers, the login is refused, the database lacks something, or another process
                stores into it.
        """
        self._target = target
        self._beside: list[Session] = []
        self._session = Session(target)
        self._session.lock()
        self._loaders: dict[str, Loader] = {}
        self._tables: tuple[HubTable, ...] = ()
        self._epoch = 0
        self._agreed: Agreed | None = None

    def __enter__(self) -> PostgisStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all sessions. What was written is in the database."""
        for session in (*self._beside, self._session):
            session.close()

    def prepare(self, source: Source, tables: Sequence[HubTable], now_ms: int) -> None:
        """Create the tables of a partnership as its protocol has them now, at `now_ms` (UTC, since 1970).

        Columns that a schema has gained are added, and those that it has lost are dropped. A table that the
        protocol has no more is dropped. A table is emptied, and read again from its topic, if the type of a
        column changed, if its topic was made again, or if the store was not current for so long that the
        topic may have forgotten which records were taken back.

        Raises:
            HubError: the database has records of another broker or partnership, or a table of somebody else
                with the name of one of the hub's.
        """
        self._tables = tuple(tables)
        self._loaders = {t.topic.name: Loader(t, number) for number, t in enumerate(tables)}
        with self._session.transaction() as cursor:
            self._session.wait_shortly(cursor)
            self._epoch = Preparation(cursor, str(self._session), source, tables).run(now_ms)

    def open_to(self, agreed: Agreed) -> None:
        """Let each party that has a role read the tables that are agreed, and no role of another.

        It goes also for the tables that `sources` makes later.
        """
        self._agreed = agreed
        with self._session.transaction() as cursor:
            changed = follow(cursor.connection, agreed)
        log.info("set who may read the tables: %d changes", changed)

    def offsets(self) -> Places:
        """Return the next offset to read, by topic and partition; a partition not read yet is absent."""
        rows = self._session.ask("SELECT topic, topic_partition, next_offset FROM ipu.offsets")
        return {(topic, partition): offset for topic, partition, offset in rows}

    def write(self, changes: Iterable[Changes], reached: Places, current_ms: int | None) -> None:
        """Apply changes and keep the offsets that were reached, in one transaction.

        The store is current at `current_ms` (UTC, since 1970): it has all that the topics have then. None if
        it is still behind.
        """
        with self._session.transaction() as cursor:
            self._claim(cursor, current_ms)
            for each in changes:
                self._loaders[each.table.topic.name].apply(cursor, each)
            cursor.executemany(
                _KEEP_OFFSET, [(*place, offset) for place, offset in reached.items()]
            )

    def expire(self, now_ms: int) -> int:
        """Delete the rows whose retention has passed at `now_ms` (UTC, since 1970); return their number."""
        with self._session.transaction() as cursor:
            self._claim(cursor, None)
            return sum(_expired(cursor, table, now_ms) for table in self._tables)

    def sources(self) -> PostgisSources:
        """Return the store of the tables that need no processing, with a session for another thread."""
        session = Session(self._target)
        self._beside.append(session)
        return PostgisSources(session, self._epoch, self._agreed)

    def copier(self) -> None:
        """Return None: the parties read the database itself."""

    def _claim(self, cursor: Cursor[Any], current_ms: int | None) -> None:
        """Check that no other sink has taken over, and note when the store was current."""
        current_at = None if current_ms is None else instant(current_ms)
        # Also without an instant: another sink takes over before this row is locked, or after the commit.
        change = "UPDATE ipu.source SET current_at = coalesce(%s, current_at)"
        cursor.execute(change, (current_at,))
        self._session.check_epoch(cursor, self._epoch)


def _expired(cursor: Cursor[Any], table: HubTable, now_ms: int) -> int:
    until = instant(now_ms - table.topic.retention_ms)
    delete = sql.SQL("DELETE FROM {} WHERE {} <= %s")
    cursor.execute(delete.format(Form.of(table).identifier, sql.Identifier(RELEASED_AT)), (until,))
    return cursor.rowcount
