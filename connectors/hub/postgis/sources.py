"""The tables that need no processing, in the hub's database: each is replaced as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from psycopg import Cursor, sql

from connectors.hub.accounts.followed import follow
from connectors.hub.accounts.wanted import Agreed
from connectors.hub.postgis import ddl
from connectors.hub.postgis.ddl import Form
from connectors.hub.postgis.rows import copy_rows, make_batch, moved
from connectors.hub.postgis.session import Session
from connectors.hub.supplied import Part, Supplied
from connectors.hub.tables import SOURCES

_BATCH: Final = sql.Identifier("pg_temp", "supplied")


class PostgisSources:
    """The tables of sources. It has a session of its own, so that a thread of its own can use it.

    Each method raises `HubError` if the connection is lost, the database refuses, or another sink has taken
    over.
    """

    def __init__(self, session: Session, epoch: int, agreed: Agreed | None = None) -> None:
        """Take a session, the number of the sink that it belongs to, and the readers of the tables."""
        self._session = session
        self._epoch = epoch
        self._agreed = agreed

    def digests(self) -> Mapping[str, str]:
        """Return the digest of each table that is stored, by source."""
        return dict(self._session.ask("SELECT DISTINCT source, digest FROM ipu.supplied"))

    def replace(self, table: Supplied) -> None:
        """Store a table and its metadata instead of the earlier ones of its source, at once.

        Grants on the tables stay.
        """
        source = table.place.source
        with self._changing() as cursor:
            known = _tables(cursor, source)
            _drop(cursor, known - {part.name for part in table.parts})
            for part in table.parts:
                _fill(cursor, part, is_known=part.name in known)
            cursor.execute("DELETE FROM ipu.supplied WHERE source = %s", (source,))
            rows = [(source, table.digest, part.name) for part in table.parts]
            cursor.executemany("INSERT INTO ipu.supplied VALUES (%s, %s, %s)", rows)
            if self._agreed is not None:
                follow(cursor.connection, self._agreed)

    def withdraw(self, source: str) -> None:
        """Delete the table of a source and its metadata, at once."""
        with self._changing() as cursor:
            _drop(cursor, _tables(cursor, source))
            cursor.execute("DELETE FROM ipu.supplied WHERE source = %s", (source,))

    @contextmanager
    def _changing(self) -> Iterator[Cursor[Any]]:
        with self._session.transaction() as cursor:
            self._session.wait_shortly(cursor)
            self._session.check_epoch(cursor, self._epoch)
            yield cursor


def _tables(cursor: Cursor[Any], source: str) -> set[str]:
    rows = cursor.execute("SELECT table_name FROM ipu.supplied WHERE source = %s", (source,))
    return {name for (name,) in rows.fetchall()}


def _drop(cursor: Cursor[Any], names: set[str]) -> None:
    for name in names:
        cursor.execute(ddl.dropped(SOURCES, name))


def _fill(cursor: Cursor[Any], part: Part, *, is_known: bool) -> None:
    form = Form(SOURCES, part.name, part.doc, part.columns, part.points)
    known: dict[str, str] = {}
    if is_known:
        known = dict(cursor.execute(ddl.COLUMNS_OF, (SOURCES, part.name)).fetchall())
        cursor.execute(ddl.emptied(form))
    for statement in ddl.changed(form, known):
        cursor.execute(statement)
    cursor.execute(ddl.comments(form))
    make_batch(cursor, _BATCH, part.columns, "DROP")
    values = [part.values[column.name] for column in part.columns]
    copy_rows(cursor, _BATCH, part.columns, zip(*values, strict=True))
    cursor.execute(moved(_BATCH, form))
